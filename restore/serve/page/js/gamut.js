// The plane of all colours of one lightness, with how likely each is; press on one to take it.

import { el } from "./dom.js";
import { toRgb } from "./colour.js";

const SIDE = 232;
const REACH = 105;

const across = (a) => ((a + REACH) / (2 * REACH)) * SIDE;
const down = (b) => ((REACH - b) / (2 * REACH)) * SIDE;

function plane(context, lightness) {
  const sheet = context.createImageData(SIDE, SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const a = (column / SIDE) * 2 * REACH - REACH;
      const b = REACH - (row / SIDE) * 2 * REACH;
      const rgb = toRgb([lightness, a, b]);
      const inside = rgb.every((v) => v > -0.004 && v < 1.004);
      const at = 4 * (row * SIDE + column);
      for (let k = 0; k < 3; k++) sheet.data[at + k] = 255 * Math.min(1, Math.max(0, rgb[k]));
      sheet.data[at + 3] = inside ? 165 : 0;
    }
  }
  context.putImageData(sheet, 0, 0);
}

/** A figure of the distribution; `choose` is called with [a, b] while the pointer moves on it. */
export function gamut({ lightness, bins, now }, choose) {
  const middle = Math.min(80, Math.max(45, lightness));
  const canvas = el("canvas", {
    width: SIDE, height: SIDE, class: "gamut", role: "img",
    "aria-label": "All colours of this lightness; larger dots are likelier. The colours above and the colour field can be used instead.",
  });
  const context = canvas.getContext("2d");
  const draw = (chosen) => {
    context.clearRect(0, 0, SIDE, SIDE);
    plane(context, middle);
    context.strokeStyle = "rgb(128 128 128 / 60%)";
    context.beginPath();
    context.moveTo(across(0), 0);
    context.lineTo(across(0), SIDE);
    context.moveTo(0, down(0));
    context.lineTo(SIDE, down(0));
    context.stroke();
    const top = Math.max(...bins.map((bin) => bin[2]));
    for (const [a, b, p] of bins) {
      const rgb = toRgb([middle, a, b]).map((v) => Math.round(255 * Math.min(1, Math.max(0, v))));
      context.beginPath();
      context.arc(across(a), down(b), 0.8 + 9 * Math.sqrt(p / top), 0, 7);
      context.fillStyle = `rgb(${rgb.join(" ")})`;
      context.strokeStyle = "rgb(0 0 0 / 75%)";
      context.fill();
      context.stroke();
    }
    for (const [at, colour] of [[now.slice(1), "#fff"], [chosen, "#000"]]) {
      if (!at) continue;
      context.strokeStyle = colour;
      context.lineWidth = 2;
      context.strokeRect(across(at[0]) - 5, down(at[1]) - 5, 10, 10);
      context.lineWidth = 1;
    }
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const a = ((event.clientX - box.left) / box.width) * 2 * REACH - REACH;
    const b = REACH - ((event.clientY - box.top) / box.height) * 2 * REACH;
    return [a, b].map((v) => Math.round(Math.min(REACH, Math.max(-REACH, v))));
  };
  let chosen = null;
  const take = (event, done) => {
    chosen = at(event);
    draw(chosen);
    choose(chosen, done);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    take(event, false);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) take(event, false);
  });
  canvas.addEventListener("pointerup", (event) => take(event, true));
  draw(null);
  return canvas;
}
