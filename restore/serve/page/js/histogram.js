// The histogram: three channels of the result, and the outline of the photo as it was.

import { $ } from "./dom.js";
import { shown } from "./live.js";
import { on } from "./store.js";

const COLOURS = { dark: ["#e5484d", "#46a758", "#3e8bff"], light: ["#f19a9a", "#8fce9b", "#93b8f5"] };

function curve(context, bars, width, height, top) {
  context.beginPath();
  context.moveTo(0, height);
  bars.forEach((count, k) => {
    const x = (k / (bars.length - 1)) * width;
    context.lineTo(x, height - Math.min(1, Math.sqrt(count / top)) * (height - 2));
  });
  context.lineTo(width, height);
}

export function draw() {
  const canvas = $("#histogram");
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const { before, after } = shown.histograms;
  if (!after) return;
  const inner = after.flatMap((bars) => bars.slice(1, -1)).sort((a, b) => b - a);
  const top = inner[6] || 1;
  const { theme } = document.documentElement.dataset;
  context.globalCompositeOperation = theme === "light" ? "multiply" : "screen";
  after.forEach((bars, k) => {
    curve(context, bars, width, height, top);
    context.fillStyle = COLOURS[theme][k];
    context.globalAlpha = 0.75;
    context.fill();
  });
  context.globalCompositeOperation = "source-over";
  context.globalAlpha = 0.55;
  context.strokeStyle = getComputedStyle(canvas).color;
  const grey = before[0].map((_, k) => (before[0][k] + before[1][k] + before[2][k]) / 3);
  curve(context, grey, width, height, top);
  context.stroke();
  const share = (bars, end) => bars.at(end) / bars.reduce((sum, one) => sum + one, 1);
  const ends = [0, -1].map((end) => Math.max(...after.map((bars) => share(bars, end))));
  const text = (end) => `${(100 * end).toFixed(end < 0.0995 ? 1 : 0)}%`;
  $("#histogram-black").textContent = `blacks ${text(ends[0])}`;
  $("#histogram-white").textContent = `whites ${text(ends[1])}`;
}

on("opened planned sketched themed", draw);
