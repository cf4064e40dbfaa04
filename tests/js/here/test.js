/** Node's `test` in a browser: tests are collected, and run one after another. */

/** @type {[string, () => any][]} */
const tests = [];

/** @param {string} name @param {() => any} body */
export const test = (name, body) => { tests.push([name, body]); };

/** How many tests passed, and what the others said. */
export async function run() {
  const failed = /** @type {string[]} */ ([]);
  for (const [name, body] of tests)
    try { await body(); } catch (error) { failed.push(`${name}: ${error}`); }
  return { passed: tests.length - failed.length, failed };
}
