/** The lesson: six cards over the stage, each of which moves the real controls that it talks about. */

import { emit } from "../../lib/bus.js";
import { icon } from "../../lib/icons.js";
import { standing } from "../../lib/verdict.js";
import { t } from "../../lib/words.js";
import { calm } from "./film.js";
import { hidden } from "./model.js";

/**
 * @typedef {import("./controller.js").Controller} Controller
 * @typedef {(stage: { control: Controller, later: (act: () => void, ms: number) => void }) => void} Act
 */

const SHOWN = 1600,
  SWEEP = 600;
const PLAIN = { network: "lenet", defense: "noise", strength: 0, mixed: 1, own: null, expert: {} };

/** Move the knob through every stop up to a strength, so that one sees who moved it. @type {(to: number) => Act} */
const sweep =
  to =>
  ({ control, later }) => {
    const path = control.stops().filter(stop => stop <= to);
    path.forEach((strength, i) => later(() => control.choose({ strength }), calm() ? 0 : (i * SWEEP) / path.length));
  };

/**
 * What each card does when it comes up, and which parts of the page it lights.
 * @type {{ spot: string[], act: Act }[]}
 */
export const CARDS = [
  {
    spot: ["private", "wire"],
    act: ({ control }) => {
      control.choose({ ...PLAIN });
    },
  },
  {
    spot: ["attacked", "film"],
    act: ({ control }) => {
      control.choose({ ...PLAIN }).then(() => control.play());
    },
  },
  {
    spot: ["attacked", "film"],
    act: ({ control, later }) => {
      control.choose({ ...PLAIN }).then(() => control.holdControl(true));
      later(() => control.holdControl(false), SHOWN);
    },
  },
  {
    spot: ["wire", "attacked"],
    act: ({ control }) => {
      control.choose({ ...PLAIN });
      control.state.flag = null;
    },
  },
  {
    spot: ["private", "wire", "attacked"],
    act: ({ control, later }) => {
      control.choose({ ...PLAIN, mixed: 4 });
      later(() => control.choose({ mixed: 8 }), SHOWN);
    },
  },
  {
    spot: ["wire"],
    act: ({ control }) => {
      control.choose({ ...PLAIN });
    },
  },
];

/** The smallest box around some parts. @param {HTMLElement[]} parts */
function around(parts) {
  const boxes = parts.map(part => part.getBoundingClientRect());
  const left = Math.min(...boxes.map(b => b.left)),
    top = Math.min(...boxes.map(b => b.top)) - 8;
  return {
    left,
    top,
    width: Math.max(...boxes.map(b => b.right)) - left,
    height: Math.max(...boxes.map(b => b.bottom)) + 8 - top,
  };
}

/** @param {string} act @param {string} text @param {string} [more] */
const button = (act, text, more = "") =>
  `<button type="button" class="btn ${act === "next" ? "main" : ""}" data-act="${act}" ${more}>${text}</button>`;

/** @param {number} at @param {number} count */
function page(at, count) {
  const dots = Array.from({ length: count }, (_, i) => `<i class="${i <= at ? "on" : ""}"></i>`).join("");
  const end = at === count - 1,
    card = `explore.card_${at + 1}`;
  return `<div class="n"><span class="dots" aria-hidden="true">${dots}</span>
    <span>${t("explore.card_of", { at: at + 1, of: count })}</span>
    ${button("leave", icon("cross"), `aria-label="${t("explore.lesson_leave")}"`)}</div>
    <div class="two"><div><h2 id="gi-card">${t(card)}</h2><p>${t(card + "_text")}</p></div>
    <div class="task"><p data-act="task" role="status"></p></div></div>
    <div class="b">${button("back", t("explore.back"), at ? "" : "disabled")}
    ${at === 3 ? button("show", t("explore.show_me")) : ""}
    ${end ? button("cheat", t("explore.cheats")) + button("compare", t("explore.lesson_compare")) : ""}
    ${button("next", t(end ? "explore.lesson_end" : "explore.next"))}</div>`;
}

export class Lesson {
  /** @param {HTMLElement} root @param {(name: string) => any} find @param {Controller} control */
  constructor(root, find, control) {
    this.find = find;
    this.control = control;
    this.at = -1;
    /** @type {number[]} */ this.clocks = [];
    this.hole = document.createElement("div");
    this.hole.className = "hole";
    this.card = document.createElement("aside");
    this.card.className = "card";
    this.card.dataset.testid = "lesson";
    this.card.setAttribute("role", "dialog");
    this.card.setAttribute("aria-labelledby", "gi-card");
    this.root = root;
    this.card.onclick = event => this.press(/** @type {HTMLElement} */ (event.target).closest("[data-act]"));
    control.drawn.push(look => this.told(look));
    window.addEventListener("resize", () => this.place());
    window.addEventListener("scroll", () => this.place(), true);
  }

  get open() {
    return this.at >= 0;
  }

  /** @param {number} at */
  show(at) {
    this.clocks.splice(0).forEach(clearTimeout);
    this.control.holdControl(false);
    if (at < 0 || at >= CARDS.length) return this.leave();
    this.at = at;
    this.root.append(this.hole, this.card);
    this.card.innerHTML = page(at, CARDS.length);
    this.place();
    this.find("explore").dataset.lesson = String(at + 1);
    CARDS[at].act({
      control: this.control,
      later: (act, ms) => {
        this.clocks.push(window.setTimeout(act, ms));
      },
    });
    /** @type {HTMLElement | null} */ (this.card.querySelector("[data-act=next]"))?.focus({ preventScroll: true });
  }

  leave() {
    if (!this.open) return;
    this.at = -1;
    this.clocks.splice(0).forEach(clearTimeout);
    this.control.holdControl(false);
    this.hole.remove();
    this.card.remove();
    delete this.find("explore").dataset.lesson;
    this.find("lesson").focus({ preventScroll: true });
  }

  place() {
    if (!this.open) return;
    const lit = CARDS[this.at].spot.map(name => this.find(name)).filter(part => part.getClientRects().length);
    const box = around(lit.length ? lit : [this.find("stage")]),
      below = innerHeight - box.top - box.height;
    for (const [side, value] of Object.entries(box)) this.hole.style.setProperty(side, value + "px");
    this.card.classList.toggle("over", below < 190);
    this.card.style.setProperty("--under", `${box.top + box.height + 16}px`);
  }

  /** What the card says of what is on the stage now. @param {import("./view.js").Look} look */
  told({ film, hides, choices }) {
    const task = this.card.querySelector("[data-act=task]");
    if (!this.open || !task) return;
    const level = film?.verdict ? standing(film.verdict) : null,
      found = this.at === 3 && level === 0 && choices.defense === "noise";
    const text = found
      ? t("explore.card_found", { z: hides ?? choices.strength })
      : t(`explore.card_${this.at + 1}_task`);
    if (task.textContent !== text) task.textContent = text;
  }

  /** @param {Element | null} button */
  press(button) {
    const act = /** @type {HTMLElement | null} */ (button)?.dataset.act ?? "";
    const { set } = this.control.subject();
    const acts = /** @type {Record<string, () => void>} */ ({
      next: () => this.show(this.at + 1),
      back: () => this.show(Math.max(0, this.at - 1)),
      leave: () => this.leave(),
      show: () =>
        sweep(hidden(set) ?? 0.01)({
          control: this.control,
          later: (go, ms) => {
            this.clocks.push(window.setTimeout(go, ms));
          },
        }),
      cheat: () => {
        this.leave();
        emit("show", "cheat");
      },
      compare: () => {
        this.leave();
        emit("show", "compare");
      },
    });
    acts[act]?.();
  }

  /** Whether the key was for the lesson. @param {string} key */
  key(key) {
    if (key === "l" && !this.open) {
      this.show(0);
      return true;
    }
    if (!this.open) return false;
    if (key === "n") this.show(this.at + 1);
    else if (key === "b") this.show(Math.max(0, this.at - 1));
    else if (key === "Escape") this.leave();
    else return false;
    return true;
  }
}
