// One control for each setting, made from its range, unit and help.

import { el, words } from "./dom.js";
import { adjust, commit, value } from "./store.js";

let ids = 0;

/** A step of a slider that is neither too coarse nor too fine: 1, 2 or 5 times a power of ten. */
export function fineness(low, high) {
  const rough = (high - low) / 200;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 5, 10].find((one) => one * ten >= rough * 0.999);
  return nice * ten;
}

const rounded = (number) => Number(number.toPrecision(6));

/** The row of a setting; `entry` is the step in the edit, `apply` what changes it. */
export function control(entry, setting, apply = set) {
  const id = `setting-${++ids}`;
  const kinds = { bool: toggle, str: setting.choices.length ? choice : text };
  const own = kinds[setting.kind] ?? slider;
  return own(entry, setting, id, (given) => apply(entry, setting, given));
}

function set(entry, setting, given) {
  if (given === setting.default) delete entry.settings[setting.name];
  else entry.settings[setting.name] = given;
}

function label(setting, id) {
  return el("label", { htmlFor: id, title: `${setting.about}` }, words(setting.name));
}

const help = (setting, id) => el("span", { id: `${id}-help`, class: "hidden" }, setting.about);

function slider(entry, setting, id, apply) {
  const bounded = setting.low !== null && setting.high !== null;
  const low = setting.low ?? -100;
  const high = setting.high ?? 100;
  const step = setting.kind === "int" ? setting.multiple : fineness(low, high);
  const now = value(entry, setting);
  const automatic = now === null;
  const start = automatic ? rounded((low + high) / 2) : now;
  const range = el("input", {
    type: "range", id, min: low, max: high, step, value: start, disabled: automatic,
    "aria-describedby": `${id}-help`, title: setting.about,
  });
  const number = el("input", {
    type: "number", class: "number", value: automatic ? "" : start, step: setting.kind === "int" ? setting.multiple : "any",
    disabled: automatic, placeholder: "auto", "aria-label": `${words(setting.name)}, ${setting.unit || "value"}`,
  });
  if (bounded) Object.assign(number, { min: low, max: high });
  const fill = () => range.style.setProperty("--at", `${(100 * (range.value - low)) / (high - low)}%`);
  fill();
  const unit = setting.unit.length <= 4 ? setting.unit : "";
  const spoken = () => range.setAttribute(
    "aria-valuetext", `${range.value}${setting.unit.startsWith("%") ? "" : " "}${setting.unit}`.trim(),
  );
  spoken();
  range.addEventListener("input", () => {
    number.value = range.value;
    fill();
    spoken();
    adjust(() => apply(Number(range.value)));
  });
  range.addEventListener("change", () => commit());
  number.addEventListener("change", () => {
    if (!number.checkValidity() || number.value === "") {
      number.value = value(entry, setting) ?? "";
      return;
    }
    range.value = number.value;
    fill();
    commit(() => apply(Number(number.value)));
  });
  const reset = () => {
    range.value = setting.default ?? start;
    number.value = range.value;
    fill();
    commit(() => apply(setting.default));
  };
  range.addEventListener("dblclick", reset);
  const name = label(setting, id);
  name.addEventListener("dblclick", reset);
  const auto = setting.optional ? el("button", {
    type: "button", class: "chip", "aria-pressed": String(automatic), title: "Let the step choose",
    onclick: () => commit(() => apply(value(entry, setting) === null ? start : null)),
  }, "auto") : null;
  return el("div", { class: "setting", data: { setting: setting.name } },
    el("div", { class: "head" }, name, auto, el("span", { class: "value" }, number, el("span", { class: "unit" }, unit))),
    range, help(setting, id));
}

function toggle(entry, setting, id, apply) {
  const box = el("input", {
    type: "checkbox", id, class: "switch", checked: value(entry, setting), title: setting.about,
    "aria-describedby": `${id}-help`,
    onchange: () => commit(() => apply(box.checked)),
  });
  return el("div", { class: "setting row", data: { setting: setting.name } }, label(setting, id), box, help(setting, id));
}

function choice(entry, setting, id, apply) {
  const now = value(entry, setting);
  const options = setting.choices.map((one) => el("option", { value: one, selected: one === now }, words(one)));
  const list = el("select", {
    id, title: setting.about, "aria-describedby": `${id}-help`,
    onchange: () => commit(() => apply(list.value)),
  }, options);
  return el("div", { class: "setting row", data: { setting: setting.name } }, label(setting, id), list, help(setting, id));
}

function text(entry, setting, id, apply) {
  const now = value(entry, setting);
  const colour = setting.unit.startsWith("#");
  const known = setting.unit.split(/[:,]/).map((one) => one.trim()).filter((one) => /^[a-z-]+$/.test(one));
  const names = el("datalist", { id: `${id}-names` }, known.map((one) => el("option", { value: one })));
  const box = el("input", {
    type: "text", id, value: now ?? "", placeholder: setting.optional ? "none" : setting.default, spellcheck: false,
    title: `${setting.about}: ${setting.unit}`, "aria-describedby": `${id}-help`, list: `${id}-names`,
    pattern: setting.pattern || null,
    onchange: () => {
      if (!box.checkValidity()) return box.reportValidity();
      return commit(() => apply(box.value === "" ? setting.default : box.value));
    },
  });
  const well = colour ? el("input", {
    type: "color", value: /^#/.test(now ?? "") ? now : "#c8b48c", "aria-label": `${words(setting.name)}, colour`,
    oninput: () => adjust(() => apply(well.value)),
    onchange: () => commit(() => apply(well.value)),
  }) : null;
  return el("div", { class: "setting row", data: { setting: setting.name } }, label(setting, id), box, well, names, help(setting, id));
}

