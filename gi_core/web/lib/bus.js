/** What one screen tells another. Each event has one meaning and one shape of detail. */

/**
 * @typedef {{ settings: Record<string, any>, pictures: ({ sample: string } | { data: string })[] }} SetUp
 *   A Scenario's fields by name, and the private pictures.
 * @typedef {object} Events
 * @property {string} tab the room now shown
 * @property {string} show a room to go to
 * @property {Record<string, any>} open a run for Explore's stage, as payload.py writes it
 * @property {null} theme colours or sizes changed: canvases draw anew
 * @property {null} link the address of what is shown is wanted
 * @property {SetUp & { label?: string, run?: Record<string, any> }} lane a run to keep for Compare
 * @property {string} comparison a field to vary in Compare
 */

/**
 * @template {keyof Events} Name
 * @param {Name} name
 * @param {Events[Name]} [detail]
 */
export const emit = (name, detail) => window.dispatchEvent(new CustomEvent("gi:" + name, { detail }));

/**
 * @template {keyof Events} Name
 * @param {Name} name
 * @param {(detail: Events[Name]) => void} handler
 */
export const on = (name, handler) =>
  window.addEventListener("gi:" + name, event => handler(/** @type {CustomEvent} */ (event).detail));

/**
 * What Explore answers to the other rooms; it puts its own functions here when it is mounted.
 * `setUp`: the settings and pictures on its stage. `query`: the same as the address's query, no picture in it.
 * @type {{ setUp: () => SetUp | null, query: () => string }}
 */
export const explore = { setUp: () => null, query: () => "" };
