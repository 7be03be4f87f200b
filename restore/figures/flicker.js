"use strict";
(() => {
  const box = document.querySelector(".flicker");
  const pictures = [...box.querySelectorAll(".stack img")];
  const buttons = [...box.querySelectorAll("button[data-show]")];
  const play = box.querySelector("button[data-play]");
  const rate = box.querySelector("input");
  const said = box.querySelector("output");
  let shown = 0, timer = 0;
  const show = (n, aloud) => {
    shown = n;
    pictures.forEach((p, k) => { p.hidden = k !== n; });
    buttons.forEach((b, k) => b.setAttribute("aria-pressed", String(k === n)));
    if (aloud) said.textContent = buttons[n].textContent + " is shown";
  };
  const stop = () => { clearInterval(timer); timer = 0; play.setAttribute("aria-pressed", "false"); };
  const start = () => {
    clearInterval(timer);
    timer = setInterval(() => show(1 - shown, false), 1000 / Number(rate.value));
    play.setAttribute("aria-pressed", "true");
  };
  buttons.forEach((b, k) => b.addEventListener("click", () => { stop(); show(k, true); }));
  play.addEventListener("click", () => (timer ? stop() : start()));
  rate.addEventListener("input", () => { if (timer) start(); });
  box.querySelector(".stack").addEventListener("click", () => { stop(); show(1 - shown, true); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input")) return;
    if (event.key === " ") {
      if (event.target.closest("button, a")) return;
      event.preventDefault();
      stop();
      show(1 - shown, true);
    } else if (event.key === "f" || event.key === "F") {
      timer ? stop() : start();
    } else if (event.key === "ArrowLeft") {
      stop();
      show(0, true);
    } else if (event.key === "ArrowRight") {
      stop();
      show(1, true);
    }
  });
  show(0, false);
})();
