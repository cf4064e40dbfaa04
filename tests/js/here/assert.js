/** What the engine's tests need of Node's strict `assert`. */

/** Plain data as text, arrays of numbers of any kind alike. @param {any} value @returns {string} */
const text = value =>
  JSON.stringify(value, (_, one) => (ArrayBuffer.isView(one) ? Array.from(/** @type {any} */ (one)) : one));

/** @param {any} value @param {string} [message] */
const ok = (value, message) => { if (!value) throw Error(message ?? "not true"); };

export default {
  ok,
  equal: (/** @type {any} */ a, /** @type {any} */ b, /** @type {string} */ message) =>
    ok(Object.is(a, b), message ?? `${a}, not ${b}`),
  deepEqual: (/** @type {any} */ a, /** @type {any} */ b, /** @type {string} */ message) =>
    ok(text(a) === text(b), message ?? `${text(a)}, not ${text(b)}`),
};
