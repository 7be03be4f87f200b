// Pins and strokes on the photo: moved with the pointer or the arrow keys, removed with Delete.

import { hex, named, visible } from "./colour.js";
import { $, SVG, el } from "./dom.js";
import { labOf, move, pointsOf, removeHint } from "./hints.js";
import { shown } from "./live.js";
import { NAMES, brush, marking, pixels } from "./marks.js";
import { adjust, commit, edit, emit, on } from "./store.js";
import { place, under } from "./view.js";

const overlay = $("#overlay");
const NEAR = 0.004;
let draft = null;

/** Draw pins anew; `points` is a place that has no hint yet. */
export function refreshPins(points = null) {
  draft = points;
  draw();
}

function draw() {
  if (!shown.before) return overlay.replaceChildren();
  const focused = document.activeElement?.closest?.(".pin")?.dataset.number;
  const { hints, steps } = edit();
  const lines = document.createElementNS(SVG, "svg");
  lines.setAttribute("class", "lines");
  lines.setAttribute("aria-hidden", "true");
  for (const hint of hints) {
    if (hint.kind) lines.append(...(marking() ? marked(hint) : []));
    else if (hint.shape !== "points") lines.append(line(pointsOf(hint), hex(visible(labOf(hint))), hint.shape === "region"));
  }
  if (brush.points) lines.append(...marked({ kind: brush.tool, shape: brush.points.length > 1 ? "stroke" : "points", width: brush.width }, brush.points));
  if (draft?.length > 1) lines.append(line(draft, "#ffffff", false));
  const pins = hints.map((hint, number) => {
    if (!hint.kind) return pin(hint, number);
    return hint.kind === "grey" || marking() ? markPin(hint, number) : null;
  }).filter(Boolean);
  const picked = steps.find((one) => one.on && one.use === "white_balance" && one.settings.method === "pick");
  if (picked) pins.push(greyPin(picked));
  if (draft?.length === 1) pins.push(at(el("span", { class: "pin draft" }), draft[0]));
  overlay.replaceChildren(lines, ...pins);
  if (focused !== undefined) overlay.querySelector(`[data-number="${focused}"]`)?.focus({ preventScroll: true });
  return undefined;
}

/** What a mark covers, see-through. */
function marked(mark, points = pointsOf(mark)) {
  const size = Math.max(pixels(mark.width), 1);
  const nodes = mark.shape === "points" ? points.map((one) => line([one, one], "", false)) : [line(points, "", mark.shape === "region")];
  for (const node of nodes) {
    node.removeAttribute("stroke");
    node.removeAttribute("fill");
    node.setAttribute("class", `mark ${mark.kind}${mark.shape === "region" ? " area" : ""}`);
    node.style.strokeWidth = mark.shape === "region" ? "1px" : `${size}px`;
  }
  return nodes;
}

function line(points, colour, closed) {
  const node = document.createElementNS(SVG, closed ? "polygon" : "polyline");
  node.setAttribute("points", points.map((one) => place(...one).map((v) => v.toFixed(1)).join(",")).join(" "));
  node.setAttribute("stroke", colour);
  if (closed) node.setAttribute("fill", `${colour}33`);
  return node;
}

function at(node, point) {
  const [x, y] = place(...point);
  node.style.transform = `translate(${x}px, ${y}px)`;
  return node;
}

/** Drag a node; `go` gets the share of the photo and whether it is dropped, `press` a mere click. */
function draggable(node, go, press) {
  let from = null;
  node.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    node.setPointerCapture(event.pointerId);
    from = [event.clientX, event.clientY];
  });
  node.addEventListener("pointermove", (event) => {
    if (!from || !node.hasPointerCapture(event.pointerId)) return;
    if (Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 3) return;
    const to = under(event.clientX, event.clientY);
    if (!to) return;
    node.dataset.moved = "yes";
    at(node, to);
    node.dataset.x = to[0];
    node.dataset.y = to[1];
  });
  node.addEventListener("pointerup", () => {
    from = null;
    if (node.dataset.moved) go([Number(node.dataset.x), Number(node.dataset.y)], true);
    else press();
  });
}

function keys(node, point, go, drop, press) {
  node.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-NEAR, 0], ArrowRight: [NEAR, 0], ArrowUp: [0, -NEAR], ArrowDown: [0, NEAR] };
    const far = event.shiftKey ? 5 : 1;
    if (event.key in moves) {
      const to = point().map((v, k) => Math.min(1, Math.max(0, v + far * moves[event.key][k])));
      go(to, true);
    } else if (event.key === "Delete" || event.key === "Backspace") drop();
    else if (event.key === "Enter" || event.key === " ") press();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

function pin(hint, number) {
  const lab = labOf(hint);
  const node = at(el("button", {
    type: "button", class: "pin", data: { number },
    "aria-label": `Hint ${number + 1}: ${named(lab)}. Arrow keys move it, Delete removes it.`,
  }), pointsOf(hint)[0]);
  node.style.setProperty("--colour", hex(visible(lab)));
  const go = (to, done) => move(hint, to, done);
  const press = () => emit("hint", hint);
  draggable(node, go, press);
  keys(node, () => pointsOf(hint)[0], go, () => removeHint(hint), press);
  return node;
}

const SIGNS = { grey: "", damage: "+", keep: "=" };

function markPin(mark, number) {
  const node = at(el("button", {
    type: "button", class: `pin mark ${mark.kind}`, data: { number }, title: NAMES[mark.kind],
    "aria-label": `${NAMES[mark.kind]}, ${mark.shape === "points" ? "place" : mark.shape} ${number + 1}. Arrow keys move it, Delete removes it.`,
  }, SIGNS[mark.kind]), pointsOf(mark)[0]);
  const go = (to, done) => move(mark, to, done);
  draggable(node, go, () => {});
  keys(node, () => pointsOf(mark)[0], go, () => removeHint(mark), () => {});
  return node;
}

function greyPin(entry) {
  const point = () => [entry.settings.x ?? 50, entry.settings.y ?? 50].map((v) => v / 100);
  const node = at(el("button", {
    type: "button", class: "pin grey", data: { number: "grey" },
    "aria-label": "This is grey. Arrow keys move it, Delete removes it.", title: "This is grey",
  }), point());
  const go = ([x, y], done) => {
    const change = () => Object.assign(entry.settings, { x: Math.round(1000 * x) / 10, y: Math.round(1000 * y) / 10 });
    if (done) commit(change);
    else adjust(change);
  };
  const drop = () => commit(() => { for (const key of ["method", "x", "y"]) delete entry.settings[key]; });
  draggable(node, go, () => {});
  keys(node, point, go, drop, () => {});
  return node;
}

on("drawn", draw);
