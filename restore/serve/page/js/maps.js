// Maps over the picture: what can be recovered, what is unsure, what is filled, what is clipped.

import * as api from "./api.js";
import { $, el } from "./dom.js";
import { shown } from "./live.js";
import { emit, on } from "./store.js";

const ABOUT = {
  recoverability: "Recoverability: bright where the light still shows the hues",
  uncertainty: "Uncertainty: bright where the network is unsure of the colour",
  scratches: "Filled: scratches and dust that were removed",
  clipping: "Clipping: red is white without detail, blue is black without detail",
};
// from cividis, even in lightness and read alike with every kind of colour vision
const RAMP = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]];

let chosen = "";
let picture = null;
let asked = 0;

function tint(name, grey) {
  if (name === "clipping") return grey > 200 ? [255, 45, 45, 235] : grey > 100 ? [50, 110, 255, 235] : [0, 0, 0, 0];
  if (name === "scratches") return grey > 127 ? [255, 60, 190, 235] : [0, 0, 0, 0];
  const at = (grey / 255) * (RAMP.length - 1);
  const low = Math.min(Math.floor(at), RAMP.length - 2);
  return [...RAMP[low].map((one, k) => one + (at - low) * (RAMP[low + 1][k] - one)), 170];
}

async function load() {
  const mine = ++asked;
  picture = null;
  if (chosen && shown.plan) {
    try {
      const grey = await api.map(shown.photo, shown.plan, chosen);
      if (mine !== asked) return;
      const sheet = new OffscreenCanvas(grey.width, grey.height);
      const context = sheet.getContext("2d");
      context.drawImage(grey, 0, 0);
      const pixels = context.getImageData(0, 0, grey.width, grey.height);
      for (let k = 0; k < pixels.data.length; k += 4) pixels.data.set(tint(chosen, pixels.data[k]), k);
      context.putImageData(pixels, 0, 0);
      picture = sheet;
    } catch (error) {
      if (!error.gone) picture = null;
    }
  }
  emit("mapped");
}

/** Draw the chosen map over a picture. */
export function overlay(context, x, y, size) {
  if (!picture) return;
  context.imageSmoothingEnabled = chosen !== "clipping" && chosen !== "scratches";
  context.drawImage(picture, x, y, ...size);
}

export function choose(name) {
  chosen = name;
  $("#map").value = name;
  $("#legend").textContent = ABOUT[name] ?? "";
  $("#legend").hidden = !name;
  load();
}

export const toggleClipping = () => choose(chosen === "clipping" ? "" : "clipping");

/** Offer the maps that this plan has. */
function offer() {
  const names = [...new Set(shown.findings.flatMap((one) => one.maps))];
  if (shown.plan) names.push("clipping");
  const choices = names.map((name) => el("option", { value: name }, ABOUT[name].split(":")[0]));
  $("#map").replaceChildren(el("option", { value: "" }, "No map"), ...choices);
  if (chosen && !names.includes(chosen)) choose("");
  else $("#map").value = chosen;
  if (chosen) load();
}

$("#map").addEventListener("change", (event) => choose(event.target.value));
on("planned opened", offer);
on("sketched", () => { picture = null; });
