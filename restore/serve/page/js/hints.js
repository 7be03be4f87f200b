// Hints: places whose colour is known. Point, choose, move, remove; kept beside the photo.

import * as api from "./api.js";
import { fromHex, hex, named, visible } from "./colour.js";
import { $, announce, debouncedEach, el, notice, tool } from "./dom.js";
import { gamut } from "./gamut.js";
import { shown } from "./live.js";
import { NAMES, grey as markGrey } from "./marks.js";
import { refreshPins } from "./pins.js";
import { commit, edit, emit, on, store } from "./store.js";

const panel = $("#hints");
let place = null;
let asked = 0;

const fileToShown = ([x, y]) => {
  const [left, top, width, height] = shown.frame;
  return [(x / 100 - left) / width, (y / 100 - top) / height];
};
export const shownToFile = ([x, y]) => {
  const [left, top, width, height] = shown.frame;
  const within = (v) => Math.round(Math.min(100, Math.max(0, 100 * v)) * 1000) / 1000;
  return [within(left + x * width), within(top + y * height)];
};

/** The colour of a hint as L*a*b*. */
export const labOf = (hint) => (Array.isArray(hint.colour) ? hint.colour : fromHex(hint.colour));
export const pointsOf = (hint) => hint.points.map(fileToShown);

/** Move a hint so that its first point lies at a share of the photo. */
export function move(hint, to, done) {
  const [x, y] = pointsOf(hint)[0];
  const points = pointsOf(hint).map(([px, py]) => shownToFile([px + to[0] - x, py + to[1] - y]));
  hint.points = points;
  if (done) commit();
}

export function removeHint(hint) {
  commit((now) => { now.hints = now.hints.filter((one) => one !== hint); });
  if (place?.hint === hint) close();
  announce(hint.kind ? "Mark removed" : "Hint removed");
}

/** Show what colours a place may have; `hint` if it has one already. */
export async function ask(points, shape, hint = null) {
  const mine = ++asked;
  place = { points, shape, hint, facts: null };
  fill();
  if (!shown.plan) {
    place.trouble = "Choose a recipe first: a network looks at what its steps make of the photo.";
    fill();
    return;
  }
  const [x, y] = points[Math.floor(points.length / 2)].map((v) => Math.min(100, Math.max(0, 100 * v)));
  try {
    const facts = await api.colours(shown.photo, shown.plan, x, y);
    if (mine !== asked || !place) return;
    place.facts = facts;
    const said = facts.colours.slice(0, 3).map(([a, b, p]) => `${named([facts.lightness, a, b])} ${Math.round(100 * p)}%`);
    announce(`Likely colours: ${said.join(", ")}`);
  } catch (error) {
    if (mine !== asked || !place) return;
    place.trouble = error.gone ? "The photo is being planned; point again." : error.message;
  }
  fill();
  panel.querySelector(".swatch")?.focus({ preventScroll: true });
}

function close() {
  place = null;
  fill();
}

/** Give the place a colour: a new hint, or another colour for the one that is there. */
function choose(ab, done = true) {
  const colour = [Math.round(place.facts?.lightness ?? 50), ...ab.map((v) => Math.round(v * 10) / 10)];
  apply(colour, done);
}

function apply(colour, done) {
  if (!place.hint) {
    place.hint = { colour, points: place.points.map(shownToFile), shape: place.shape };
    edit().hints.push(place.hint);
  }
  place.hint.colour = colour;
  refreshPins();
  if (!done) return;
  commit();
  announce(`Hint: ${named(colour)}`);
  const steps = edit().steps.filter((one) => one.on);
  if (!steps.some((one) => one.use === "colorize")) notice("Hints guide the step Colorize; this recipe has none.");
}

function swatch([a, b, p], lightness) {
  const lab = [lightness, a, b];
  const node = el("button", {
    type: "button", class: "swatch", onclick: () => choose([a, b]),
    "aria-label": `${named(lab)}, ${Math.round(100 * p)}%`, title: named(lab),
  }, el("span", { class: "colour" }), el("span", {}, `${p < 0.01 ? "<1" : Math.round(100 * p)}%`));
  node.firstChild.style.background = hex(visible(lab));
  return node;
}

function placeView() {
  const head = el("div", { class: "place-head" },
    el("h3", {}, place.hint ? "This hint" : "This place"),
    tool("close", "Close", close));
  if (place.trouble) return el("div", { class: "place" }, head, el("p", { class: "quiet" }, place.trouble));
  if (!place.facts) return el("div", { class: "place" }, head, el("p", { class: "quiet" }, "Asking the network …"));
  const { facts } = place;
  const start = place.hint ? labOf(place.hint) : facts.now;
  const well = el("input", {
    type: "color", id: "hint-colour", value: hex(start),
    oninput: () => apply(fromHex(well.value).map((v) => Math.round(v * 10) / 10), false),
    onchange: () => apply(fromHex(well.value).map((v) => Math.round(v * 10) / 10), true),
  });
  return el("div", { class: "place" }, head,
    el("p", { class: "quiet" }, "Likely colours: choose one to make it a hint."),
    el("div", { class: "swatches" }, facts.colours.map((one) => swatch(one, facts.lightness))),
    gamut(facts, choose),
    el("div", { class: "setting row" }, el("label", { htmlFor: "hint-colour" }, "Any colour"), well));
}

function listView() {
  const { hints } = edit();
  return el("ul", { class: "hint-list" }, hints.map((hint, number) => {
    if (hint.kind) return markRow(hint, number);
    const lab = labOf(hint);
    const dot = el("span", { class: "dot" });
    dot.style.background = hex(visible(lab));
    return el("li", {},
      el("button", { type: "button", class: "hint-row", onclick: () => ask(pointsOf(hint), hint.shape, hint) },
        dot, `${named(lab)}${hint.shape === "points" ? "" : `, ${hint.shape}`}`),
      tool("close", `Remove hint ${number + 1}`, () => removeHint(hint)));
  }));
}

function markRow(mark, number) {
  const size = mark.shape === "region" ? "area" : `${mark.shape === "points" ? "place" : "stroke"}, ${mark.width}%`;
  return el("li", {},
    el("span", { class: "hint-row" }, el("span", { class: `dot ${mark.kind}` }), `${NAMES[mark.kind]}: ${size}`),
    tool("close", `Remove mark ${number + 1}`, () => removeHint(mark)));
}

function title(hints) {
  if (!hints.length) return "Point";
  const names = [hints.some((one) => !one.kind) && "Hints", hints.some((one) => one.kind) && "Marks"].filter(Boolean);
  return `${names.join(" and ")} (${hints.length})`;
}

function fill() {
  const { hints } = edit();
  panel.hidden = !hints.length && !place;
  if (panel.hidden) return refreshPins();
  panel.replaceChildren(el("h2", {}, title(hints)), ...(place ? [placeView()] : []), listView());
  return refreshPins(place && !place.hint ? place.points : null);
}

function grey([x, y]) {
  if (markGrey([x, y])) return;
  const at = (v) => Math.round(v * 1000) / 10;
  commit((now) => {
    let entry = now.steps.find((one) => one.use === "white_balance" && one.on);
    if (!entry) {
      entry = { use: "white_balance", on: true, settings: {} };
      now.steps.unshift(entry);
    }
    Object.assign(entry.settings, { method: "pick", x: at(x), y: at(y) });
  });
  announce("White balance: this place is grey");
}

/** The hints as their files have them: only of photos that were opened, whose files are known. */
const saved = new Map();
const save = debouncedEach(350, async (photo, hints) => {
  const text = JSON.stringify(hints);
  if (saved.get(photo) === text) return;
  try {
    await api.put(`/api/photos/${photo}/hints`, { hints });
    saved.set(photo, text);
  } catch (error) {
    notice(`Hints and marks are not saved: ${error.message}`, "error");
  }
});

/** Write at once what is not in the files yet: an export reads them there. */
export const flush = () => save.flush();

export function begin() {
  on("pointed", (at) => ask([at], "points"));
  on("stroked", (points) => {
    const every = Math.max(1, Math.floor(points.length / 40));
    ask(points.filter((_, k) => k % every === 0), "stroke");
  });
  on("stroking", (points) => refreshPins(points));
  on("grey", grey);
  on("planned", () => { // a place that was asked about too soon
    if (place?.trouble && shown.plan) ask(place.points, place.shape, place.hint);
  });
  on("hint", (hint) => ask(pointsOf(hint), hint.shape, hint));
  on("opened", () => {
    saved.set(store.current, JSON.stringify(edit().hints));
    close();
  });
  on("edited", (photo) => {
    if (saved.has(photo)) save(photo, edit(photo).hints);
    if (photo !== store.current) return;
    if (place?.hint && !edit().hints.includes(place.hint)) place = null;
    fill();
  });
  on("tool-changed", (name) => { if (name === "hand" && place && !place.hint) close(); });
  emit("hints-ready");
}
