/** Non-linearities s: their value, and s' and s'' / s' told from the output s. */

/**
 * @typedef {object} Activation
 * @property {(z: number) => number} value @property {(s: number) => number} slope
 * @property {(s: number) => number} bend s'' / s'
 */

/** @type {Record<"identity" | "relu" | "sigmoid" | "tanh" | "leaky-relu", Activation>} */
export const ACTIVATIONS = {
  identity: { value: z => z, slope: () => 1, bend: () => 0 },
  relu: { value: z => (z > 0 ? z : 0), slope: s => (s > 0 ? 1 : 0), bend: () => 0 },
  "leaky-relu": { value: z => (z > 0 ? z : 0.01 * z), slope: s => (s > 0 ? 1 : 0.01), bend: () => 0 },
  sigmoid: { value: z => 1 / (1 + Math.exp(-z)), slope: s => s * (1 - s), bend: s => 1 - 2 * s },
  tanh: { value: Math.tanh, slope: s => 1 - s * s, bend: s => -2 * s },
};
