// Writing: results, recipes, and settings copied to other photos.

import * as api from "./api.js";
import { $, announce, el, notice } from "./dom.js";
import { flush } from "./hints.js";
import { shown } from "./live.js";
import { base, edit, emit, isEdited, isOwn, on, photo, store, take } from "./store.js";

let running = null;

const active = (now) => now.steps.some((one) => one.on);
const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

export function exportDialog() {
  if (!store.current) return;
  const chosen = store.selected.size > 1;
  $("#export-this").textContent = photo().name;
  $("#export-selected").textContent = count(store.selected.size, "selected photo");
  $("#export-selected").closest("label").hidden = !chosen;
  $("#export-all").textContent = `all ${count(store.photos.length, "photo")}`;
  document.querySelector(`[name=which][value=${chosen ? "selected" : "this"}]`).checked = true;
  $("#export-out").textContent = store.out;
  which();
  $("#export").showModal();
}

function which() {
  const value = document.querySelector("[name=which]:checked").value;
  $("#export-settings").hidden = value === "this";
}

function orders() {
  const value = document.querySelector("[name=which]:checked").value;
  const own = document.querySelector("[name=settings]:checked").value === "own";
  const ids = { this: [store.current], selected: [...store.selected], all: store.photos.map((one) => one.id) }[value];
  const current = edit();
  return ids.map((id) => ({
    photo: id,
    edit: value === "this" || (own && isOwn(id) && isEdited(id)) ? edit(id) : current,
  }));
}

async function start() {
  const photos = orders();
  if (!photos.some((one) => active(one.edit))) {
    notice("All steps are off: there is nothing to export.", "error");
    return;
  }
  try {
    await flush();
    const body = { photos, format: $("#export-format").value };
    running = (await api.post("/api/exports", body)).export;
    announce(`Exporting ${count(photos.length, "photo")}`);
    watch(running);
  } catch (error) {
    notice(error.message, "error");
  }
}

async function watch(number) {
  const box = $("#progress");
  box.hidden = false;
  $("#progress-results").replaceChildren();
  $("#progress-cancel").hidden = false;
  for (;;) {
    let facts;
    try {
      facts = await api.get(`/api/exports/${number}`);
    } catch (error) {
      notice(error.message, "error");
      return;
    }
    if (running !== number) return;
    const part = (facts.done + facts.share) / facts.total;
    $("#progress-bar").value = part;
    const name = facts.current.map((id) => store.photos.find((one) => one.id === id)?.name ?? "").join(", ");
    $("#progress-text").textContent = facts.state === "running"
      ? `${facts.done} of ${facts.total} · ${name}` : summary(facts);
    if (facts.state !== "running") {
      announce(summary(facts));
      $("#progress-cancel").hidden = true;
      $("#progress-results").replaceChildren(...facts.rows.map(result));
      return;
    }
    await new Promise((done) => { setTimeout(done, 250); });
  }
}

function summary(facts) {
  const failed = facts.rows.filter((row) => row.error).length;
  const written = facts.rows.length - failed;
  const parts = [`${count(written, "photo")} written`];
  if (failed) parts.push(`${failed} failed`);
  if (facts.state === "cancelled") parts.push("cancelled");
  return parts.join(", ");
}

function result(row) {
  const text = row.error ?? [row.path, ...row.warnings].join(" · ");
  return el("li", { class: row.error ? "failed" : "" }, text);
}

export async function saveDialog() {
  if (!active(edit())) {
    notice("All steps are off: there is nothing to save.", "error");
    return;
  }
  const now = edit();
  const own = base(now)?.own;
  $("#save-name").value = own ? now.name : "";
  $("#save-title").value = own ? now.title : "";
  $("#save-about").value = own ? now.about : "";
  $("#save-error").textContent = "";
  $("#save-overwrite").closest("label").hidden = true;
  $("#save-overwrite").checked = false;
  await refreshToml();
  $("#save").showModal();
}

async function refreshToml() {
  try {
    $("#save-toml").value = (await api.post("/api/toml", { ...edit(), title: $("#save-title").value, about: $("#save-about").value })).toml;
  } catch (error) {
    $("#save-toml").value = error.message;
  }
}

async function save(event) {
  event.preventDefault();
  const [name, title, about] = ["name", "title", "about"].map((key) => $(`#save-${key}`).value.trim());
  try {
    const body = { edit: edit(), name, title: title || name, about, overwrite: $("#save-overwrite").checked };
    const { path, recipes } = await api.post("/api/recipes", body);
    store.recipes = recipes;
    emit("recipes");
    take({ ...edit(), name, title: title || name, about });
    $("#save").close();
    notice(`Saved: restore run ${name} PHOTOS   (${path})`);
    announce(`Recipe ${name} saved`);
  } catch (error) {
    $("#save-error").textContent = error.message;
    $("#save-overwrite").closest("label").hidden = !/exists already/.test(error.message);
  }
}

function download() {
  const url = URL.createObjectURL(new Blob([$("#save-toml").value], { type: "application/toml" }));
  const link = el("a", { href: url, download: `${$("#save-name").value.trim() || "recipe"}.toml` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export function copySettings() {
  const others = [...store.selected].filter((id) => id !== store.current);
  if (!others.length) {
    notice("Select photos first: Ctrl-click them in the strip, or Ctrl A.");
    return;
  }
  for (const id of others) take(edit(), id);
  notice(`Settings copied to ${count(others.length, "photo")}.`);
  announce(`Settings copied to ${count(others.length, "photo")}`);
}

export async function copyCommand() {
  const text = shown.command;
  try {
    await navigator.clipboard.writeText(text);
    notice(`Copied: ${text}`);
  } catch {
    notice(text);
  }
}

export function begin() {
  $("#export-format").replaceChildren(el("option", { value: "" }, "as the original"),
    ...store.formats.map((name) => el("option", { value: name }, name)));
  for (const radio of document.querySelectorAll("[name=which]")) radio.addEventListener("change", which);
  $("#export-start").addEventListener("click", start);
  $("#progress-cancel").addEventListener("click", () => api.remove(`/api/exports/${running}`).catch(() => {}));
  $("#progress-close").addEventListener("click", () => { $("#progress").hidden = true; });
  $("#save-form").addEventListener("submit", save);
  $("#save-title").addEventListener("change", refreshToml);
  $("#save-about").addEventListener("change", refreshToml);
  $("#save-download").addEventListener("click", download);
  on("planned", () => {
    $("#command").hidden = !shown.command;
    $("#command").title = shown.command ? `Copy: ${shown.command}` : "";
  });
}
