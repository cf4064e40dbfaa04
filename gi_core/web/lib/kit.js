/** The shared modules under one name, for screens not yet split into modules of their own. */

import * as canvas from "./canvas.js";
import { stepScale } from "./chart.js";
import * as format from "./format.js";
import { icon } from "./icons.js";
import { copy, fill, save, saveText, toast } from "./page.js";
import { awaken, whenWanted } from "./rooms.js";
import { shrink } from "./shrink.js";
import * as words from "./words.js";

/** @type {Record<string, any>} */
export const gi = {
  ...canvas, ...format, icon, copy, save, saveText, toast, awaken, whenWanted, shrink, say: words.say,
  mount: fill, scale: stepScale,
  get languages() { return words.languages; },
  get language() { return words.language; },
  get words() { return words.words; },
};
