/** Sharing: the address of what is shown, a room in which a class follows, and links that set the stage for pupils. */

import { on } from "../../lib/bus.js";
import { icon } from "../../lib/icons.js";
import { copy, toast } from "../../lib/page.js";
import { language, t } from "../../lib/words.js";
import { NAMES } from "./locks.js";

/** @typedef {import("./controller.js").Controller} Controller */

const COUNTED = 5000;

/** @param {string} name */
const ticks = name => `<fieldset><legend>${t("teacher_" + name)}</legend>${NAMES.map(card =>
  `<label class="ck"><input type="checkbox" data-${name}="${card}"><span>${t("explore.g_" + card)}</span></label>`)
  .join("")}</fieldset>`;

/** @param {string} act @param {string} text */
const button = (act, text) => `<button type="button" class="btn s" data-act="${act}">${icon("link")} ${text}</button>`;

const page = () => `<div class="top"><h2>${t("header.share")}</h2>
  <button type="button" class="btn s" data-act="close" aria-label="${t("explore.close")}">
  ${icon("cross")}</button></div>
  <section><p>${t("link_copied")}</p>${button("link", t("copy_link"))}</section>
  <section data-part="room"><h3>${t("follow")}</h3><p data-part="open"></p>${button("follow", t("follow"))}
  <div data-part="opened" hidden><code data-part="address"></code>${button("room", t("copy_link"))}
  <button type="button" class="btn s" data-act="end">${t("room_end")}</button></div></section>
  <section><h3>${t("for_teachers")}</h3><p>${t("teacher_note")}</p>
  <div class="pair">${ticks("hide")}${ticks("lock")}</div>
  <label class="ck"><input type="checkbox" data-more="lesson"><span>${t("explore.share_lesson")}</span></label>
  <label class="ck"><input type="checkbox" data-more="projector"><span>${t("teacher_projector")}</span></label>
  <label class="ck"><input type="checkbox" data-more="lang"><span>${t("teacher_language")}</span></label>
  ${button("teach", t("teacher_copy"))}</section>`;

/** @param {string} query */
const address = query => `${location.href.split(/[?#]/)[0]}${query ? `?${query}` : ""}`;

export class Share {
  /** @param {HTMLElement} root @param {Controller} control */
  constructor(root, control) {
    this.root = root;
    this.control = control;
    this.counting = 0;
    this.box = document.createElement("aside");
    this.box.className = "share drawer";
    this.box.dataset.testid = "share";
    this.box.setAttribute("aria-label", t("header.share"));
    this.box.innerHTML = page();
    this.box.onclick = event => this.press(/** @type {HTMLElement} */ (event.target).closest("[data-act]"));
    on("link", () => {
      copy(control.address(), t("link_copied"));
      if (document.body.dataset.tab === "explore") this.show(true);
    });
    on("tab", () => this.show(false));
    window.addEventListener("keydown", event => event.key === "Escape" && this.show(false));
  }

  /** @param {string} name @returns {any} */
  part(name) {
    return this.box.querySelector(`[data-part=${name}]`);
  }

  /** @param {boolean} open */
  show(open) {
    if (!open) return this.box.remove();
    this.part("room").hidden = !this.control.line?.server.open_room;
    this.root.append(this.box);
    /** @type {HTMLElement | null} */ (this.box.querySelector("[data-act=close]"))?.focus();
  }

  /** @param {HTMLElement | null} button */
  press(button) {
    const acts = /** @type {Record<string, () => any>} */ ({
      close: () => this.show(false),
      link: () => copy(this.control.address(), t("link_copied")),
      follow: () => this.follow(),
      room: () => copy(this.room(), t("room_copied")),
      end: () => this.end(),
      teach: () => copy(this.forPupils(), t("teacher_copied")),
    });
    acts[button?.dataset.act ?? ""]?.();
  }

  /** The settings on the stage, with what the link hides, locks and starts. */
  forPupils() {
    const query = new URLSearchParams(this.control.query());
    for (const name of ["hide", "lock"]) {
      const ticked = [...this.box.querySelectorAll(`[data-${name}]:checked`)].map(
        node => /** @type {HTMLElement} */ (node).dataset[name],
      );
      if (ticked.length) query.set(name, ticked.join());
    }
    const values = /** @type {Record<string, [string, string]>} */ ({
      lesson: ["tab", "lesson"],
      projector: ["projector", "1"],
      lang: ["lang", language],
    });
    for (const node of this.box.querySelectorAll("[data-more]:checked"))
      query.set(...values[/** @type {HTMLElement} */ (node).dataset.more ?? ""]);
    return address(query.toString().replaceAll("%2C", ","));
  }

  room() {
    return address(`follow=${this.control.room?.code}`);
  }

  async follow() {
    const told = await this.control.line?.server.open_room({});
    if (!told || told.error) return toast(told?.error ?? t("explore.no_answer"));
    this.control.room = { code: told.code, key: told.key };
    this.opened(0);
    copy(this.room(), t("room_copied"));
    this.counting = window.setInterval(() => this.count(), COUNTED);
  }

  /** @param {number} watching */
  opened(watching) {
    const { room } = this.control;
    this.part("opened").hidden = !room;
    this.part("open").textContent = room ? t("room_open", { n: watching }) : "";
    this.part("address").textContent = room ? this.room() : "";
    this.box.querySelector("[data-act=follow]")?.toggleAttribute("hidden", Boolean(room));
  }

  async count() {
    const { room, line } = this.control;
    if (!room || document.hidden) return;
    const told = await line?.server.room(room).catch(() => null);
    if (told?.error) this.closed();
    else if (told) this.opened(told.watching);
  }

  closed() {
    clearInterval(this.counting);
    this.control.room = null;
    this.opened(0);
  }

  end() {
    this.control.line?.server.close_room(this.control.room);
    this.closed();
  }
}
