/** Three rooms, language, theme, projector: all in the browser. */

import { emit, explore, on } from "../../lib/bus.js";
import { fill, finder } from "../../lib/page.js";
import { awaken } from "../../lib/rooms.js";
import { language, languages, recall, remember, words } from "../../lib/words.js";
import page from "./header.html";

/** What each room shows, by the names of the screens that there are. @type {Record<string, string[]>} */
export const ROOMS = { explore: ["explore"], compare: ["compare"], evidence: ["evidence"] };
/** Scenes of a room that stand for themselves. @type {Record<string, string>} */
const WITHIN = { cheat: "explore" };
/** Where addresses of before lead. @type {Record<string, string>} */
const MOVED = {
  lab: "explore", dial: "explore", anatomy: "explore", lesson: "explore", feasibility: "evidence", risk: "evidence",
};

/** The room, or scene, that a tab of an address means; an unknown one is the first. @param {string | null} tab */
export function roomOf(tab) {
  const room = MOVED[tab ?? ""] ?? tab ?? "";
  return room in ROOMS || room in WITHIN ? room : "explore";
}

/** The one header of this page, made before Gradio is there or by it. @type {HTMLElement | null} */
let made = null;

/** @param {import("../../lib/page.js").Context} context */
export function mount({ element }) {
  if (made) {
    element.replaceChildren(made);
    show(roomOf(document.body.dataset.tab ?? null));
    return;
  }
  made = fill(element, page, words);
  const find = finder(made),
    query = new URLSearchParams(location.search);
  const whole = !document.body.classList.contains("static");
  const rooms = Object.keys(ROOMS).filter(room => whole || document.getElementById(`tab-${room}`));
  find("rooms").append(...rooms.map(door));
  colours(find("theme"), query);
  projector(find("projector"), query);
  tongue(find("lang"));
  find("link").onclick = () => emit("link");
  on("show", show);
  document.body.dataset.tab = roomOf(query.get("tab"));
  setTimeout(() => show(roomOf(query.get("tab"))), 0);
}

/** @param {string} room */
function door(room) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.room = room;
  button.dataset.testid = `room-${room}`;
  button.textContent = words["header." + room];
  button.onclick = () => show(room);
  return button;
}

/** @param {string} room a room, or a screen that stands for itself */
function show(room) {
  const screens = ROOMS[room] ?? [room];
  screens.forEach(awaken);
  for (const tab of document.querySelectorAll('.gi-tab[id^="tab-"]'))
    tab.classList.toggle("gi-off", !screens.includes(tab.id.slice(4)));
  made?.querySelectorAll("nav button").forEach(button => {
    const here = /** @type {HTMLElement} */ (button).dataset.room === (WITHIN[room] ?? room);
    if (here) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  });
  document.body.dataset.tab = room;
  emit("tab", room);
}

/** @param {boolean} on */
function dark(on) {
  document.body.classList.toggle("dark", on);
  emit("theme");
}

/** @param {HTMLElement} button @param {URLSearchParams} query */
function colours(button, query) {
  button.onclick = () => {
    dark(!document.body.classList.contains("dark"));
    remember("gi-theme", document.body.classList.contains("dark") ? "dark" : "light");
  };
  const asked = query.get("__theme") ?? recall("gi-theme");
  if (asked) dark(asked === "dark");
}

/** @param {HTMLElement} button @param {URLSearchParams} query */
function projector(button, query) {
  const project = (/** @type {boolean} */ on) => {
    document.body.classList.toggle("projector", on);
    emit("theme");
  };
  button.onclick = () => {
    project(true);
    button.blur();
  };
  window.addEventListener("keydown", event => {
    const typing = /** @type {HTMLElement} */ (event.target).closest?.("input:not([type=range]), select, textarea");
    if (event.key === "Escape") project(false);
    if (event.key.toLowerCase() === "p" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey)
      project(!document.body.classList.contains("projector"));
  });
  if (query.has("projector")) project(true);
}

/**
 * The language changes with the page: settings and room go along in the address.
 * @param {HTMLSelectElement} select
 */
function tongue(select) {
  select.append(...languages.map(name => new Option(name.toUpperCase(), name)));
  select.value = language;
  select.onchange = () => {
    const query = new URLSearchParams(location.search);
    for (const [key, value] of new URLSearchParams(explore.query())) query.set(key, value);
    query.set("lang", select.value);
    query.set("tab", document.body.dataset.tab ?? "explore");
    location.search = query.toString();
  };
}
