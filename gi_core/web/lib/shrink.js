/** A picture made small in the browser, before anything is sent: a centred square, no metadata. */

import { context } from "./canvas.js";
import { number } from "./format.js";
import { say } from "./words.js";

const MEGABYTES = 20, MEGAPIXELS = 40;
const HEADS = [[0x89, 0x50, 0x4e, 0x47], [0xff, 0xd8], [0x52, 0x49, 0x46, 0x46], [0x47, 0x49, 0x46], [0x42, 0x4d]];

/**
 * The key of a refusal with its values, or null: told from the file's own bytes, before it is decoded.
 * @param {Uint8Array} bytes
 * @returns {[string, Record<string, any>] | null}
 */
export function refusal(bytes) {
  /** @param {number[]} head */
  const starts = head => head.every((byte, i) => bytes[i] === byte);
  if (bytes.length > MEGABYTES * 1e6) return ["too_big", { mb: number(bytes.length / 1e6) }];
  if (!HEADS.some(starts)) return ["not_picture", {}];
  if (starts(HEADS[0]) && bytes.length >= 24) {
    const view = new DataView(bytes.buffer, bytes.byteOffset), width = view.getUint32(16), height = view.getUint32(20);
    if (width * height > MEGAPIXELS * 1e6) return ["too_many_pixels", { size: `${width} × ${height}` }];
  }
  const tail = bytes.subarray(Math.max(0, bytes.length - 64));
  const ends = tail.some((byte, i) => byte === 0xff && tail[i + 1] === 0xd9);
  return starts(HEADS[1]) && !ends ? ["truncated", {}] : null;
}

/**
 * A PNG data address of at most `side` x `side` pixels. Throws an Error with one sentence in the page's words.
 * @param {File} file @param {number} side @param {import("./words.js").Words} words
 */
export async function shrink(file, side, words) {
  /** @param {string} key @param {Record<string, any>} values */
  const refused = (key, values) => Error(say(words[key], { name: file.name, ...values }));
  if (file.size > MEGABYTES * 1e6) throw refused("too_big", { mb: number(file.size / 1e6) });
  const found = refusal(new Uint8Array(await file.arrayBuffer()));
  if (found) throw refused(...found);
  let bitmap;
  try { bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }); } catch {
    throw refused("not_picture", {});
  }
  const cut = Math.min(bitmap.width, bitmap.height), canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(side, cut);
  const drawn = context(canvas);
  drawn.fillStyle = "#fff";
  drawn.fillRect(0, 0, canvas.width, canvas.height);
  drawn.imageSmoothingQuality = "high";
  const x = (bitmap.width - cut) / 2, y = (bitmap.height - cut) / 2;
  drawn.drawImage(bitmap, x, y, cut, cut, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.toDataURL("image/png");
}
