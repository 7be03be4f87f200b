// Everything from the keyboard, and the overlay that lists the keys.

import { $, el } from "./dom.js";
import { exportDialog, copySettings, saveDialog } from "./exporting.js";
import { toggleClipping } from "./maps.js";
import { grow } from "./marks.js";
import { choose } from "./pointing.js";
import { redo, undo } from "./store.js";
import { selectAll, turn } from "./strip.js";
import { fit, hold, hundred, setMode, view, zoom } from "./view.js";

const MODES = ["split", "side", "after", "flicker"];

const KEYS = [
  ["Look"],
  ["← →", "Previous, next photo", { ArrowLeft: () => turn(-1), ArrowRight: () => turn(1) }],
  ["Space", "Hold: the photo as it was", {}],
  ["V", "Divider, side by side, after only, flicker", { v: () => setMode(MODES[(MODES.indexOf(view.mode) + 1) % 4]) }],
  ["Z", "Real pixels (100%), or the whole photo", { z: () => hundred() }],
  ["+ −", "Zoom in, out", { "+": () => zoom(view.scale * 1.25), "=": () => zoom(view.scale * 1.25), "-": () => zoom(view.scale / 1.25) }],
  ["0", "Whole photo", { 0: fit }],
  ["J", "Show clipping", { j: toggleClipping }],
  ["Change"],
  ["Ctrl Z", "Undo", {}],
  ["Ctrl Shift Z", "Redo", {}],
  ["R", "To the recipes", { r: () => $("#cards .card")?.focus() }],
  ["S", "To the steps", { s: () => $("#steps button.title, #add-step")?.focus() }],
  ["H", "Point: likely colours of a place, and hints", { h: () => choose("hint") }],
  ["B", "Brush a hint", { b: () => choose("stroke") }],
  ["G", "This is grey: fade, or white balance", { g: () => choose("grey") }],
  ["D", "Brush over damage to fill", { d: () => choose("damage") }],
  ["P", "Brush over what must not change", { p: () => choose("keep") }],
  ["X", "Erase strokes", { x: () => choose("erase") }],
  ["[ ]", "Smaller, larger brush", { "[": () => grow(-1), "]": () => grow(1) }],
  ["T", "Black & white: drag on the photo; [ and ] with the keyboard", { t: () => choose("target") }],
  ["Enter", "With a tool: take the middle of the view", {}],
  ["Shift Enter", "With a brush: a line from the last place to the middle", {}],
  ["Esc", "Put the tool away", {}],
  ["Write"],
  ["E", "Export", { e: () => exportDialog() }],
  ["Ctrl S", "Save as a recipe", {}],
  ["C", "Copy settings to the selected photos", { c: copySettings }],
  ["Ctrl A", "Select all photos", {}],
  ["?", "This list", { "?": () => help() }],
];

const actions = Object.assign({}, ...KEYS.map((row) => row[2] ?? {}));
const withControl = {
  z: undo, Z: redo, y: redo, s: () => saveDialog(), a: selectAll,
};

export function help() {
  const dialog = $("#help");
  const rows = KEYS.map(([keys, text]) => (text
    ? el("div", { class: "key" }, el("span", {}, keys.split(" ").map((key) => el("kbd", {}, key))), el("span", {}, text))
    : el("h3", {}, keys)));
  $("#keys").replaceChildren(...rows);
  dialog.showModal();
}

const typing = (target) => target.matches("textarea, select, input:not([type=range], [type=checkbox], [type=radio])");

addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  if (event.ctrlKey || event.metaKey) {
    const action = withControl[event.shiftKey ? event.key.toUpperCase() : event.key];
    if (!action || (typing(event.target) && event.key !== "s")) return;
    event.preventDefault();
    action();
    return;
  }
  if (event.altKey || typing(event.target)) return;
  if (event.key === "Escape") return void ($("#stage").dataset.tool !== "hand" && choose("hand"));
  if (event.key === " ") {
    if (event.target.matches("button, input, [role=option]")) return;
    event.preventDefault();
    hold(true);
    return;
  }
  const arrows = event.key.startsWith("Arrow");
  if (arrows && event.target.matches("input, [role=slider], [role=tab]")) return;
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
addEventListener("keyup", (event) => { if (event.key === " ") hold(false); });
addEventListener("blur", () => hold(false));
