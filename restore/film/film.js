(() => {
  // Both films play together; where the browser cannot play them, a line says so.
  const player = document.querySelector(".player");
  const [before, after] = player.querySelectorAll("video");
  const [play, seek, time] = [".play", ".seek", ".time"].map((name) => player.querySelector(name));
  const begin = Number(player.querySelector(".pair").dataset.begin);
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const show = () => {
    time.value = `${clock(after.currentTime)} / ${clock(after.duration || 0)}`;
    if (after.duration) seek.value = (1000 * after.currentTime) / after.duration;
  };
  const follow = (slack) => {
    const there = after.currentTime + begin;
    if (Math.abs(before.currentTime - there) > slack) before.currentTime = there;
  };
  let ready = 0;
  for (const video of [before, after]) {
    video.addEventListener("loadedmetadata", () => {
      if (++ready < 2) return;
      player.hidden = false;
      follow(0);
      show();
    });
    video.addEventListener("error", () => { document.querySelector(".unplayable").hidden = false; });
    if (video.error) document.querySelector(".unplayable").hidden = false;
  }
  play.addEventListener("click", () => {
    if (after.paused) { follow(0); before.play(); after.play(); } else { before.pause(); after.pause(); }
  });
  after.addEventListener("play", () => { play.textContent = "Pause"; });
  after.addEventListener("pause", () => { play.textContent = "Play"; before.pause(); follow(0); });
  after.addEventListener("timeupdate", () => { follow(after.paused ? 0 : 0.12); show(); });
  seek.addEventListener("input", () => {
    after.currentTime = (seek.value / 1000) * (after.duration || 0);
    follow(0);
    show();
  });
})();
