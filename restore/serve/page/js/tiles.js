// Real pixels: tiles of 512, rendered by the plan itself, nearest to the middle first.

import * as api from "./api.js";
import { emit } from "./store.js";

const SIDE = 512;
const AT_ONCE = 2;
const KEPT = 160;

export class Tiles {
  constructor(photo, redraw) {
    this.redraw = redraw;
    this.reset(photo);
  }

  /** Forget all tiles: another photo, or another plan. */
  reset(photo) {
    this.abort?.abort();
    this.abort = new AbortController();
    this.photo = photo;
    this.held = new Map();
    this.running = 0;
    this.queue = [];
  }

  /** Draw what is there of the part between `low` and `high` (photo pixels), and fetch the rest. */
  draw(context, { plan, x0, y0, scale, device, low, high, size }) {
    const level = Math.max(0, Math.floor(Math.log2(1 / device) + 0.25));
    const span = SIDE * 2 ** level;
    const missing = [];
    const middle = [0, 1].map((k) => (low[k] + high[k]) / 2 / span - 0.5);
    for (let row = Math.max(0, Math.floor(low[1] / span)); row * span < Math.min(high[1], size[1]); row++) {
      for (let column = Math.max(0, Math.floor(low[0] / span)); column * span < Math.min(high[0], size[0]); column++) {
        const key = `${level}/${row}/${column}`;
        const picture = this.held.get(key);
        if (picture instanceof ImageBitmap) {
          const wide = picture.width * 2 ** level * scale;
          const tall = picture.height * 2 ** level * scale;
          context.drawImage(picture, x0 + column * span * scale, y0 + row * span * scale, wide, tall);
        } else if (picture === undefined) {
          missing.push([Math.hypot(column - middle[0], row - middle[1]), key]);
        }
      }
    }
    missing.sort((one, other) => one[0] - other[0]);
    this.queue = missing.map(([, key]) => key);
    this.plan = plan;
    this.fetch();
  }

  async fetch() {
    if (this.running >= AT_ONCE) return;
    const key = this.queue.shift();
    if (!key || this.held.has(key)) return;
    const { abort, held, photo, plan } = this;
    held.set(key, null);
    this.running++;
    try {
      const picture = await api.tile(photo, plan, ...key.split("/"), abort.signal);
      if (abort.signal.aborted) return;
      held.set(key, picture);
      if (held.size > KEPT) held.delete(held.keys().next().value);
    } catch (error) {
      // it stays empty; the server no longer has the plan if its process was started anew
      if (error.gone && !abort.signal.aborted && plan) emit("lost", plan);
    } finally {
      if (!abort.signal.aborted) {
        this.running--;
        this.redraw();
      }
    }
  }
}
