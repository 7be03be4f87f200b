// What the page knows: photos, their edits with undo and redo, the selection, hints.

export const store = {
  photos: [],
  recipes: [],
  steps: {},
  formats: [],
  out: "",
  current: null,
  selected: new Set(),
  advice: {},
};

const events = new EventTarget();
const edits = new Map();

export function on(names, call) {
  for (const name of names.split(" ")) events.addEventListener(name, (event) => call(event.detail));
}

export function emit(name, detail) {
  events.dispatchEvent(new CustomEvent(name, { detail }));
}

const copy = (value) => JSON.parse(JSON.stringify(value));
const NOTHING = { name: "", title: "", about: "", raw: "developed", steps: [], hints: [] };
const LONGEST = 200;

function entry(photo) {
  if (!edits.has(photo)) {
    edits.set(photo, { now: copy(NOTHING), settled: copy(NOTHING), past: [], future: [], own: false });
  }
  return edits.get(photo);
}

/** The edit of a photo; of the current one by default. */
export const edit = (photo = store.current) => entry(photo).now;
/** Whether the user, and not the advice, made the photo's edit. */
export const isOwn = (photo) => entry(photo).own;
export const isEdited = (photo) => edits.has(photo) && entry(photo).now.steps.length > 0;
export const canUndo = () => store.current !== null && entry(store.current).past.length > 0;
export const canRedo = () => store.current !== null && entry(store.current).future.length > 0;

/** Change the current edit while a slider moves: nothing to undo yet. */
export function adjust(change) {
  change(edit());
  emit("adjusted");
}

/** Change the current edit without a sketch; `commit` makes it a step of undo. */
export function adjustQuietly(change) {
  change(edit());
}

/** Change the current edit, as one step of undo. */
export function commit(change = () => {}, photo = store.current) {
  const own = entry(photo);
  change(own.now);
  if (JSON.stringify(own.now) === JSON.stringify(own.settled)) return;
  own.past.push(own.settled);
  if (own.past.length > LONGEST) own.past.shift();
  own.future = [];
  own.settled = copy(own.now);
  own.own = true;
  emit("edited", photo);
}

/** Take the recipe of another edit; the photo keeps its hints. */
export function take(other, photo = store.current, own = true) {
  commit((now) => {
    for (const key of Object.keys(NOTHING)) if (key !== "hints") now[key] = copy(other[key]);
  }, photo);
  entry(photo).own = own;
}

/** Put an edit from the server in place, without a step of undo. */
export function recall(photo, other) {
  const own = entry(photo);
  own.now = { ...copy(NOTHING), ...copy(other) };
  own.settled = copy(own.now);
  own.own = true;
}

/** The hints of the file beside the photo: no step of undo. */
export function recallHints(photo, hints) {
  const own = entry(photo);
  for (const one of [own.now, own.settled]) one.hints = copy(hints);
}

function step(from, to, photo = store.current) {
  const own = entry(photo);
  if (!own[from].length) return;
  own[to].push(own.settled);
  own.settled = own[from].pop();
  own.now = copy(own.settled);
  own.own = true;
  emit("edited", photo);
}

export const undo = () => step("past", "future");
export const redo = () => step("future", "past");

export const photo = (id = store.current) => store.photos.find((one) => one.id === id);

/** The recipe that an edit began as. */
export const base = (now = edit()) => store.recipes.find((recipe) => recipe.name === now.name);

/** The value of a setting: the edit's, or else the default. */
export function value(entry, setting) {
  const given = entry.settings[setting.name];
  return given === undefined ? setting.default : given;
}

/** The labels the server gives the steps that are on: the second "levels" is "levels#2". */
export function labels(now = edit()) {
  const seen = {};
  return now.steps.map((one) => {
    if (!one.on) return null;
    seen[one.use] = (seen[one.use] ?? 0) + 1;
    return seen[one.use] > 1 ? `${one.use}#${seen[one.use]}` : one.use;
  });
}
