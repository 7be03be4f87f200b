// The steps of the recipe: on, off, reordered, added, each with its settings.

import { $, announce, el, icon, tool, words } from "./dom.js";
import { layer } from "./layer.js";
import { shown } from "./live.js";
import { control } from "./settings.js";
import { commit, edit, emit, labels, on, store } from "./store.js";

const list = $("#steps");
const opened = new Set(["fade", "monochrome", "colorize"]);
let dragged = null;

/** What a panel shows of a step; while this stays, the panel's sliders are left alone. */
const shape = () => JSON.stringify([store.current, edit()]);
let drawn = "";

export function fill() {
  const focused = document.activeElement?.closest?.("[data-number]");
  const kept = focused && [focused.dataset.number, document.activeElement.closest("[data-setting]")?.dataset.setting, document.activeElement.dataset.does];
  list.replaceChildren(...edit().steps.map(panel));
  drawn = shape();
  $("#no-steps").hidden = edit().steps.length > 0;
  if (kept) refocus(...kept);
  facts();
}

function refocus(number, setting, does) {
  const step = list.querySelector(`[data-number="${number}"]`);
  const target = setting ? `[data-setting="${setting}"] :is(input, select, button)` : `[data-does="${does}"]`;
  step?.querySelector(target)?.focus();
}

function panel(entry, number) {
  const step = store.steps[entry.use];
  const open = opened.has(entry.use);
  const id = `step-${number}`;
  const steps = edit().steps;
  const power = el("input", {
    type: "checkbox", class: "switch", checked: entry.on, "aria-label": `${words(entry.use)} on`, data: { does: "power" },
    onchange: () => commit(() => { entry.on = power.checked; }),
  });
  const title = el("button", {
    type: "button", class: "title", "aria-expanded": String(open), "aria-controls": id, title: step.about, data: { does: "open" },
    onclick: () => {
      if (!opened.delete(entry.use)) opened.add(entry.use);
      fill();
    },
  }, icon(open ? "up" : "down"), el("span", {}, words(entry.use)));
  const grip = el("span", { class: "grip", title: "Drag to reorder", "aria-hidden": "true" }, icon("grip"));
  const node = el("li", { class: `step${entry.on ? "" : " off"}`, data: { number } },
    el("div", { class: "bar" }, grip, title,
      el("span", { class: "tools" },
        tool("up", `Move ${words(entry.use)} up`, () => move(number, number - 1), { disabled: number === 0, data: { does: "up" } }),
        tool("down", `Move ${words(entry.use)} down`, () => move(number, number + 1), { disabled: number === steps.length - 1, data: { does: "down" } }),
        tool("close", `Remove ${words(entry.use)}`, () => commit((now) => { now.steps.splice(number, 1); }), { data: { does: "remove" } })),
      power),
    el("p", { class: "finding", hidden: true }),
    open ? el("div", { class: "settings", id }, settings(entry, step)) : el("div", { id, hidden: true }));
  reorder(node, grip, number);
  return node;
}

function settings(entry, step) {
  if (step.name === "monochrome") return layer(entry, step);
  return step.settings.map((setting) => control(entry, setting));
}

function move(from, to) {
  const step = words(edit().steps[from].use);
  commit((now) => { now.steps.splice(to, 0, ...now.steps.splice(from, 1)); });
  announce(`${step} is now step ${to + 1}`);
}

function reorder(node, grip, number) {
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    dragged = { number, to: number };
    node.classList.add("dragged");
  });
  grip.addEventListener("pointermove", (event) => {
    if (!dragged || !grip.hasPointerCapture(event.pointerId)) return;
    const nodes = [...list.children];
    dragged.to = nodes.filter((one) => {
      const box = one.getBoundingClientRect();
      return one !== node && event.clientY > box.top + box.height / 2;
    }).length;
    nodes.forEach((one, k) => {
      const rest = k > number ? k - 1 : k;
      one.classList.toggle("above", one !== node && rest === dragged.to);
    });
  });
  grip.addEventListener("pointerup", () => {
    const done = dragged;
    dragged = null;
    node.classList.remove("dragged");
    [...list.children].forEach((one) => one.classList.remove("above"));
    if (done && done.to !== done.number) move(done.number, done.to);
  });
}

/** What each step saw, in its words; warnings apart. */
function facts() {
  const names = labels();
  [...list.children].forEach((node, number) => {
    const own = shown.findings.find((one) => one.label === names[number]);
    const line = node.querySelector(".finding");
    const texts = own ? [own.summary, ...own.warnings].filter(Boolean) : [];
    line.hidden = !texts.length;
    line.textContent = texts.join(". ");
    line.classList.toggle("warning", Boolean(own?.warnings.length));
    line.title = own ? own.values.map((one) => `${one.name}: ${one.text}`).join("\n") : "";
  });
}

function add() {
  const menu = $("#add-step");
  const items = Object.values(store.steps).map((step) => el("option", { value: step.name, title: step.about }, words(step.name)));
  menu.replaceChildren(el("option", { value: "" }, "Add a step …"), ...items);
  menu.addEventListener("change", () => {
    const use = menu.value;
    menu.value = "";
    if (!use) return;
    opened.add(use);
    commit((now) => { now.steps.push({ use, on: true, settings: {} }); });
    announce(`${words(use)} added`);
    list.lastElementChild?.scrollIntoView({ block: "nearest" });
  });
}

export function begin() {
  add();
  on("edited opened", () => {
    if (shape() !== drawn) fill();
  });
  let waiting = 0;
  on("moved-elsewhere", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(fill);
  });
  on("planned", () => {
    // "auto" is shown as the sliders it comes to
    if (edit().steps.some((one) => one.use === "monochrome" && !one.settings.mix)) fill();
    facts();
    $("#headline").textContent = shown.headline;
    emit("facts");
  });
}
