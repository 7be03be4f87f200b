// Marks: what was grey, what is damage, what must stay. Kept with the hints beside the photo.

import { $, announce, notice, words } from "./dom.js";
import { pointsOf, shownToFile } from "./hints.js";
import { shown } from "./live.js";
import { adjustQuietly, commit, edit, on } from "./store.js";
import { draw, view } from "./view.js";

export const NAMES = { grey: "Grey", damage: "Damage to fill", keep: "Protected" };
export const BRUSHES = ["damage", "keep"];
const [LEAST, MOST] = [0.2, 20];
const GREY_WIDTH = 2;
/** Tables of a kind in a file, and points of one, at most. */
const LIMIT = 500;

export const brush = { tool: "hand", width: 2, points: null, at: null };

/** Width in CSS pixels that so many % of the photo's short side have on the stage. */
export function pixels(width) {
  const [, , wide, tall] = shown.frame;
  return (width / 100) * Math.min(shown.size[0] / wide, shown.size[1] / tall) * view.scale;
}

export const marking = () => BRUSHES.includes(brush.tool) || brush.tool === "erase";

/** The brush's size in %, from a share 0 … 1 of the slider: each step is as large to the eye. */
const ofShare = (share) => LEAST * (MOST / LEAST) ** share;
const toShare = (width) => Math.log(width / LEAST) / Math.log(MOST / LEAST);

function resize(width) {
  brush.width = Math.round(Math.min(MOST, Math.max(LEAST, width)) * 10) / 10;
  const slider = $("#brush-width");
  slider.value = Math.round(100 * toShare(brush.width));
  slider.style.setProperty("--at", `${slider.value}%`);
  slider.setAttribute("aria-valuetext", `${brush.width}% of the short side`);
  $("#brush-value").textContent = `${brush.width}%`;
  cursor();
}

/** A larger or smaller brush, if there is one in hand. */
export function grow(steps) {
  if (BRUSHES.includes(brush.tool)) resize(brush.width * 1.15 ** steps);
}

/** Show the brush's size at the pointer, or in the middle for the keyboard. */
function cursor() {
  const node = $("#brush-cursor");
  node.hidden = !BRUSHES.includes(brush.tool) || !brush.at;
  if (node.hidden) return;
  const size = Math.max(pixels(brush.width), 2);
  Object.assign(node.style, { width: `${size}px`, height: `${size}px`, transform: `translate(${brush.at[0] - size / 2}px, ${brush.at[1] - size / 2}px)` });
}

/** Points of a stroke, shares of the photo, without those that hardly bend it: Douglas-Peucker. */
function simplified(points, tolerance) {
  if (points.length < 3) return points;
  const [[x1, y1], [x2, y2]] = [points[0], points.at(-1)];
  const across = shown.size[1] / shown.size[0];
  const [dx, dy] = [x2 - x1, (y2 - y1) * across];
  const length = Math.hypot(dx, dy);
  let [far, at] = [0, 0];
  points.forEach(([x, y], k) => {
    const [px, py] = [x - x1, (y - y1) * across];
    const off = length ? Math.abs(px * dy - py * dx) / length : Math.hypot(px, py);
    if (off > far) [far, at] = [off, k];
  });
  if (far <= tolerance) return [points[0], points.at(-1)];
  return [...simplified(points.slice(0, at + 1), tolerance).slice(0, -1), ...simplified(points.slice(at), tolerance)];
}

function add(kind, points, width) {
  if (edit().hints.filter((one) => one.kind === kind).length >= LIMIT) {
    notice(`A photo can have at most ${LIMIT} marks of each kind.`, "error");
    return;
  }
  let kept = points;
  for (let tolerance = 0.75 / (shown.size[0] * view.scale); kept.length > 2; tolerance *= 2) {
    kept = simplified(points, tolerance);
    if (kept.length <= LIMIT) break;
  }
  const shape = kept.length > 1 ? "stroke" : "points";
  const step = kind === "grey" ? "fade" : "scratches";
  let added = false;
  commit((now) => {
    now.hints.push({ kind, points: kept.map(shownToFile), shape, width });
    if (kind === "damage" && !now.steps.some((one) => one.use === step && one.on)) {
      now.steps.unshift({ use: step, on: true, settings: {} });
      added = true;
    }
  });
  announce(`${NAMES[kind]}: marked${added ? "; step Scratches added" : ""}`);
  if (kind === "keep" && !edit().steps.some((one) => one.use === step && one.on)) {
    notice(`Protected places matter only to the step ${words(step)}, which this recipe does not have.`);
  }
}

/** A place that was grey: for `fade` if the recipe has it. Returns whether it has. */
export function grey(at) {
  if (!edit().steps.some((one) => one.use === "fade" && one.on)) return false;
  add("grey", [at], GREY_WIDTH);
  notice("Grey place marked for Fade. Two to four places, from dark to light, work best.");
  return true;
}

/** How far a place is from a mark, in CSS pixels, beyond its edge. */
function away(mark, at) {
  const scale = shown.size.map((n) => n * view.scale);
  const points = pointsOf(mark).map(([x, y]) => [(x - at[0]) * scale[0], (y - at[1]) * scale[1]]);
  if (mark.shape === "region" && inside(points)) return 0;
  const ends = mark.shape === "region" ? [...points, points[0]] : points;
  const from = mark.shape === "points" || points.length === 1
    ? points.map(([x, y]) => Math.hypot(x, y))
    : ends.slice(1).map((end, k) => toLine(ends[k], end));
  return Math.min(...from) - (mark.shape === "region" ? 0 : pixels(mark.width) / 2);
}

function toLine([x1, y1], [x2, y2]) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const square = dx * dx + dy * dy;
  const t = square ? Math.min(1, Math.max(0, -(x1 * dx + y1 * dy) / square)) : 0;
  return Math.hypot(x1 + t * dx, y1 + t * dy);
}

/** Whether the origin is inside a polygon. */
function inside(points) {
  let odd = false;
  points.forEach(([x1, y1], k) => {
    const [x2, y2] = points.at(k - 1);
    if ((y1 > 0) !== (y2 > 0) && x1 - (y1 * (x2 - x1)) / (y2 - y1) > 0) odd = !odd;
  });
  return odd;
}

let erased = 0;

/** Take the strokes away that the eraser touches; one step of undo for a whole drag. */
function erase(at) {
  const touched = edit().hints.filter((one) => BRUSHES.includes(one.kind) && away(one, at) <= 4);
  if (!touched.length) return;
  erased += touched.length;
  adjustQuietly((now) => { now.hints = now.hints.filter((one) => !touched.includes(one)); });
  draw();
}

function endErasing() {
  if (!erased) return;
  announce(`${erased} mark${erased > 1 ? "s" : ""} erased`);
  erased = 0;
  commit();
}

export function begin() {
  resize(brush.width);
  $("#brush-width").addEventListener("input", (event) => resize(ofShare(event.target.value / 100)));
  on("tool-changed", (name) => {
    brush.tool = name;
    brush.points = brush.at = null;
    $("#brush").hidden = !BRUSHES.includes(name);
    cursor();
    draw();
  });
  on("hovered", (at) => { brush.at = at; cursor(); });
  on("drawn", cursor);
  on("brushing", (points) => { brush.points = points; draw(); });
  on("brushed", (points) => {
    brush.points = null;
    add(brush.tool, points, brush.width);
  });
  on("erasing", erase);
  on("erased", endErasing);
}
