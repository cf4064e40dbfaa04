// @ts-nocheck -- to be rebuilt as modules
/* Tabs, language, theme, projector mode: all in the browser. */
import { gi } from "../../lib/kit.js";
import page from "./header.html";

export function mount({ element, props, trigger, watch, server }) {
  const words = props.words;
  const root = gi.mount(element, page, words);
  const find = name => root.querySelector(`[data-r=${name}]`);
  const nav = root.querySelector("nav"), select = root.querySelector("select.tabs");
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private browsing */ } };
  const recall = key => { try { return localStorage.getItem(key); } catch { return null; } };

  const show = name => {
    if (!props.tabs.includes(name)) name = props.tabs[0];
    gi.awaken(name);
    for (const tab of props.tabs) document.getElementById("tab-" + tab)?.classList.toggle("gi-off", tab !== name);
    nav.querySelectorAll("button").forEach(b => {
      b.setAttribute("aria-selected", b.dataset.tab === name);
      b.tabIndex = b.dataset.tab === name ? 0 : -1;
    });
    select.value = name;
    document.body.dataset.tab = name;
    window.dispatchEvent(new CustomEvent("gi:tab", { detail: name }));
  };
  for (const tab of props.tabs) {
    const button = document.createElement("button");
    button.type = "button";
    button.role = "tab";
    button.dataset.tab = tab;
    button.textContent = words["tab_" + tab];
    button.setAttribute("aria-controls", "tab-" + tab);
    button.onclick = () => show(tab);
    nav.append(button);
    select.append(new Option(words["tab_" + tab], tab));
  }
  nav.onkeydown = event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.stopPropagation();
    const next = props.tabs[(props.tabs.indexOf(document.body.dataset.tab) + step + props.tabs.length) % props.tabs.length];
    show(next);
    nav.querySelector(`[data-tab=${next}]`).focus();
  };
  select.onchange = () => show(select.value);
  window.addEventListener("gi:show", event => show(event.detail));

  const dark = on => {
    document.body.classList.toggle("dark", on);
    window.dispatchEvent(new Event("gi:theme"));
  };
  find("theme").onclick = () => {
    dark(!document.body.classList.contains("dark"));
    remember("gi-theme", document.body.classList.contains("dark") ? "dark" : "light");
  };
  const asked = new URLSearchParams(location.search).get("__theme");
  if (!asked && recall("gi-theme")) dark(recall("gi-theme") === "dark");

  const project = on => {
    document.body.classList.toggle("projector", on);
    window.dispatchEvent(new Event("gi:theme"));
  };
  find("projector").onclick = () => { project(true); document.activeElement.blur(); };
  window.addEventListener("keydown", event => { if (event.key === "Escape") project(false); });
  /* The language changes with the page: settings, tab and teacher's set-up go along in the address. */
  find("lang").append(...gi.languages.map(name => new Option(name.toUpperCase(), name)));
  find("lang").value = gi.language;
  find("lang").onchange = () => {
    const query = new URLSearchParams(location.search);
    for (const [key, value] of new URLSearchParams(gi.query?.() ?? "")) query.set(key, value);
    query.set("lang", find("lang").value);
    query.set("tab", document.body.dataset.tab);
    if (document.body.dataset.step) query.set("step", document.body.dataset.step);
    location.search = query;
  };
  find("link").onclick = () => window.dispatchEvent(new Event("gi:link"));
  if (new URLSearchParams(location.search).has("projector")) project(true);
  setTimeout(() => show(new URLSearchParams(location.search).get("tab") ?? props.tabs[0]), 0);
}
