/**
 * One's own picture: dropped anywhere, pasted, chosen or taken; cropped by its owner; shrunk here, sent by nobody.
 */

import { context } from "../../lib/canvas.js";
import { shrink } from "../../lib/shrink.js";

/** @param {DataTransfer | null} held */
const filesOf = held =>
  [...(held?.files ?? [])].filter(
    file => file.type.startsWith("image/") || /\.(png|jpe?g|webp|gif|bmp)$/i.test(file.name),
  );

/**
 * @param {object} parts
 * @param {HTMLElement} parts.target gets the class "dropping" while something is dragged over the page
 * @param {HTMLInputElement} parts.file @param {HTMLButtonElement} parts.button
 * @param {() => boolean} parts.wanted whether this room is the one looked at
 * @param {Record<string, string>} parts.words
 * @param {(pictures: { file: File, src: string }[]) => void} parts.taken
 * @param {(message: string) => void} parts.refused
 * @param {number} [parts.most] pictures at a time @param {number} [parts.side] pixels that each keeps
 */
export function pictures({ target, file, button, wanted, words, taken, refused, most = 8, side = 512 }) {
  /** @param {File[]} files */
  const take = async files => {
    if (!files.length) return;
    try {
      const kept = files.slice(0, most);
      taken(await Promise.all(kept.map(async one => ({ file: one, src: await shrink(one, side, words) }))));
    } catch (error) {
      refused(error instanceof Error ? error.message : String(error));
    }
  };
  const over = (/** @type {boolean} */ on) => target.classList.toggle("dropping", on);
  window.addEventListener("dragover", event => {
    if (wanted()) {
      event.preventDefault();
      over(true);
    }
  });
  window.addEventListener("dragleave", event => {
    if (!event.relatedTarget) over(false);
  });
  window.addEventListener("drop", event => {
    if (!wanted()) return;
    event.preventDefault();
    over(false);
    const files = filesOf(event.dataTransfer);
    if (files.length) take(files);
    else if (event.dataTransfer?.files.length) take([...event.dataTransfer.files]);
  });
  window.addEventListener("paste", event => {
    if (wanted()) take(filesOf(event.clipboardData));
  });
  button.onclick = () => file.click();
  file.onchange = () => {
    take([...(file.files ?? [])]);
    file.value = "";
  };
}

/**
 * The part of a picture that its owner chose, as a data address of `side` x `side` pixels.
 * @param {CanvasImageSource} image
 * @param {{ x: number, y: number, size: number }} cut in the picture's pixels
 * @param {number} side
 */
export function cropped(image, { x, y, size }, side) {
  const canvas = document.createElement("canvas"),
    middle = document.createElement("canvas");
  middle.width = middle.height = Math.max(side, 4 * side);
  const wide = context(middle);
  wide.imageSmoothingQuality = "high";
  wide.drawImage(image, x, y, size, size, 0, 0, middle.width, middle.width);
  canvas.width = canvas.height = side;
  const small = context(canvas);
  small.imageSmoothingQuality = "high";
  small.drawImage(middle, 0, 0, side, side);
  return canvas.toDataURL("image/png");
}

/**
 * A cut moved by a drag or sized by a wheel, kept inside a square picture.
 * @param {{ x: number, y: number, size: number }} cut @param {number} whole
 */
export function inside({ x, y, size }, whole) {
  const kept = Math.min(whole, Math.max(whole / 8, size));
  const clamp = (/** @type {number} */ v) => Math.min(whole - kept, Math.max(0, v));
  return { x: clamp(x), y: clamp(y), size: kept };
}
