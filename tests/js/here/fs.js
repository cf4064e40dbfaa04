/** Node's `readFileSync` in a browser, for files that were loaded before. */

/** @type {Map<string, ArrayBuffer>} */
const files = new Map();

/** @param {URL} address */
const name = address => address.pathname.split("/").pop() ?? "";

/** @param {URL} address */
export async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw Error(`${address}: ${answer.status}`);
  files.set(name(address), await answer.arrayBuffer());
}

/** A loaded file's text. @param {string} file */
load.text = file => new TextDecoder().decode(files.get(file));

/** @param {URL} address @param {string} [encoding] */
export function readFileSync(address, encoding) {
  const content = files.get(name(address));
  if (!content) throw Error(`${address} was not loaded`);
  return encoding ? new TextDecoder().decode(content) : new Uint8Array(content);
}
