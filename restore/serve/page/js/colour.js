// CIE L*a*b* (D65) and sRGB, and what a colour is called.

const WHITE = [0.95047, 1, 1.08883];
const TO_RGB = [[3.2404542, -1.5371385, -0.4985314], [-0.969266, 1.8760108, 0.041556], [0.0556434, -0.2040259, 1.0572252]];
const TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]];
const times = (matrix, v) => matrix.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);

/** sRGB 0 … 1 of L*a*b*; values outside are out of gamut. */
export function toRgb([l, a, b]) {
  const y = (l + 16) / 116;
  const cube = (t) => (t > 6 / 29 ? t ** 3 : (3 * (6 / 29) ** 2) * (t - 4 / 29));
  const xyz = [y + a / 500, y, y - b / 200].map((t, k) => cube(t) * WHITE[k]);
  return times(TO_RGB, xyz).map((v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}

/** L*a*b* of sRGB 0 … 1. */
export function toLab(rgb) {
  const linear = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  const [x, y, z] = times(TO_XYZ, linear).map((v, k) => v / WHITE[k]);
  const root = (t) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
  return [116 * root(y) - 16, 500 * (root(x) - root(y)), 200 * (root(y) - root(z))];
}

const byte = (v) => Math.round(255 * Math.min(1, Math.max(0, v)));

export const hex = (lab) => `#${toRgb(lab).map((v) => byte(v).toString(16).padStart(2, "0")).join("")}`;

/** A colour light enough for its hue to be seen, for swatches and pins. */
export const visible = ([l, a, b]) => [Math.min(80, Math.max(45, l)), a, b];

export const fromHex = (text) => toLab([1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16) / 255));

const NAMES = [[20, "pink red"], [45, "red"], [70, "orange"], [100, "yellow"], [130, "yellow green"], [165, "green"], [215, "teal"], [270, "blue"], [305, "violet"], [340, "purple"], [361, "pink"]];

/** A colour in a word, for those who cannot see the swatch. */
export function named([l, a, b]) {
  const chroma = Math.hypot(a, b);
  const light = l < 30 ? "dark " : l > 75 ? "pale " : "";
  if (chroma < 7) return l < 20 ? "black" : l > 90 ? "white" : `${light}grey`;
  const hue = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
  const name = NAMES.find(([end]) => hue < end)[1];
  return `${light}${chroma < 18 ? "greyish " : ""}${name === "orange" && l < 55 ? "brown" : name}`;
}
