/** SHA-256 (FIPS 180-4) of a short text. The browser's own is missing on plain http and answers late. */

/**
 * The first 32 bits of the fractional parts of the roots of the first `count` primes.
 * @param {number} power @param {number} count
 */
function fractions(power, count) {
  const found = [];
  for (let n = 2; found.length < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (prime) found.push(((n ** power % 1) * 2 ** 32) | 0);
  }
  return found;
}

const START = fractions(1 / 2, 8), ROUND = fractions(1 / 3, 64);

/** @param {number} word @param {number} by */
const turned = (word, by) => (word >>> by) | (word << (32 - by));

/** @param {Uint8Array} text padded to whole blocks of 64 bytes */
function padded(text) {
  const blocks = new Uint8Array(Math.ceil((text.length + 9) / 64) * 64), view = new DataView(blocks.buffer);
  blocks.set(text);
  blocks[text.length] = 0x80;
  view.setUint32(blocks.length - 4, 8 * text.length);
  return view;
}

/** @param {DataView} view @param {number} at */
function schedule(view, at) {
  const w = new Int32Array(64);
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const a = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const b = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = (w[i - 16] + a + w[i - 7] + b) | 0;
  }
  return w;
}

/** The eight 32-bit words of the hash. @param {string} text */
export function sha256(text) {
  const view = padded(new TextEncoder().encode(text)), hash = Int32Array.from(START);
  for (let at = 0; at < view.byteLength; at += 64) {
    const w = schedule(view, at);
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i++) {
      const first = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + ROUND[i] + w[i];
      const second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { hash[i] += word; });
  }
  return Uint32Array.from(hash);
}
