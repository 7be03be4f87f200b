// Previews: sketches while a slider moves, the whole plan once it rests; the last one wins.

import * as api from "./api.js";
import { announce, debounced, notice } from "./dom.js";
import { edit, emit, on, recallHints, store } from "./store.js";

export const shown = {
  photo: null,
  size: [1, 1],
  frame: [0, 0, 1, 1],
  before: null,
  after: null,
  histograms: { before: null, after: null },
  plan: null,
  findings: [],
  headline: "",
  command: "",
};

let pending = null;
let sketching = false;
let wanted = false;

const active = (now) => now.steps.some((one) => one.on);

function body(more = {}) {
  return { photo: store.current, edit: edit(), hints: edit().hints, ...more };
}

/** Show another photo: as it is first, then restored. */
export async function open(photo) {
  pending?.abort();
  const own = (pending = new AbortController());
  Object.assign(shown, { photo, after: null, plan: null, findings: [], headline: "", command: "" });
  emit("busy", true);
  try {
    const [{ facts, picture }, { hints }] = await Promise.all([
      api.before(photo, own.signal),
      api.get(`/api/photos/${photo}/hints`, own.signal).catch(() => ({ hints: [] })),
    ]);
    if (own.signal.aborted) return;
    Object.assign(shown, { size: facts.size, frame: facts.frame, before: picture });
    if (facts.pages > 1) notice(`Page 1 of ${facts.pages} is shown; hints and marks apply to it alone. An export writes all pages.`);
    recallHints(photo, hints);
    shown.histograms = { before: facts.histogram, after: facts.histogram };
    emit("opened");
    await refresh();
  } catch (error) {
    if (error.gone) return;
    shown.before = null;
    emit("failed", error.message);
    emit("busy", false);
  }
}

/** Plan the current edit, and show it. */
export async function refresh() {
  if (!shown.before || shown.photo !== store.current) return;
  pending?.abort();
  const own = (pending = new AbortController());
  if (!active(edit())) {
    shown.histograms.after = shown.histograms.before;
    Object.assign(shown, { after: null, plan: null, findings: [], headline: "", command: "" });
    emit("busy", false);
    emit("planned");
    return;
  }
  emit("busy", true);
  try {
    const raw = edit().raw;
    const { facts, picture } = await api.preview(body(), own.signal);
    if (own.signal.aborted) return;
    shown.after = picture;
    shown.histograms.after = facts.histogram;
    shown.plan = { number: facts.number, raw };
    shown.findings = facts.findings;
    shown.command = facts.command;
    shown.headline = facts.headline.join("; ");
    emit("busy", false);
    emit("planned");
    if (shown.headline) announce(shown.headline);
  } catch (error) {
    if (error.gone) return;
    emit("busy", false);
    emit("refused", error.message);
    notice(error.message, "error");
  }
}

/** Plan the whole once nothing has moved for a while; not sooner, or the next sketch would wait. */
const rest = debounced(350, () => {
  if (sketching) rest();
  else refresh();
});

/** A slider moves. */
async function sketch() {
  rest();
  wanted = true;
  if (sketching || !shown.before) return;
  sketching = true;
  while (wanted && active(edit())) {
    wanted = false;
    pending?.abort();
    const own = (pending = new AbortController());
    try {
      const { facts, picture } = await api.preview(body({ sketch: true }), own.signal);
      if (own.signal.aborted) break;
      shown.after = picture;
      shown.plan = null;
      shown.histograms.after = facts.histogram;
      emit("sketched");
    } catch {
      break;
    }
  }
  sketching = false;
  rest();
}

on("adjusted", sketch);
on("planned", debounced(700, () => {
  if (shown.plan) api.warm(shown.photo, shown.plan).catch(() => {});
}));
const again = debounced(300, (plan) => {
  if (plan === shown.plan) refresh();
});
on("lost", again);
on("edited", (photo) => {
  if (photo !== store.current) return;
  // arrow keys on a slider: what the sketch shows now is planned once they rest
  if (sketching) rest();
  else refresh();
});
