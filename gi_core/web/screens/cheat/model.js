/** What the scene says of a choice and its reading: keys of words with their values, no page in sight. */

/**
 * @typedef {{ server: string, network: string, batch: number, clients: number, noise: number }} Choice
 * @typedef {object} Tile what became of one photograph
 * @property {"read" | "blend" | "noisy" | "lost"} state
 * @property {number} [psnr] in dB @property {number} [step] the largest difference of a pixel, in 255ths
 * @property {boolean} [trusted] @property {number} [crowd] photographs in its row @property {number} [at] in the sheet
 * @typedef {{ src: string, side: number, columns: number }} Sheet
 * @typedef {object} Reading
 * @property {Tile[]} tiles @property {Sheet | null} sheet
 * @property {number} read @property {number} exact @property {number} trusted
 * @property {number} others @property {number} others_read
 * @property {number | null} expected a share @property {number} rows @property {number} layer
 * @property {number} decoding in seconds
 * @property {{ sent: string, clean: string, numel: number, share: number }} wire
 * @typedef {{ choice: Choice, seconds: number, reading: Reading }} Round
 * @typedef {{ check: string, layer: string, value: number | null, level: "red" | "amber" }} Finding
 * @typedef {{ level: "red" | "amber" | "green", findings: Finding[], fingerprint: string }} Inspection
 */

/** Checks in the order in which they are told, the plainest first. */
const TOLD = ["architecture", "repeated rows", "bias order", "rows of one picture", "effective rank"];
const SHOWN = 3;

/** One name for one choice. @param {Choice} choice */
export const keyOf = ({ server, network, batch, clients, noise }) =>
  [server, network, batch, clients, Number(noise)].join(" ");

/** @param {Round[]} rounds @param {Choice} choice @returns {Reading | null} */
export const recordedFor = (rounds, choice) =>
  rounds.find(round => keyOf(round.choice) === keyOf(choice))?.reading ?? null;

/**
 * Seconds that a round takes here, from those recorded with the same network; null where none was.
 * @param {Round[]} rounds @param {Choice} choice
 */
export function secondsOf(rounds, choice) {
  const like = rounds.filter(round => round.choice.network === choice.network && round.choice.server === choice.server);
  if (!like.length) return null;
  const each = like.map(({ choice: c, seconds }) => seconds / (c.batch * c.clients)).sort((a, b) => a - b);
  return Math.max(1, each[Math.floor(each.length / 2)] * choice.batch * choice.clients);
}

/**
 * The sentence on top.
 * @param {Choice} choice @param {Reading | null} reading @param {boolean} own
 * @returns {[string, Record<string, any>]}
 */
export function headline(choice, reading, own) {
  const count = choice.batch;
  if (!reading) return [own ? "cheat.headline_own" : "cheat.headline_unrun", { count }];
  if (choice.server === "honest") return ["cheat.headline_honest", { count }];
  return [reading.read ? "cheat.headline" : "cheat.headline_none", { read: reading.read, count }];
}

/** What stands under the readings. @param {Choice} choice @param {Reading} reading @returns {string[]} */
export function tally(choice, reading) {
  if (choice.server === "honest") return ["cheat.tally_honest"];
  const blended = reading.tiles.filter(tile => tile.state === "blend").length;
  const drowned = reading.tiles.length - reading.read - blended;
  return [
    ...(reading.exact === reading.read ? ["cheat.tally_exact"] : ["cheat.tally_read"]),
    ...(blended ? ["cheat.tally_blend"] : []), ...(drowned ? ["cheat.tally_lost"] : []),
  ];
}

/** How many of each stand under the readings. @param {Reading} reading */
export function counts(reading) {
  const blended = reading.tiles.filter(tile => tile.state === "blend").length;
  return { read: reading.read, blended, lost: reading.tiles.length - reading.read - blended };
}

/**
 * What is said of the photograph looked at.
 * @param {Tile | undefined} tile @param {number} number from 1 @param {Choice} choice
 * @returns {[string, Record<string, any>]}
 */
export function caption(tile, number, choice) {
  const values = { number, psnr: tile?.psnr, step: tile?.step, crowd: tile?.crowd };
  if (!tile || choice.server === "honest") return ["cheat.photo", values];
  if (tile.state !== "read") return [`cheat.photo_${tile.state}`, values];
  return [tile.step === 0 ? "cheat.photo_same" : "cheat.photo_read", values];
}

/** The findings that are told, and how many more there are. @param {Inspection} inspection */
export function told({ findings }) {
  const place = (/** @type {Finding} */ f) => (TOLD.indexOf(f.check) + TOLD.length + 1) % (TOLD.length + 1);
  const known = new Map([...findings].reverse().map(finding => [finding.check, finding]));
  const order = [...known.values()].sort((a, b) =>
    Number(a.level === "amber") - Number(b.level === "amber") || place(a) - place(b));
  return { shown: order.slice(0, SHOWN), more: Math.max(0, order.length - SHOWN) };
}

/** Batches on offer: those that suffice, and all photographs. @param {number[]} batches @param {number} have */
export const offered = (batches, have) =>
  [...new Set([...batches.filter(batch => batch <= have), have])].slice(-4);

/** Columns of a grid of photographs. @param {number} count */
export const columnsOf = count => Math.ceil(Math.sqrt(count));

/** Which photograph lies at a place of a grid, each coordinate a share; null beside them. */
export function photoAt(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ count) {
  const columns = columnsOf(count), found = Math.floor(y * columns) * columns + Math.floor(x * columns);
  return x >= 0 && x < 1 && y >= 0 && found < count ? found : null;
}
