/** The expert drawer: every field of the Scenario behind the stage, what was measured, and what can be taken away. */

import { emit } from "../../lib/bus.js";
import { picture, tiles } from "../../lib/canvas.js";
import { whole } from "../../lib/format.js";
import { icon } from "../../lib/icons.js";
import { copy, toast } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";
import { drawChecks } from "./checks.js";
import { changeOf, group, show } from "./fields.js";
import { fitting } from "./fits.js";
import { curves, measured, reasons } from "./known.js";
import { link, views } from "./linked.js";
import { download, formats, held } from "./takeaway.js";
import { threatFilter } from "./threat.js";

/** @typedef {import("./controller.js").Controller} Controller */

/** @param {string} act @param {string} text */
const button = (act, text) => `<button type="button" class="btn s" data-act="${act}">${text}</button>`;

/** @param {Record<string, any>} catalog */
const page = catalog => `<div class="top"><h2>${t("explore.expert")}</h2>
  <span class="small">${t("explore.expert_note")}</span>${button("plain", t("explore.plain"))}
  <button type="button" class="btn s" data-act="close" aria-label="${t("explore.close")}">
  ${icon("cross")}</button></div>
  ${catalog.expert.map(group).join("")}
  <section data-part="measured"><h3>${t("explore.g_measured")}</h3><dl class="kv"></dl></section>
  <section data-part="how" class="wide"><h3>${t("explore.how")}</h3><div class="how"></div>
  <figure class="denoised" hidden><canvas role="img" aria-label="${t("opinion")}"></canvas>
  <figcaption></figcaption></figure>
  <div class="checks-run">${button("checks", t("more_controls"))}
  <div data-part="checks" aria-live="polite"></div></div>
  ${views}${button("clients", t("clients_curve"))}</section>
  <section data-part="repeat"><h3>${t("explore.g_repeat")}</h3><div class="files">
  ${button("cli", t("copy_cli"))}${button("python", t("copy_python"))}<span class="formats"></span></div></section>`;

export class Drawer {
  /** @param {HTMLElement} root @param {(name: string) => any} find @param {Controller} control */
  constructor(root, find, control) {
    this.root = root;
    this.find = find;
    this.control = control;
    this.box = document.createElement("aside");
    this.box.className = "drawer";
    this.box.dataset.testid = "drawer";
    this.box.setAttribute("aria-label", t("explore.expert"));
    this.box.innerHTML = page(control.catalog);
    this.box.onchange = event => this.changed(/** @type {HTMLInputElement} */ (event.target));
    this.box.onclick = event => this.press(/** @type {HTMLElement} */ (event.target).closest("[data-act]"));
    this.badge = threatFilter(this.box, control.catalog.threats);
    this.look = link(this.box, control);
    this.fit = fitting(this.box, control);
    this.curves = document.createElement("div");
    this.curves.className = "curves";
    control.drawn.push(look => this.told(look));
  }

  get open() {
    return this.box.isConnected;
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.box.querySelector(selector);
  }

  /** @param {boolean} open @param {string} [part] to bring into view */
  show(open, part) {
    if (open) {
      this.root.append(this.box);
      this.find("explore").append(this.curves);
    } else {
      this.box.remove();
      this.curves.remove();
    }
    this.root.classList.toggle("with-drawer", open);
    this.find("expert").setAttribute("aria-expanded", String(open));
    this.control.redraw();
    if (open && part) this.part(`[data-part=${part}]`)?.scrollIntoView({ block: "start" });
    if (!open) this.find("expert").focus({ preventScroll: true });
  }

  /** Open a view that looks at the update. @param {string} name */
  view(name) {
    const view = this.part(`[data-view=${name}]`);
    this.show(true);
    view.open = true;
    view.scrollIntoView({ block: "start" });
    this.control.connected.push(() => view.scrollIntoView({ block: "start" }));
  }

  /** @param {HTMLInputElement} node */
  changed(node) {
    const { field, check } = node.dataset,
      { settings } = this.control.subject();
    if (field) this.control.expert(...changeOf(node, settings, this.control.catalog.priors));
    if (!check) return;
    const ticked = [...this.box.querySelectorAll(`[data-check=${check}]:checked`)];
    this.control.expert(check, ticked.map(box => /** @type {HTMLInputElement} */ (box).value).join("+") || "none");
  }

  /** @param {HTMLElement | null} button */
  press(button) {
    const act = button?.dataset.act ?? "";
    const acts = /** @type {Record<string, () => any>} */ ({
      close: () => this.show(false),
      plain: () => this.control.choose({ expert: {} }),
      cli: () => this.repeat("cli"),
      python: () => this.repeat("python"),
      checks: () => this.checks(),
      clients: () => {
        emit("show", "compare");
        emit("comparison", "clients");
      },
      file: () => {
        const { film } = this.control.subject();
        if (film) download(this.find, film, button?.dataset.format ?? "", this.control.line?.server);
      },
    });
    acts[act]?.();
  }

  /** Copy the command or the program that repeats what is on the stage. @param {"cli" | "python"} kind */
  async repeat(kind) {
    const { line } = this.control;
    if (!line?.server.explore_repeat) return;
    const told = await line.server.explore_repeat(this.control.setUp());
    if (told.error) toast(told.error);
    else copy(told[kind], t("copied"));
  }

  /** Run the other controls of the finished run. */
  async checks() {
    const { film } = this.control.subject(),
      { line } = this.control,
      button = this.part("[data-act=checks]"),
      box = this.part("[data-part=checks]");
    if (!film?.run || !line) return;
    button.disabled = true;
    box.textContent = t("explore.checking");
    const told = await line.server.more_controls({ id: film.run.id });
    button.disabled = false;
    if (this.control.subject().film?.run?.id === film.run.id) await drawChecks(box, told, film.run.size);
  }

  /** @param {import("./view.js").Look} look */
  told({ film, frame }) {
    if (!this.open) return;
    const { catalog, line } = this.control,
      run = film?.run ?? null,
      id = film && run?.verdict && held(film) ? String(run.id) : "";
    show(this.box, this.control.subject().settings, catalog.priors);
    this.badge();
    this.fit();
    this.part(".kv").innerHTML = measured(film);
    this.part(".how").innerHTML = reasons(film);
    this.curves.innerHTML = film ? curves(film, frame) : "";
    this.part(".checks-run").hidden = !id || !line?.server.more_controls || run?.where === "device";
    if (this.part("[data-part=checks]").dataset.of !== id) {
      this.part("[data-part=checks]").dataset.of = id;
      this.part("[data-part=checks]").replaceChildren();
    }
    const asked = Boolean(line?.server.download_run) && run?.where !== "device",
      offered = film ? formats(film, catalog.formats, asked) : [];
    const made = offered.map(kind =>
      `<button type="button" class="btn s" data-act="file" data-format="${kind}">${words["export_" + kind]}</button>`);
    if (this.part(".formats").dataset.kinds !== offered.join()) {
      this.part(".formats").innerHTML = made.join("");
      this.part(".formats").dataset.kinds = offered.join();
    }
    this.denoised(run, film?.frames[frame]?.step ?? 0);
    this.look();
  }

  /**
   * What the attack's denoiser would rather see, the latest of its views at this step.
   * @param {Record<string, any> | null} run @param {number} step
   */
  async denoised(run, step) {
    const seen = run?.opinions ?? [],
      view = seen.findLast((/** @type {any} */ one) => one.iteration <= step) ?? seen[0],
      box = this.part(".denoised");
    box.hidden = !view;
    if (!view || !run) return;
    box.querySelector("figcaption").textContent = t("opinion_at", { n: whole(view.iteration) });
    const { batch, width, height } = run.size;
    tiles(box.querySelector("canvas"), await picture(view.src), 0, batch, width, height);
  }
}
