// Pointers on the photo: pan, pinch, click, and the tools that take a place.

import { $, notice } from "./dom.js";
import { beginDrag, drag, endDrag } from "./layer.js";
import { shown } from "./live.js";
import { BRUSHES } from "./marks.js";
import { emit, on } from "./store.js";
import { hundred, pan, under, view, zoom } from "./view.js";

const stage = $("#stage");
const STILL = 4;
const pointers = new Map();
let tool = "hand";
let start = null;
let pinch = 0;
let sheet = null;
let last = null;

export const ABOUT = {
  hand: "Pan and zoom",
  hint: "Click a place to see its likely colours and choose one",
  stroke: "Draw over a thing to give it one colour",
  grey: "Click a place that was or should be grey",
  damage: "Brush over damage to fill it",
  keep: "Brush over what must not change",
  erase: "Click or draw over strokes to remove them",
  target: "Press on a place and drag: left darkens its hue, right lightens it",
};

export const currentTool = () => tool;

export function choose(name) {
  tool = tool === name ? "hand" : name;
  stage.dataset.tool = tool;
  for (const button of document.querySelectorAll("[data-tool-name]")) {
    button.setAttribute("aria-pressed", String(button.dataset.toolName === tool));
  }
  if (tool !== "hand") notice(`${ABOUT[tool]}. Esc ends it; with the keyboard, Enter takes the middle of the view.`);
  $("#cross").hidden = tool === "hand";
  last = null;
  emit("tool-changed", tool);
}

/** The colour of the photo as it was at a place, sRGB 0 … 255: the mean of a few pixels. */
export function colourAt([x, y]) {
  const source = shown.before;
  if (sheet?.source !== source) {
    const canvas = new OffscreenCanvas(source.width, source.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0);
    sheet = { source, context };
  }
  const side = 5;
  const [left, top] = [x * source.width, y * source.height].map((n) => Math.max(0, Math.floor(n - side / 2)));
  const { data } = sheet.context.getImageData(left, top, side, side);
  const sum = [0, 0, 0];
  let count = 0;
  for (let k = 0; k < data.length; k += 4) {
    if (!data[k + 3]) continue;
    count++;
    for (let c = 0; c < 3; c++) sum[c] += data[k + c];
  }
  return sum.map((one) => one / Math.max(count, 1));
}

stage.addEventListener("pointerdown", (event) => {
  if (event.button > 1 || event.target.closest(".pin, #divider, .over")) return;
  stage.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
  if (pointers.size === 2) {
    pinch = distance();
    start = null;
    emit("brushing", null);
    emit("erased");
    return;
  }
  const at = under(event.clientX, event.clientY);
  start = { x: event.clientX, y: event.clientY, at, moved: false, points: at ? [at] : [] };
  if (BRUSHES.includes(tool) && at) emit("brushing", start.points);
  if (tool === "erase" && at) emit("erasing", at);
  if (tool === "target" && at && shown.before) {
    if (!beginDrag(colourAt(at))) notice("This place is grey: no slider changes it.");
  }
});

stage.addEventListener("pointermove", (event) => {
  hover(event);
  if (!pointers.has(event.pointerId)) return;
  const [x, y] = pointers.get(event.pointerId);
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
  if (pointers.size === 2) {
    const now = distance();
    const [middleX, middleY] = middle();
    zoom(view.scale * (now / pinch), middleX, middleY);
    pinch = now;
    return;
  }
  if (!start) return;
  if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL) start.moved = true;
  if (!start.moved) return;
  if (tool === "target" && start.at) {
    const words = drag(event.clientX - start.x);
    if (words) notice(words);
  } else if (tool === "stroke" && start.at) {
    const at = under(event.clientX, event.clientY);
    if (at) start.points.push(at);
    emit("stroking", start.points);
  } else if ((BRUSHES.includes(tool) || tool === "erase") && start.at) {
    const at = under(event.clientX, event.clientY);
    if (!at) return;
    start.points.push(at);
    if (tool === "erase") emit("erasing", at);
    else emit("brushing", start.points);
  } else pan(event.clientX - x, event.clientY - y);
});

/** Where the pointer is on the stage, for the brush's outline. */
function hover(event) {
  if (!BRUSHES.includes(tool)) return;
  const box = stage.getBoundingClientRect();
  emit("hovered", event.target.closest(".over") ? null : [event.clientX - box.left, event.clientY - box.top]);
}

stage.addEventListener("pointerleave", () => emit("hovered", null));

function end(event) {
  if (!pointers.delete(event.pointerId)) return;
  if (!start || pointers.size) return;
  const done = start;
  start = null;
  if (tool === "target") return endDrag();
  if (tool === "erase") return emit("erased");
  if (BRUSHES.includes(tool) && done.at) {
    if (event.type !== "pointerup") return emit("brushing", null);
    last = done.points.at(-1);
    return emit("brushed", done.points);
  }
  if (tool === "stroke" && done.points.length > 1) return emit("stroked", done.points);
  if (!done.moved && done.at && event.type === "pointerup") take(done.at);
}

/** A place was chosen with the tool in hand. */
function take(at) {
  if (tool === "hint" || tool === "stroke") emit("pointed", at);
  else if (tool === "grey") emit("grey", at);
  else if (tool === "erase") {
    emit("erasing", at);
    emit("erased");
  } else if (BRUSHES.includes(tool)) emit("brushed", [at]);
}

stage.addEventListener("pointerup", end);
stage.addEventListener("pointercancel", end);
stage.addEventListener("dblclick", (event) => {
  if (tool === "hand" && !event.target.closest("#divider, .pin")) hundred(event.clientX, event.clientY);
});
stage.addEventListener("keydown", (event) => {
  if (event.target !== stage || tool === "hand" || !shown.before) return;
  const box = stage.getBoundingClientRect();
  const at = under(box.left + box.width / 2, box.top + box.height / 2);
  if (event.key === "Enter" && at) {
    event.preventDefault();
    if (event.shiftKey && last && BRUSHES.includes(tool)) emit("brushed", [last, at]);
    else take(at);
    last = at;
  }
  if (tool === "target" && (event.key === "[" || event.key === "]") && at) {
    event.preventDefault();
    if (beginDrag(colourAt(at))) notice(drag(event.key === "]" ? 20 : -20));
    endDrag();
  }
});

const distance = () => {
  const [[x1, y1], [x2, y2]] = [...pointers.values()];
  return Math.hypot(x1 - x2, y1 - y2);
};
const middle = () => {
  const [[x1, y1], [x2, y2]] = [...pointers.values()];
  return [(x1 + x2) / 2, (y1 + y2) / 2];
};

on("tool", choose);
on("opened", () => { if (tool !== "hand") choose(tool); });
