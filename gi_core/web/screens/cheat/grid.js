/** Both grids of photographs, and the pair looked at: drawn at once, lit one by one. */

import { context, image, token } from "../../lib/canvas.js";
import { columnsOf } from "./model.js";

/** @typedef {{ image: CanvasImageSource, x: number, y: number, side: number }} Place a photograph within a bitmap */

const SIZE = 896;
const HATCH = 14;

/**
 * The photographs of a sheet.
 * @param {import("./model.js").Sheet} sheet @param {number} count @returns {Promise<Place[]>}
 */
export async function cutSheet({ src, side, columns }, count) {
  const bitmap = await image(src);
  return Array.from({ length: count }, (_, i) =>
    ({ image: bitmap, x: (i % columns) * side, y: Math.floor(i / columns) * side, side }));
}

/** @typedef {CanvasRenderingContext2D} Pen */

/** @param {Pen} drawn @param {Place} place @param {number} x @param {number} y @param {number} size */
function put(drawn, place, x, y, size) {
  drawn.imageSmoothingQuality = "high";
  drawn.drawImage(place.image, place.x, place.y, place.side, place.side, x, y, size, size);
}

/**
 * Slanted lines over a tile: not a photograph of its own.
 * @param {Pen} drawn @param {number} x @param {number} y @param {number} size
 */
function hatch(drawn, x, y, size) {
  drawn.save();
  drawn.beginPath();
  drawn.rect(x, y, size, size);
  drawn.clip();
  drawn.strokeStyle = token("panel");
  drawn.globalAlpha = 0.75;
  drawn.lineWidth = 3;
  drawn.beginPath();
  for (let at = -size; at < size; at += HATCH) {
    drawn.moveTo(x + at, y + size);
    drawn.lineTo(x + at + size, y);
  }
  drawn.stroke();
  drawn.restore();
}

/** A frame around the tile looked at. @param {Pen} drawn @param {number} x @param {number} y @param {number} size */
function ring(drawn, x, y, size) {
  for (const [colour, width] of /** @type {[string, number][]} */ ([["ink", 14], ["panel", 6]])) {
    drawn.strokeStyle = token(colour);
    drawn.lineWidth = width;
    drawn.strokeRect(x + 4, y + 4, size - 8, size - 8);
  }
}

/** Where tile `i` of `count` lies on the canvas. @param {number} i @param {number} count */
function box(i, count) {
  const columns = columnsOf(count), size = SIZE / columns;
  return { x: (i % columns) * size, y: Math.floor(i / columns) * size, size };
}

/** @param {HTMLCanvasElement} canvas */
function empty(canvas) {
  if (canvas.width !== SIZE) canvas.width = canvas.height = SIZE;
  const drawn = context(canvas);
  drawn.clearRect(0, 0, SIZE, SIZE);
  return drawn;
}

/** @param {HTMLCanvasElement} canvas @param {Place[]} photos @param {number} chosen */
export function drawPhotos(canvas, photos, chosen) {
  const drawn = empty(canvas), at = box(chosen, photos.length);
  photos.forEach((photo, i) => {
    const { x, y, size } = box(i, photos.length);
    put(drawn, photo, x, y, size);
  });
  if (photos.length) ring(drawn, at.x, at.y, at.size);
}

/**
 * What was read, at its photograph's place. An equal reading that the sheet leaves out is drawn from the photograph.
 * @param {HTMLCanvasElement} canvas @param {Place[]} photos @param {Place[]} readings
 * @param {import("./model.js").Tile[]} tiles @param {number} lit how many are lit @param {number} chosen
 */
export function drawReadings(canvas, photos, readings, tiles, lit, chosen) {
  const drawn = empty(canvas), at = box(chosen, tiles.length);
  tiles.forEach((tile, i) => {
    const { x, y, size } = box(i, tiles.length), place = placeOf(tile, photos[i], readings);
    if (i >= lit || !place) {
      drawn.fillStyle = token("sunk");
      drawn.fillRect(x, y, size, size);
      if (i < lit) frame(drawn, x, y, size);
      if (i < lit && tile.state === "blend") hatch(drawn, x, y, size);
      return;
    }
    put(drawn, place, x, y, size);
    if (tile.state === "blend") hatch(drawn, x, y, size);
  });
  if (tiles.length) ring(drawn, at.x, at.y, at.size);
}

/** A frame where nothing came through. @param {Pen} drawn @param {number} x @param {number} y @param {number} size */
function frame(drawn, x, y, size) {
  drawn.strokeStyle = token("line");
  drawn.lineWidth = 3;
  drawn.strokeRect(x + 1.5, y + 1.5, size - 3, size - 3);
}

/** @param {import("./model.js").Tile} tile @param {Place} photo @param {Place[]} readings @returns {Place | null} */
export function placeOf(tile, photo, readings) {
  if (tile.at !== undefined) return readings[tile.at] ?? null;
  return tile.state === "read" ? photo : null;
}

/** One photograph at full size, or grey. @param {HTMLCanvasElement} canvas @param {Place | null} place */
export function drawOne(canvas, place) {
  if (canvas.width !== 224) canvas.width = canvas.height = 224;
  const drawn = context(canvas);
  drawn.fillStyle = token("sunk");
  drawn.fillRect(0, 0, 224, 224);
  if (place) put(drawn, place, 0, 0, 224);
}
