// Requests to our own server: each carries the secret of the page's address.

const secret = new URLSearchParams(location.search).get("secret") ?? "";
const identity = crypto.getRandomValues(new Uint32Array(3)).join("");

/** A refusal in words for the user; `gone` if the work is no longer wanted. */
export class Refusal extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
    this.gone = status === 409;
  }
}

/** Ask the server; `read` takes what is wanted from its reply. */
async function request(path, options = {}, read = () => null) {
  const headers = { "x-restore-secret": secret };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  try {
    const reply = await fetch(path, { ...options, headers, cache: "no-store" });
    if (reply.ok) return await read(reply);
    const text = await reply.text();
    throw new Refusal(wordsOf(text) || reply.statusText, reply.status);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error.name === "AbortError") throw new Refusal("cancelled", 409);
    if (error instanceof TypeError) throw new Refusal("The server has ended: start restore serve again.", 0);
    throw error;
  }
}

function wordsOf(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return text.trim();
  }
}

const sent = (method, body, signal) => ({ method, body: JSON.stringify(body), signal });

const json = (reply) => reply.json();
export const get = (path, signal) => request(path, { signal }, json);
export const getBlob = (path, signal) => request(path, { signal }, (reply) => reply.blob());
export const post = (path, body, signal) => request(path, sent("POST", body, signal), json);
export const put = (path, body) => request(path, sent("PUT", body));
export const remove = (path, options = {}) => request(path, { method: "DELETE", ...options });

/** Facts and a picture that come in one answer. */
async function both(reply) {
  const buffer = await reply.arrayBuffer();
  const length = new DataView(buffer).getUint32(0);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const picture = await createImageBitmap(new Blob([new Uint8Array(buffer, 4 + length)]));
  return { facts, picture };
}

const quiet = [];
let working = false;

/**
 * A request for what can wait, the lowest `rank` first: thumbnails, advice, cards. One at a time: a
 * browser opens six connections to a server for all tabs, and previews must find one.
 */
export function later(rank, call) {
  return new Promise((resolve, reject) => {
    quiet.push({ rank, call, resolve, reject });
    quiet.sort((one, other) => one.rank - other.rank);
    drain();
  });
}

async function drain() {
  if (working || !quiet.length) return;
  working = true;
  const { call, resolve, reject } = quiet.shift();
  try {
    resolve(await call());
  } catch (error) {
    reject(error);
  }
  working = false;
  drain();
}

const view = `/api/views/${identity}`;
const ofPhoto = (photo) => `${view}/photos/${photo}`;
const ofPlan = (photo, plan) => `${ofPhoto(photo)}/plans/${plan.number}`;
const raw = (plan) => `raw=${plan.raw}`;

export const before = (photo, signal) => request(`${ofPhoto(photo)}/before`, { signal }, both);
export const preview = (body, signal) => request(`${view}/preview`, sent("POST", body, signal), both);

export const tile = async (photo, plan, level, row, column, signal) => {
  const base = plan ? ofPlan(photo, plan) : ofPhoto(photo);
  const query = plan ? `?${raw(plan)}` : "";
  return createImageBitmap(await getBlob(`${base}/tiles/${level}/${row}/${column}${query}`, signal));
};
/** Let the server get ready for sketches. */
export const warm = (photo, plan) => request(`${ofPlan(photo, plan)}/warm?${raw(plan)}`, sent("POST", {}));
export const map = async (photo, plan, name) =>
  createImageBitmap(await getBlob(`${ofPlan(photo, plan)}/maps/${name}?${raw(plan)}`));
export const colours = (photo, plan, x, y) =>
  get(`${ofPlan(photo, plan)}/colours?${raw(plan)}&x=${x}&y=${y}`);

/** The tab is closed: its process may end. */
export function leave() {
  remove(view, { keepalive: true }).catch(() => {});
}
