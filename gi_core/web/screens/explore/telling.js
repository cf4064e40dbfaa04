/** What the page says: codes and numbers in, words of the page's language out. No DOM in here. */

import { number, ordinal, twoFigures, whole } from "../../lib/format.js";
import { standing } from "../../lib/verdict.js";
import { locale, t, words } from "../../lib/words.js";
import { ALIKE, proven, range } from "./model.js";

/** @typedef {import("./model.js").Choices} Choices */
/** @typedef {import("./model.js").Verdict} Verdict */
/** @typedef {ReturnType<typeof standing>} Standing */

/** A strength's number, as people write it: never an exponent. @param {number} value */
const plain = value => new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }).format(value);

/** What stands under a tick. @param {string} defense @param {number} strength */
export function tick(defense, strength) {
  if (!strength) return t(`explore.tick_none_${defense}`);
  return defense === "topk" ? t("explore.percent", { n: plain(100 * strength) }) : plain(strength);
}

/** "noise 0.01", for the middle of a sentence. @param {string} defense @param {number} strength */
export const strength = (defense, strength) =>
  t(strength ? `explore.with_${defense}` : `explore.without_${defense}`, { n: tick(defense, strength) });

/**
 * The sentence above the stage.
 * @param {{ level: Standing | null, mixed: number, own: boolean, running: boolean }} shown level null: nobody ran this
 */
export function headline({ level, mixed, own, running }) {
  const many = mixed > 1 ? "_many" : "";
  if (running) return t("explore.head_running" + many);
  if (level === null) return t((own ? "explore.head_own" : "explore.head_unrun") + many);
  return t("explore.head" + many, { what: t(`explore.head_${level}${many}`) });
}

/** What follows from the verdict. @param {Choices} choices @param {Verdict} verdict */
export function sentence({ defense, strength: s, mixed, own }, verdict) {
  const level = standing(verdict);
  if (mixed > 1) return t("explore.say_many", { n: mixed, what: t(`explore.say_many_${level}`) });
  if (defense === "noise" && s >= proven(mixed)) return t("explore.say_proven", { with: strength(defense, s) });
  const bare = s === 0 && verdict.level === 3 && !own;
  return bare ? t("explore.say_bare") : t(`explore.say_${level}`, { with: strength(defense, s) });
}

/**
 * The reason, in one line, and what a look at the model would have told.
 * @param {Verdict} verdict @param {number | null} gain of the attacker over the control, in dB
 */
export const reason = (verdict, gain) =>
  [
    t("explore.why", {
      candidates: verdict.candidates,
      rank: ordinal(verdict.rank, words),
      control: ordinal(verdict.control_rank, words),
    }),
    standing(verdict) === 0 && gain !== null ? distance(gain) : "",
    verdict.inspection ? t(`explore.inspected_${verdict.inspection.level}`) : "",
  ].filter(Boolean).join(" ");

/** How far the attacker's picture is from the control's, and from where on that means nothing. @param {number} gain */
const distance = gain =>
  t(Math.abs(gain) < ALIKE ? "explore.alike" : "explore.apart", { n: number(Math.abs(gain)), most: ALIKE });

/**
 * The prompt over the wire and the line under it.
 * @param {Choices} choices @param {Standing | null} level @param {number | null} flag @param {number | null} hides
 * @param {import("./model.js").Price | null} cost
 * @returns {[string, string]}
 */
export function prompt({ defense, strength: s, mixed, own, network }, level, flag, hides, cost) {
  if (level === null && own) return [t("explore.ask_own"), t("explore.ask_own_note")];
  if (level === null)
    return [
      t(defense === "noise" && network !== "lenet" ? "explore.ask_network" : `explore.ask_${defense}`),
      t("explore.ask_unrun"),
    ];
  if (mixed > 1) return [t("explore.ask_mixed"), t("explore.ask_mixed_note")];
  const stands = flag === null ? t("explore.ask_flag") : t("explore.flag_stands", { f: tick(defense, flag) });
  if (flag === null && s === 0) return [t(`explore.ask_${defense}`), stands];
  if (level === "short") return [t("explore.short"), t("explore.short_note")];
  if (level > 1) return [t("explore.still"), stands];
  if (level === 1) return [t("explore.colours"), stands];
  const found = hides ?? s,
    verdict = flag === null ? "" : guessed(flag, found, defense);
  const after = [verdict, price(defense, cost)].filter(Boolean).join(" ");
  return [t("explore.hidden", { z: tick(defense, found) }), after || stands];
}

/** @param {number} flag @param {number} found @param {string} defense */
const guessed = (flag, found, defense) =>
  t(flag === found ? "explore.guess_exact" : flag > found ? "explore.guess_more" : "explore.guess_less", {
    f: tick(defense, flag),
  });

/** What hiding costs. @param {string} defense @param {import("./model.js").Price | null} cost */
const price = (defense, cost) =>
  cost ? t("explore.costs", { with: strength(defense, cost.strength), n: number(100 * cost.share, 1) }) : "";

/** What the wire carries at this strength. @param {Choices} choices @param {number | null} share */
export function readout({ defense, strength: s }, share) {
  if (!s) return [t(`explore.read_none_${defense}`), t("explore.read_none")];
  const head = t(`explore.read_${defense}`, { n: tick(defense, s) });
  if (defense !== "noise") return [head, t(`explore.read_${defense}_note`)];
  if (share === null) return [head, t("explore.read_noise_cut")];
  const part = share < 0.01 ? t("explore.less_than_one") : t("explore.percent", { n: whole(100 * share) });
  return [
    head,
    `${t("explore.read_noise_note", { share: part })}<span class="more"> ${t("explore.read_noise_cut")}</span>`,
  ];
}

/**
 * The live numbers of one frame.
 * @param {import("./model.js").Frame | null} frame @param {number} steps @param {boolean} brief
 */
export const figures = (frame, steps, brief) => ({
  psnr: t("explore.db", { n: number(frame?.psnr) }),
  ssim: number(frame?.ssim, 2),
  loss: twoFigures(frame?.loss),
  step:
    !frame || !steps
      ? "–"
      : brief
        ? whole(frame.step)
        : t("explore.step_of", { at: whole(frame.step), of: whole(steps) }),
});

/** "about 5 to 9 s". @param {number | null} seconds */
export function time(seconds) {
  if (seconds === null) return t("explore.time_unknown");
  const [low, high] = range(seconds);
  if (high < 120) return t("explore.time_seconds", { low, high });
  return t("explore.time_minutes", {
    low: Math.max(1, Math.round(low / 60)),
    high: Math.max(2, Math.round(high / 60)),
  });
}
