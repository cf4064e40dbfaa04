/**
 * The draws of PyTorch's generator on a CPU, so that a seed means here what it means in `gi_core`: the same weights,
 * labels, noise and starts. Uniform draws are equal to the bit, normal ones to rounding.
 *
 * Matsumoto and Nishimura, "Mersenne Twister", 1998 (MT19937); Box and Muller 1958, in PyTorch's order of draws.
 */

import { sha256 } from "./sha256.js";

const N = 624, M = 397;

/**
 * A seed of its own for each use of randomness in a run: `gi_core.seeds.stream_seed`.
 * @param {number} seed @param {string} purpose
 */
export const streamSeed = (seed, purpose) => sha256(`${seed}/${purpose}`)[0] >>> 1;

/** @param {number} seed @param {number} number */
export const restartSeed = (seed, number) => seed + 7919 * number;

export class Generator {
  /** @param {number} seed whole, its low 32 bits count */
  constructor(seed) {
    const state = new Uint32Array(N);
    state[0] = seed % 2 ** 32;
    for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    this.state = state;
    this.at = N;
    /** @type {number | null} the second of a pair of normal draws */ this.kept = null;
  }

  /** A whole number of 32 bits. */
  bits() {
    if (this.at === N) this.#twist();
    let y = this.state[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist() {
    const { state } = this;
    for (let i = 0; i < N; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
      state[i] = state[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }

  /** In [0, 1), 24 bits: torch.rand in float32. */
  uniform() {
    return (this.bits() & 0xffffff) / 2 ** 24;
  }

  /** In [0, 1), 53 bits: torch.rand in float64. */
  fine() {
    const high = this.bits() & 0x1fffff;
    return (high * 2 ** 32 + this.bits()) / 2 ** 53;
  }

  /** From 0 to `count` - 1: torch.randint. @param {number} count */
  whole(count) {
    return this.bits() % count;
  }

  /** The numbers from 0 to `count` - 1 in random order: torch.randperm. @param {number} count */
  order(count) {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = 0; i < count - 1; i++) {
      const other = i + this.whole(count - i);
      [order[i], order[other]] = [order[other], order[i]];
    }
    return order;
  }

  /**
   * `count` draws from [low, high): torch's uniform_.
   * @param {number} count @param {number} low @param {number} high
   */
  uniforms(count, low = 0, high = 1) {
    const from = Math.fround(low), wide = Math.fround(Math.fround(high) - from), drawn = new Float32Array(count);
    for (let i = 0; i < count; i++) drawn[i] = this.uniform() * wide + from;
    return drawn;
  }

  /** `count` draws from N(0, 1): torch.randn. From 16 on they come in blocks of 16. @param {number} count */
  normals(count) {
    if (count < 16) return Float32Array.from({ length: count }, () => this.#normal());
    const drawn = this.uniforms(count);
    for (let i = 0; i + 16 <= count; i += 16) boxMuller(drawn, i);
    if (count % 16) {
      drawn.set(this.uniforms(16), count - 16);
      boxMuller(drawn, count - 16);
    }
    return drawn;
  }

  #normal() {
    if (this.kept !== null) {
      const kept = this.kept;
      this.kept = null;
      return kept;
    }
    const angle = 2 * Math.PI * this.fine(), radius = Math.sqrt(-2 * Math.log1p(-this.fine()));
    this.kept = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/**
 * Sixteen uniform draws become normal ones, the first eight paired with the last.
 * @param {Float32Array} drawn @param {number} at
 */
function boxMuller(drawn, at) {
  for (let i = at; i < at + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - drawn[i])), angle = 2 * Math.PI * drawn[i + 8];
    drawn[i] = radius * Math.cos(angle);
    drawn[i + 8] = radius * Math.sin(angle);
  }
}
