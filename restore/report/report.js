"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Before | after: a divider for mouse, touch, keyboard and screen reader.
  const move = (pair, share) => {
    const at = Math.min(100, Math.max(0, share));
    const divider = pair.querySelector(".divider");
    pair.style.setProperty("--at", `${at}%`);
    divider.setAttribute("aria-valuenow", Math.round(at));
    divider.setAttribute("aria-valuetext", `${Math.round(at)}% before, ${100 - Math.round(at)}% after`);
  };
  const where = (pair, event) => {
    const box = pair.getBoundingClientRect();
    return (100 * (event.clientX - box.left)) / box.width;
  };
  for (const pair of document.querySelectorAll(".pair")) {
    const divider = document.createElement("div");
    divider.className = "divider";
    divider.tabIndex = 0;
    divider.setAttribute("role", "slider");
    divider.setAttribute("aria-label", `Divider between before and after, ${pair.dataset.name}`);
    divider.setAttribute("aria-valuemin", "0");
    divider.setAttribute("aria-valuemax", "100");
    pair.append(divider);
    move(pair, 50);
  }
  let held = null;  // a finger that scrolls the page leaves the divider alone
  document.addEventListener("pointerdown", (event) => {
    const pair = event.target.closest(".pair");
    if (!pair || event.button !== 0) return;
    held = { pair, x: event.clientX, moves: event.pointerType !== "touch" };
    pair.setPointerCapture(event.pointerId);
    pair.querySelector(".divider").focus({ preventScroll: true, focusVisible: false });
    if (!held.moves) return;
    event.preventDefault();
    move(pair, where(pair, event));
  });
  document.addEventListener("pointermove", (event) => {
    if (!held) return;
    held.moves ||= Math.abs(event.clientX - held.x) > 3;
    if (held.moves) move(held.pair, where(held.pair, event));
  });
  document.addEventListener("pointerup", (event) => {
    if (held && !held.moves) move(held.pair, where(held.pair, event));
    held = null;
  });
  document.addEventListener("pointercancel", () => { held = null; });
  const steps = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(".divider") || !(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const step = steps[event.key] * (event.shiftKey && event.key.startsWith("Arrow") ? 5 : 1);
    move(event.target.parentElement, Number(event.target.getAttribute("aria-valuenow")) + step);
  });

  // Pictures far below are read once there is time, and at once for a print.
  const asleep = [...document.querySelectorAll('img[loading="lazy"]')];
  const wake = (count) => {
    for (const image of asleep.splice(0, count)) image.loading = "eager";
    if (asleep.length) setTimeout(wake, 60, 10);
  };
  addEventListener("load", () => setTimeout(wake, 3000, 10));
  addEventListener("beforeprint", () => wake(Infinity));

  // Copy a command.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const code = button.parentElement.querySelector("code");
    let copied = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      copied = document.execCommand("copy");
    }
    button.textContent = copied ? "Copied" : "Selected";
    said.textContent = copied ? "Command copied" : "Command selected";
    setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2000);
  });
  const said = document.createElement("p");
  said.className = "spoken";
  said.setAttribute("role", "status");
  document.body.append(said);

  // Filter, sort, find.
  const tools = document.querySelector(".tools");
  if (!tools) return;
  tools.hidden = false;
  const photos = [...document.querySelectorAll(".card, .row")];
  const buttons = [...tools.querySelectorAll("[data-filter]")];
  const [select, find, output] = ["select", "input", "output"].map((name) => tools.querySelector(name));
  const passes = {
    all: () => true,
    warnings: (photo) => photo.dataset.warnings !== "0",
    others: (photo) => photo.matches(".row:not(.restored)"),
  };
  const filter = () => {
    const pass = passes[buttons.find((button) => button.ariaPressed === "true").dataset.filter];
    const words = find.value.trim().toLowerCase();
    let count = 0;
    for (const photo of photos) {
      photo.hidden = !(pass(photo) && photo.dataset.name.toLowerCase().includes(words));
      count += !photo.hidden;
    }
    for (const section of document.querySelectorAll("main > section:has(.card, .row)"))
      section.hidden = !section.querySelector(":is(.card, .row):not([hidden])");
    output.textContent = count === photos.length ? "" : `${count} of ${photos.length} photos`;
  };
  for (const button of buttons)
    button.addEventListener("click", () => {
      for (const other of buttons) other.ariaPressed = String(other === button);
      filter();
    });
  find.addEventListener("input", filter);
  const names = new Intl.Collator("en", { numeric: true });
  const number = (key, sign) => (a, b) => sign * (a.dataset[key] - b.dataset[key]);
  const orders = {
    number: number("number", 1),
    warnings: number("warnings", -1),
    name: (a, b) => names.compare(a.dataset.name, b.dataset.name),
    seconds: number("seconds", -1),
    group: (a, b) => names.compare(a.dataset.group, b.dataset.group),
  };
  select.addEventListener("change", () => {
    const order = (a, b) => orders[select.value](a, b) || orders.number(a, b);
    for (const list of document.querySelectorAll(".cards, .rows")) list.append(...[...list.children].sort(order));
  });
  filter();
})();
