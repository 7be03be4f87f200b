// Elements, icons, and what a screen reader says.

/** An element with properties, listeners (on…), attributes and children; never from HTML text. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && !name.startsWith("aria") && name !== "role" && name !== "list") {
      node[name] = value;
    } else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const $ = (selector) => document.querySelector(selector);

const PATHS = {
  after: "M4 5h16v14H4z",
  split: "M4 5h16v14H4zM12 3v18",
  side: "M3 6h8v12H3zM13 6h8v12h-8z",
  flicker: "M4 5h16v14H4zM9 9l6 3-6 3z",
  undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6",
  redo: "M15 7l5 5-5 5M20 12H10a6 6 0 0 0-6 6",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  hand: "M4 4l7 16 2-7 7-2z",
  pin: "M12 21c4-5 6-8 6-11a6 6 0 1 0-12 0c0 3 2 6 6 11zM12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  brush: "M4 20c3 0 5-1 5-4 0-2 1-3 3-3M11 12l7-8 2 2-8 7",
  heal: "M8 4l12 12a3 3 0 0 1-4 4L4 8a3 3 0 0 1 4-4zM9 12l3-3M12 15l3-3",
  shield: "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z",
  eraser: "M4 15l8-8 7 7-5 5H8zM9 10l7 7M8 19h12",
  grey: "M4 20l8-8M10 6l8 8M14 4l6 6-3 3-6-6z",
  target: "M12 3v4M12 17v4M3 12h4M17 12h4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  check: "M5 12l5 5 9-10",
  theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  reset: "M5 12a7 7 0 1 0 2-5M7 3v4h4",
};

/** A line icon, hidden from screen readers: its button has a label. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button of one icon. */
export function tool(name, label, onclick, properties = {}) {
  return el("button", { type: "button", class: "tool", title: label, "aria-label": label, onclick, ...properties }, icon(name));
}

/** Say something to a screen reader without moving the focus. */
export function announce(text) {
  const region = $("#live");
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 30);
}

let hiding = 0;

/** Show a short message at the bottom of the photo. */
export function notice(text, kind = "info") {
  const box = $("#notice");
  box.textContent = text;
  box.className = `notice ${kind}`;
  box.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { box.hidden = true; }, kind === "error" ? 9000 : 4000);
}

/** Call a function once things have been quiet for so many milliseconds. */
export function debounced(wait, call) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...values), wait);
  };
}

/** The same for each first value by itself; `flush` calls at once what is due, and waits for it. */
export function debouncedEach(wait, call) {
  const due = new Map();
  const run = (key) => {
    const { timer, values } = due.get(key);
    clearTimeout(timer);
    due.delete(key);
    return call(key, ...values);
  };
  const later = (key, ...values) => {
    clearTimeout(due.get(key)?.timer);
    due.set(key, { timer: setTimeout(run, wait, key), values });
  };
  later.flush = () => Promise.all([...due.keys()].map(run));
  return later;
}

/** A step's or setting's name in words: "white_balance" is "White balance". */
export function words(name) {
  const text = name.replaceAll("_", " ").replaceAll("-", " ");
  return text[0].toUpperCase() + text.slice(1);
}

export const SVG = "http://www.w3.org/2000/svg";
