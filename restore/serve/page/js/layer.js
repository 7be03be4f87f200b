// Black and white: six sliders, presets, and the targeted drag on the photo.

import { el, words } from "./dom.js";
import { shown } from "./live.js";
import { control } from "./settings.js";
import { adjust, commit, edit, emit, labels, store, value } from "./store.js";

export const COLOURS = ["reds", "yellows", "greens", "cyans", "blues", "magentas"];
const MIXER = ["red", "green", "blue", "constant"];
const [LOW, HIGH] = [-200, 300];

/** The six sliders as the mix in use has them, in %. */
export function sliders(entry, step) {
  const mix = entry.settings.mix ?? "auto";
  if (mix in step.layers) return step.layers[mix];
  if (mix === "auto") {
    const own = shown.findings.find((one) => one.label === labels()[edit().steps.indexOf(entry)]);
    const parts = own?.values.find((one) => one.name === "as layer")?.parts;
    if (parts) return COLOURS.map((name) => Math.round(parts[name]));
  }
  return COLOURS.map((name) => value(entry, step.settings.find((one) => one.name === name)));
}

/** Make a layer of whatever mix there is, so that its sliders can be moved. */
function own(entry, step) {
  if (entry.settings.mix === "layer") return;
  const start = sliders(entry, step);
  for (const name of MIXER) delete entry.settings[name];
  entry.settings.mix = "layer";
  COLOURS.forEach((name, k) => { entry.settings[name] = start[k]; });
}

/** The controls of `monochrome`: presets, six sliders (or the channel mixer), tint and amount. */
export function layer(entry, step) {
  const named = (name) => step.settings.find((one) => one.name === name);
  const mix = entry.settings.mix ?? "auto";
  const idle = mix === "channels" ? COLOURS : MIXER;
  const rest = step.settings.filter((one) => one.name !== "mix" && !COLOURS.includes(one.name) && !MIXER.includes(one.name));
  const names = mix === "channels" ? MIXER : COLOURS;
  const rows = idle === COLOURS ? names.map((name) => control(entry, named(name))) : colours(entry, step);
  return [
    presets(entry, step, named("mix")),
    el("div", { class: "layer" }, rows),
    ...rest.map((one) => control(entry, one)),
  ];
}

function presets(entry, step, setting) {
  const now = entry.settings.mix ?? "auto";
  const option = (one) => el("option", { value: one, selected: one === now }, words(one));
  const special = ["auto", "layer", "channels"];
  const layers = Object.keys(step.layers);
  const films = setting.choices.filter((one) => !special.includes(one) && !layers.includes(one));
  const list = el("select", {
    title: setting.about, "aria-label": "Mix",
    onchange: () => commit(() => {
      const start = sliders(entry, step);
      for (const name of [...COLOURS, ...MIXER]) delete entry.settings[name];
      if (list.value === "auto") delete entry.settings.mix;
      else entry.settings.mix = list.value;
      if (list.value === "layer") COLOURS.forEach((name, k) => { entry.settings[name] = start[k]; });
    }),
  },
  special.map(option),
  el("optgroup", { label: "Black & White layer" }, layers.map(option)),
  el("optgroup", { label: "Films, filters and channel mixers" }, films.map(option)));
  const target = el("button", {
    type: "button", class: "chip", title: "Press on a place in the photo and drag left to darken its hue, right to lighten it (T)",
    onclick: () => emit("tool", "target"),
  }, "Drag on photo");
  return el("div", { class: "setting row", data: { setting: "mix" } }, el("span", { class: "field" }, "Mix"), list, target);
}

function colours(entry, step) {
  const start = sliders(entry, step);
  return COLOURS.map((name, k) => {
    const setting = step.settings.find((one) => one.name === name);
    const shadow = { settings: { [name]: start[k] } };
    const row = control(shadow, { ...setting, low: LOW, high: HIGH }, (_, __, given) => {
      own(entry, step);
      entry.settings[name] = given;
    });
    row.classList.add("hue", name);
    return row;
  });
}

/** How much each of the six sliders weighs at an sRGB colour 0 … 255: two of them do. */
export function weights([r, g, b]) {
  const parts = { reds: 0, yellows: 0, greens: 0, cyans: 0, blues: 0, magentas: 0 };
  const order = [["reds", r], ["greens", g], ["blues", b]].sort((one, other) => other[1] - one[1]);
  const [[first, high], [second, middle], [, low]] = order;
  parts[first] = high - middle;
  const pair = { "greens reds": "yellows", "blues greens": "cyans", "blues reds": "magentas" };
  parts[pair[[first, second].sort().join(" ")]] = middle - low;
  const sum = high - low;
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, sum > 3 ? part / sum : 0]));
}

let held = null;

/** Begin a targeted drag at a colour; adds a monochrome step if there is none. */
export function beginDrag(rgb) {
  const steps = edit().steps;
  let entry = steps.find((one) => one.use === "monochrome" && one.on);
  if (!entry) {
    entry = { use: "monochrome", on: true, settings: { mix: "default" } };
    steps.push(entry);
  }
  const step = store.steps.monochrome;
  held = { entry, step, start: sliders(entry, step), weights: weights(rgb) };
  return Object.values(held.weights).some((one) => one > 0);
}

/** Drag by so many CSS pixels: a stage of 400 pixels is 100%. */
export function drag(dx) {
  if (!held) return "";
  const { entry, step, start, weights: parts } = held;
  adjust(() => {
    own(entry, step);
    COLOURS.forEach((name, k) => {
      const moved = start[k] + dx * 0.5 * parts[name];
      entry.settings[name] = Math.round(Math.min(HIGH, Math.max(LOW, moved)));
    });
  });
  emit("moved-elsewhere");
  return COLOURS.filter((name) => parts[name] > 0.05).map((name) => `${words(name)} ${entry.settings[name]}%`).join(", ");
}

export function endDrag() {
  held = null;
  commit();
}
