/** Which screens are mounted when: the one looked at first, the others when there is time or when asked for. */

/** @type {Map<string, () => void>} */
const asleep = new Map();
/** Mounted as soon as the page has them. */
const AT_ONCE = ["header", "explore"];

/** @param {string} name */
export function awaken(name) {
  const mount = asleep.get(name);
  asleep.delete(name);
  mount?.();
}

function awakenAll() {
  const [next] = asleep.keys();
  if (next === undefined) return;
  awaken(next);
  setTimeout(awakenAll, 50);
}

/** @param {string} name @param {() => void} mount */
export function whenWanted(name, mount) {
  const wanted = new URLSearchParams(location.search).get("tab");
  if (AT_ONCE.includes(name) || name === wanted) return mount();
  if (!asleep.size) setTimeout(awakenAll, 1500);
  asleep.set(name, mount);
}
