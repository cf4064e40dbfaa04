/** The pair of pictures: sheets of tiles, the difference between both, and the band between them. */

import { context, difference, rgb, token } from "../../lib/canvas.js";
import { layout } from "./model.js";

/** @typedef {import("./atlas.js").Tile} Tile */

export const FACTOR = 4;
const ROWS = 12,
  COLUMNS = 64;

/**
 * Set a canvas's size only where it differs: setting it wipes the picture.
 * @param {HTMLCanvasElement} canvas @param {number} side
 */
function square(canvas, side) {
  if (canvas.width !== side || canvas.height !== side) {
    canvas.width = side;
    canvas.height = side;
  }
}

/**
 * n tiles as a square sheet, `gap` pixels apart.
 * @param {HTMLCanvasElement} canvas @param {(Tile | null)[]} tiles @param {number} [gap]
 */
export function sheet(canvas, tiles, gap = 1) {
  const first = tiles.find(tile => tile);
  if (!first) return false;
  const { columns, side, top } = layout(tiles.length),
    step = first.side + (tiles.length > 1 ? gap : 0);
  square(canvas, side * step - (tiles.length > 1 ? gap : 0));
  const drawn = context(canvas);
  drawn.clearRect(0, 0, canvas.width, canvas.height);
  drawn.imageSmoothingEnabled = false;
  tiles.forEach((tile, i) => {
    if (!tile) return;
    const x = (i % columns) * step,
      y = Math.floor((top + Math.floor(i / columns)) * step);
    drawn.drawImage(tile.image, tile.x, tile.y, tile.side, tile.side, x, y, first.side, first.side);
  });
  return true;
}

/**
 * |a - b| x FACTOR on a third canvas, opaque; nothing where both have different sizes.
 * @param {HTMLCanvasElement} canvas @param {HTMLCanvasElement} truth @param {HTMLCanvasElement} guess
 */
export function contrast(canvas, truth, guess) {
  if (truth.width !== guess.width || truth.height !== guess.height) return square(canvas, 1);
  difference(canvas, truth, guess, FACTOR);
}

/** @type {Map<string, Uint8Array>} */
const unpacked = new Map();

/** @param {string} base64 */
function bytes(base64) {
  const known = unpacked.get(base64);
  if (known) return known;
  const made = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
  if (unpacked.size > 200) unpacked.clear();
  unpacked.set(base64, made);
  return made;
}

/**
 * The band: what the device computed up to the border, what leaves after it.
 * @param {HTMLCanvasElement} canvas @param {{ sent: string, clean: string | null }} band
 * @param {number} lead pixels inside the device
 */
export function drawBand(canvas, band, lead) {
  if (!canvas.clientWidth) return;
  const width = Math.round(canvas.clientWidth / 4),
    inside = Math.min(width, Math.round(lead / 4));
  if (canvas.width !== width || canvas.height !== ROWS) {
    canvas.width = width;
    canvas.height = ROWS;
  }
  const drawn = context(canvas),
    pixels = drawn.createImageData(width, ROWS);
  /** @param {Uint8Array} cells @param {number} from @param {number} to @param {string} low @param {string} high */
  const part = (cells, from, to, low, high) => {
    const a = rgb(token(low)),
      z = rgb(token(high));
    for (let x = from; x < to; x++)
      for (let y = 0; y < ROWS; y++) {
        const share =
          cells[y * COLUMNS + Math.min(COLUMNS - 1, Math.floor(((x - from) * COLUMNS) / Math.max(1, to - from)))] / 255;
        pixels.data.set([...a.map((q, i) => q + (z[i] - q) * share), 255], 4 * (y * width + x));
      }
  };
  part(bytes(band.clean ?? band.sent), 0, inside, "private-tint", "private");
  part(bytes(band.sent), inside, width, "leaving-tint", "leaving");
  drawn.putImageData(pixels, 0, 0);
}
