// Recipes as cards: each with what it makes of this photo, the advised one first.

import * as api from "./api.js";
import { $, el } from "./dom.js";
import { edit, emit, isOwn, on, store, take } from "./store.js";

const list = $("#cards");
let opened = 0;

function ordered() {
  const advice = store.advice[store.current];
  if (!advice) return store.recipes;
  const first = [advice.recipe, ...advice.alternatives].filter(Boolean);
  const rank = (recipe) => (first.includes(recipe.name) ? first.indexOf(recipe.name) : first.length);
  return [...store.recipes].sort((one, other) => rank(one) - rank(other));
}

const NONE = { name: "", title: "As it is", about: "No steps: the photo unchanged.", raw: "developed", steps: [] };

function card(recipe) {
  const advice = store.advice[store.current];
  const advised = advice && recipe.name && advice.recipe === recipe.name;
  const picture = el("img", { alt: "" });
  const node = el("button", {
    type: "button", class: `card${advised ? " advised" : ""}`, data: { name: recipe.name },
    "aria-pressed": "false", onclick: () => take(recipe),
  },
  el("span", { class: "frame" }, picture),
  el("span", { class: "words" },
    el("span", { class: "title" }, recipe.title, recipe.own ? el("span", { class: "tag" }, "yours") : null),
    advised ? el("span", { class: "tag accent" }, "Suggested") : null,
    el("span", { class: "about" }, recipe.about)));
  return node;
}

/** Pictures of what each recipe makes of this photo; known ones are kept. */
const pictures = new Map();

async function load(node, mine) {
  const key = `${store.current}/${node.dataset.name}`;
  if (!pictures.has(key)) {
    const path = node.dataset.name ? `cards/${node.dataset.name}` : "thumbnail";
    try {
      const address = `/api/photos/${store.current}/${path}`;
      const blob = await api.later(2, () => (mine === opened ? api.getBlob(address) : null));
      if (!blob) return;
      pictures.set(key, URL.createObjectURL(blob));
    } catch (error) {
      if (mine === opened) node.title = error.message;
      return;
    }
  }
  if (mine === opened) node.querySelector("img").src = pictures.get(key);
}

function mark() {
  const now = edit();
  for (const node of list.querySelectorAll(".card")) {
    const current = node.dataset.name === now.name && (now.steps.length > 0) === Boolean(node.dataset.name);
    node.setAttribute("aria-pressed", String(current));
  }
}

export function fill() {
  const mine = ++opened;
  const kept = document.activeElement?.closest?.(".card")?.dataset.name;
  const nodes = [...ordered(), NONE].map(card);
  list.replaceChildren(...nodes);
  if (kept !== undefined) nodes.find((node) => node.dataset.name === kept)?.focus();
  mark();
  (async () => {
    for (const node of nodes) {
      if (mine !== opened) return;
      await load(node, mine);
    }
  })();
}

async function advise(photo) {
  const reason = $("#advice");
  reason.textContent = store.advice[photo] ? "" : "Looking at the photo …";
  if (!store.advice[photo]) {
    try {
      const address = `/api/photos/${photo}/info`;
      const advice = await api.later(0, () => (photo === store.current ? api.get(address) : null));
      if (!advice) return;
      store.advice[photo] = advice;
    } catch (error) {
      if (photo === store.current) {
        reason.textContent = error.gone ? "" : "No suggestion for this photo.";
        fill();
      }
      return;
    }
  }
  if (photo !== store.current) return;
  const { recipe, reason: why, about } = store.advice[photo];
  reason.textContent = `${why[0].toUpperCase()}${why.slice(1)}.`;
  $("#about").textContent = about;
  const advised = store.recipes.find((one) => one.name === recipe);
  if (advised && !isOwn(photo) && !edit(photo).steps.length) take(advised, photo, false);
  fill();
}

on("turned", () => {
  $("#about").textContent = "";
  $("#advice").textContent = "Looking at the photo …";
});
on("opened", () => {
  if (store.advice[store.current]) fill();
  else list.replaceChildren(...[...ordered(), NONE].map(card));
  mark();
  advise(store.current);
});
on("edited", mark);
on("recipes", fill);
