// The strip of all photos: open one, select several.

import * as api from "./api.js";
import { $, announce, el } from "./dom.js";
import { emit, isEdited, on, store } from "./store.js";

const strip = $("#strip");
const cells = new Map();

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    load(target);
  }
}, { root: strip, rootMargin: "0px 300px" });

async function load(cell) {
  try {
    const blob = await api.later(1, () => api.getBlob(`/api/photos/${cell.dataset.id}/thumbnail`));
    cell.querySelector("img").src = URL.createObjectURL(blob);
  } catch (error) {
    cell.classList.add("broken");
    cell.title = error.message;
  }
}

export function fill() {
  cells.clear();
  strip.replaceChildren(...store.photos.map((photo) => {
    const cell = el("div", {
      role: "option", class: "cell", tabIndex: -1, data: { id: photo.id }, title: photo.name,
      "aria-label": photo.name, "aria-selected": "false", onclick: (event) => click(event, photo.id),
    }, el("img", { alt: "", draggable: false }), el("span", { class: "name" }, photo.name));
    cells.set(photo.id, cell);
    seen.observe(cell);
    return cell;
  }));
  mark();
}

function click(event, id) {
  if (event.ctrlKey || event.metaKey) toggle(id);
  else if (event.shiftKey) range(id);
  else {
    store.selected.clear();
    emit("open", id);
  }
  mark();
}

function toggle(id) {
  if (!store.selected.size && store.current) store.selected.add(store.current);
  if (!store.selected.delete(id)) store.selected.add(id);
  announce(`${store.selected.size} photos selected`);
  emit("selected");
}

function range(id) {
  const ids = store.photos.map((photo) => photo.id);
  const [from, to] = [ids.indexOf(store.current), ids.indexOf(id)].sort((a, b) => a - b);
  ids.slice(from, to + 1).forEach((one) => store.selected.add(one));
  announce(`${store.selected.size} photos selected`);
  emit("selected");
}

export function selectAll() {
  store.photos.forEach((photo) => store.selected.add(photo.id));
  announce(`${store.selected.size} photos selected`);
  mark();
  emit("selected");
}

function mark() {
  for (const [id, cell] of cells) {
    const current = id === store.current;
    cell.classList.toggle("current", current);
    cell.classList.toggle("edited", isEdited(id));
    cell.tabIndex = current ? 0 : -1;
    cell.setAttribute("aria-selected", String(store.selected.has(id) || current));
    if (current) cell.setAttribute("aria-current", "true");
    else cell.removeAttribute("aria-current");
    cell.classList.toggle("selected", store.selected.has(id));
  }
}

/** Open the next photo (1) or the one before (-1). */
export function turn(by) {
  const at = store.photos.findIndex((photo) => photo.id === store.current) + by;
  if (at < 0 || at >= store.photos.length) return;
  store.selected.clear();
  emit("open", store.photos[at].id);
}

strip.addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: -1, ArrowRight: 1 };
  if (event.key in moves) {
    event.preventDefault();
    event.stopPropagation();
    turn(moves[event.key]);
    cells.get(store.current)?.focus();
  } else if (event.key === " ") {
    event.preventDefault();
    toggle(document.activeElement.dataset.id);
    mark();
  }
});

on("turned", () => {
  mark();
  cells.get(store.current)?.scrollIntoView({ block: "nearest", inline: "center" });
});
on("edited selected", mark);
