/** Pictures on canvases: sprites of tiles, difference maps. */

/** @typedef {{ data: Uint8ClampedArray | Uint8Array, width: number, height: number }} Pixels */

/** @type {Map<string, Promise<HTMLImageElement>>} */
const loaded = new Map();
const KEPT = 400;

/** A decoded picture. @param {string} source @returns {Promise<HTMLImageElement>} */
export const image = source => new Promise((resolve, reject) => {
  const picture = new Image();
  picture.onload = () => resolve(picture);
  picture.onerror = () => reject(new Error("a picture could not be read"));
  picture.src = source;
});

/** The same, decoded once; the oldest of `KEPT` make room. @param {string} source */
export function picture(source) {
  const known = loaded.get(source);
  if (known) return known;
  const made = image(source);
  loaded.set(source, made);
  if (loaded.size > KEPT) loaded.delete(/** @type {string} */ (loaded.keys().next().value));
  return made;
}

/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export function context(canvas) {
  const drawn = canvas.getContext("2d", { willReadFrequently: true });
  if (!drawn) throw new Error("this browser draws no canvas");
  return drawn;
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
export function resize(canvas, width, height) {
  canvas.width = width;
  canvas.height = height;
  canvas.style.aspectRatio = `${width}/${height}`;
}

/**
 * Draw `count` tiles of width x height, taken from `row` of a sprite, as a square-ish grid.
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasImageSource} sprite
 * @param {number} row @param {number} count @param {number} width @param {number} height
 */
export function tiles(canvas, sprite, row, count, width, height) {
  const columns = Math.ceil(Math.sqrt(count)), rows = Math.ceil(count / columns);
  const scale = count > 1 ? Math.max(1, Math.round(192 / width)) : 1;
  const gap = count > 1 ? Math.round(scale * width / 24) : 0;
  resize(canvas, columns * width * scale + (columns - 1) * gap, rows * height * scale + (rows - 1) * gap);
  const drawn = context(canvas);
  drawn.imageSmoothingEnabled = false;
  for (let i = 0; i < count; i++) {
    const x = (i % columns) * (width * scale + gap), y = Math.floor(i / columns) * (height * scale + gap);
    drawn.drawImage(sprite, i * width, row * height, width, height, x, y, width * scale, height * scale);
  }
}

/**
 * |a - b| x factor per colour, clamped to 255; opaque where either of both is.
 * @param {Pixels} a @param {Pixels} b @param {number} factor
 */
export function magnified(a, b, factor) {
  if (a.width !== b.width || a.height !== b.height)
    throw new RangeError(`pictures of ${a.width} x ${a.height} and ${b.width} x ${b.height} have no difference`);
  const made = new Uint8ClampedArray(b.data.length);
  for (let i = 0; i < made.length; i += 4) {
    for (let c = 0; c < 3; c++) made[i + c] = factor * Math.abs(b.data[i + c] - a.data[i + c]);
    made[i + 3] = Math.max(a.data[i + 3], b.data[i + 3]);
  }
  return made;
}

/**
 * The magnified difference of two canvases of equal size; `canvas` may be either of them.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLCanvasElement} before @param {HTMLCanvasElement} after
 * @param {number} factor
 */
export function difference(canvas, before, after, factor) {
  /** @param {HTMLCanvasElement} c */
  const read = c => context(c).getImageData(0, 0, c.width, c.height);
  const made = magnified(read(before), read(after), factor), { width, height } = after;
  resize(canvas, width, height);
  const pixels = context(canvas).createImageData(width, height);
  pixels.data.set(made);
  context(canvas).putImageData(pixels, 0, 0);
}

/** A colour of the page by its token's name. @param {string} name */
export const token = name => getComputedStyle(document.body).getPropertyValue("--" + name).trim();

/** "#rrggbb" as three numbers of 0..255. @param {string} hex */
export const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
