// The photo: before and after on one canvas, zoomed, panned, compared.

import { $, announce } from "./dom.js";
import { shown } from "./live.js";
import { overlay } from "./maps.js";
import { emit, on } from "./store.js";
import { Tiles } from "./tiles.js";

const canvas = $("#canvas");
const stage = $("#stage");
const divider = $("#divider");
const MOST = 16;
const KEY_PAN = 60;

export const view = { mode: "split", scale: 1, x: 0, y: 0, fit: true, divider: 0.5, flick: false, held: false };
const tiles = { before: new Tiles(null, draw), after: new Tiles(null, draw) };
let scheduled = 0;
let flicker = 0;

const ratio = () => devicePixelRatio || 1;
/** Width and height in CSS pixels that one picture has on the stage. */
function room() {
  const wide = view.mode === "side" ? (stage.clientWidth - 2) / 2 : stage.clientWidth;
  return [Math.max(wide, 10), Math.max(stage.clientHeight, 10)];
}

const fitting = () => {
  const [wide, tall] = room();
  return Math.min((wide - 24) / shown.size[0], (tall - 24) / shown.size[1]);
};

/** Scale (CSS pixels of one photo pixel), kept within bounds with the photo in sight. */
function settle() {
  const least = fitting();
  if (view.fit) Object.assign(view, { scale: least, x: shown.size[0] / 2, y: shown.size[1] / 2 });
  view.scale = Math.min(Math.max(view.scale, Math.min(least, 1) / 2), MOST);
  const [wide, tall] = room();
  const hold = (at, size, span) => {
    const half = span / view.scale / 2;
    return 2 * half >= size ? size / 2 : Math.min(Math.max(at, half - 40 / view.scale), size - half + 40 / view.scale);
  };
  view.x = hold(view.x, shown.size[0], wide);
  view.y = hold(view.y, shown.size[1], tall);
}

/** Where a point of the photo (shares of the displayed picture) lies on the stage, CSS pixels. */
export function place(x, y, right = false) {
  const [wide, tall] = room();
  const left = right && view.mode === "side" ? wide + 2 : 0;
  return [
    left + wide / 2 + (x * shown.size[0] - view.x) * view.scale,
    tall / 2 + (y * shown.size[1] - view.y) * view.scale,
  ];
}

/** The share of the photo at a point of the stage; null outside it. */
export function under(clientX, clientY) {
  const box = stage.getBoundingClientRect();
  const [wide, tall] = room();
  let left = clientX - box.left;
  if (view.mode === "side" && left > wide + 2) left -= wide + 2;
  const x = ((left - wide / 2) / view.scale + view.x) / shown.size[0];
  const y = ((clientY - box.top - tall / 2) / view.scale + view.y) / shown.size[1];
  return x >= 0 && x < 1 && y >= 0 && y < 1 ? [x, y] : null;
}

export function draw() {
  if (!scheduled) scheduled = requestAnimationFrame(paint);
}

function paint() {
  scheduled = 0;
  const dots = ratio();
  const [width, height] = [stage.clientWidth, stage.clientHeight].map((n) => Math.round(n * dots));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  divider.hidden = view.mode !== "split" || !shown.before || !shown.after;
  if (!shown.before) return labels(null, null);
  settle();
  const [wide] = room();
  const side = { before: view.held || view.flick };
  if (view.mode === "side") {
    picture(context, "before", 0, 0, wide, height / dots);
    picture(context, "after", wide + 2, wide + 2, wide, height / dots);
    labels(0, wide + 2);
  } else if (view.mode === "split" && shown.after && !side.before) {
    const [from] = place(0, 0);
    const [to] = place(1, 0);
    const low = Math.max(from, 0);
    const high = Math.min(to, wide);
    const cut = low + view.divider * (high - low);
    picture(context, "before", 0, 0, cut, height / dots);
    picture(context, "after", 0, cut, wide - cut, height / dots);
    divider.style.transform = `translateX(${cut}px)`;
    divider.setAttribute("aria-valuenow", Math.round(100 * view.divider));
    labels(low, cut);
  } else {
    const which = side.before || !shown.after ? "before" : "after";
    picture(context, which, 0, 0, wide, height / dots);
    labels(which === "before" ? 0 : null, which === "after" ? 0 : null);
  }
  emit("drawn");
}

/** One picture within a part of the stage: the preview, real pixels over it, a map over both. */
function picture(context, which, shift, left, wide, tall) {
  const source = which === "after" ? shown.after ?? shown.before : shown.before;
  const dots = ratio();
  const right = view.mode === "side" && which === "after";
  const [x0, y0] = place(0, 0, right);
  const size = shown.size.map((n) => n * view.scale);
  context.save();
  context.scale(dots, dots);
  context.beginPath();
  context.rect(left, 0, wide, tall);
  context.clip();
  context.imageSmoothingQuality = shown.plan ? "high" : "low"; // quick while a slider moves
  context.imageSmoothingEnabled = true;
  context.drawImage(source, x0, y0, ...size);
  const device = view.scale * dots;
  if (source.width < 1.1 * shown.size[0] * Math.min(device, 1)) {
    const plan = which === "after" && shown.after ? shown.plan : null;
    if (which === "before" || plan || !shown.after) {
      const own = plan ? tiles.after : tiles.before;
      const [low, high] = [[left, 0], [left + wide, tall]].map(([x, y]) => [
        (x - x0) / view.scale,
        (y - y0) / view.scale,
      ]);
      context.imageSmoothingEnabled = device < 2;
      own.draw(context, { plan, x0, y0, scale: view.scale, device, low, high, size: shown.size });
    }
  }
  if (which === "after") overlay(context, x0, y0, size);
  context.restore();
}

function labels(before, after) {
  for (const [id, left] of [["#label-before", before], ["#label-after", after]]) {
    const node = $(id);
    node.hidden = left === null || !shown.after || (view.mode === "split" && id === "#label-before" && view.divider < 0.08)
      || (view.mode === "split" && id === "#label-after" && view.divider > 0.92);
    node.style.transform = `translateX(${Math.round(left ?? 0)}px)`;
  }
  $("#zoom").textContent = `${Math.round(view.scale * ratio() * 100)}%`;
}

/** Zoom about a point of the stage, its middle by default. */
export function zoom(scale, clientX, clientY) {
  const box = stage.getBoundingClientRect();
  const [wide, tall] = room();
  let x = (clientX ?? box.left + wide / 2) - box.left;
  if (view.mode === "side" && x > wide + 2) x -= wide + 2;
  const off = [x - wide / 2, (clientY ?? box.top + tall / 2) - box.top - tall / 2];
  const at = [view.x + off[0] / view.scale, view.y + off[1] / view.scale];
  view.fit = false;
  view.scale = Math.min(Math.max(scale, Math.min(fitting(), 1) / 2), MOST);
  view.x = at[0] - off[0] / view.scale;
  view.y = at[1] - off[1] / view.scale;
  draw();
}

export function fit() {
  view.fit = true;
  draw();
}

/** Real pixels, one of the photo for one of the screen; again: the whole photo. */
export function hundred(clientX, clientY) {
  const one = 1 / ratio();
  if (!view.fit && Math.abs(view.scale - one) < 1e-6) fit();
  else zoom(one, clientX, clientY);
}

export function pan(dx, dy) {
  view.fit = false;
  view.x -= dx / view.scale;
  view.y -= dy / view.scale;
  draw();
}

export function setMode(mode) {
  view.mode = mode;
  clearInterval(flicker);
  view.flick = false;
  if (mode === "flicker") flicker = setInterval(() => { view.flick = !view.flick; draw(); }, 700);
  emit("mode", mode);
  announce({ split: "divider", side: "side by side", after: "after only", flicker: "flicker" }[mode]);
  draw();
}

/** Show the photo as it was while a key is held. */
export function hold(held) {
  if (view.held === held) return;
  view.held = held;
  draw();
}

function slide(clientX) {
  const box = stage.getBoundingClientRect();
  const low = Math.max(place(0, 0)[0], 0);
  const high = Math.min(place(1, 0)[0], box.width);
  view.divider = Math.min(1, Math.max(0, (clientX - box.left - low) / (high - low)));
  draw();
}

divider.addEventListener("pointerdown", (event) => {
  event.stopPropagation();
  divider.setPointerCapture(event.pointerId);
});
divider.addEventListener("pointermove", (event) => {
  if (divider.hasPointerCapture(event.pointerId)) slide(event.clientX);
});
divider.addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
  if (!(event.key in moves)) return;
  event.preventDefault();
  event.stopPropagation();
  view.divider = Math.min(1, Math.max(0, view.divider + moves[event.key]));
  draw();
});

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 30 : 1;
  zoom(view.scale * Math.exp(-event.deltaY * lines * 0.0016), event.clientX, event.clientY);
}, { passive: false });

stage.addEventListener("keydown", (event) => {
  if (event.target !== stage) return;
  const moves = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  if (!(event.key in moves) || view.fit) return;
  event.preventDefault();
  event.stopPropagation();
  pan(...moves[event.key].map((n) => n * KEY_PAN));
});

on("opened", () => {
  tiles.before.reset(shown.photo);
  tiles.after.reset(shown.photo);
  view.fit = true;
  draw();
});
on("planned", () => { tiles.after.reset(shown.photo); draw(); });
on("sketched failed mapped", draw);
new ResizeObserver(draw).observe(stage);
