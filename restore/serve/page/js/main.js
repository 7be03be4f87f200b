// Begin: ask for the photos and steps, fill the page, open the first photo.

import * as api from "./api.js";
import * as cards from "./cards.js";
import { $, debouncedEach, icon, notice } from "./dom.js";
import * as exporting from "./exporting.js";
import "./histogram.js";
import * as hints from "./hints.js";
import { help } from "./keys.js";
import * as live from "./live.js";
import * as marks from "./marks.js";
import { choose } from "./pointing.js";
import * as steps from "./steps.js";
import { canRedo, canUndo, edit, emit, on, photo, recall, redo, store, undo } from "./store.js";
import * as strip from "./strip.js";
import { fit, hundred, setMode, view, zoom } from "./view.js";

function buttons() {
  for (const node of document.querySelectorAll("[data-icon]")) node.prepend(icon(node.dataset.icon));
  const press = (selector, call) => $(selector).addEventListener("click", call);
  press("#undo", undo);
  press("#redo", redo);
  press("#fit", fit);
  press("#hundred", () => hundred());
  press("#zoom-in", () => zoom(view.scale * 1.25));
  press("#zoom-out", () => zoom(view.scale / 1.25));
  press("#open-help", help);
  press("#open-export", () => exporting.exportDialog());
  press("#open-save", () => exporting.saveDialog());
  press("#copy-settings", exporting.copySettings);
  press("#command", exporting.copyCommand);
  press("#theme", theme);
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.addEventListener("click", () => setMode(button.dataset.mode));
  }
  for (const button of document.querySelectorAll("[data-tool-name]")) {
    button.addEventListener("click", () => choose(button.dataset.toolName));
  }
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
}

/** Dark, light, or as the system says. */
function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : !matchMedia("(prefers-color-scheme: light)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  emit("themed");
}

function state() {
  $("#undo").disabled = !canUndo();
  $("#redo").disabled = !canRedo();
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === view.mode));
  }
}

const remember = debouncedEach(400, (id) => {
  api.put(`/api/photos/${id}/edit`, edit(id)).catch(() => {});
});

function open(id) {
  if (!id || id === store.current) return;
  store.current = id;
  $("#name").textContent = photo().name;
  document.title = `${photo().name} · restore`;
  $("#problem").hidden = true;
  emit("turned");
  live.open(id);
}

async function begin() {
  const saved = localStorage.getItem("theme");
  document.documentElement.dataset.theme = saved ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
  buttons();
  let session;
  try {
    session = await api.get("/api/session");
  } catch (error) {
    $("#problem").textContent = error.message;
    $("#problem").hidden = false;
    return;
  }
  const { photos, recipes, formats, out } = session;
  Object.assign(store, { photos, recipes, formats, out });
  for (const step of session.steps) store.steps[step.name] = step;
  for (const [id, own] of Object.entries(session.edits)) recall(id, own);
  steps.begin();
  exporting.begin();
  hints.begin();
  marks.begin();
  on("open", open);
  on("edited opened mode", state);
  on("edited", (id) => remember(id));
  on("busy", (busy) => { $("#busy").classList.toggle("on", busy); $("#stage").setAttribute("aria-busy", String(busy)); });
  on("failed", (text) => {
    $("#problem").textContent = text;
    $("#problem").hidden = false;
    $("#live").textContent = text;
  });
  strip.fill();
  state();
  if (session.troubles.length) notice(session.troubles.join(" · "), "error");
  emit("open", store.photos[0]?.id);
  addEventListener("pagehide", api.leave);
}

begin();
