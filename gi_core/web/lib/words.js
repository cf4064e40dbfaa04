/** The language of the page, its words, and how they are filled in. */

/** @typedef {Record<string, string>} Words */

const LOCALES = { en: "en-GB", de: "de-DE" };
const KEY = "gi-lang";

/** @type {Words} */
export let words = {};
export let language = "en";
export let locale = "en-GB";
/** @type {string[]} */
export let languages = ["en"];

/**
 * The first language that the page speaks: the address's, the one chosen before, the browser's, English.
 * @param {(string | null | undefined)[]} wishes
 * @param {string[]} offered
 */
export const chosen = (wishes, offered) =>
  [...wishes, "en"].map(wish => wish?.slice(0, 2)).find(wish => wish && offered.includes(wish)) ?? offered[0];

/**
 * Take up a language; `tables` holds the words of each.
 * @param {Record<string, Words>} tables
 * @param {string} wanted
 */
export function use(tables, wanted) {
  languages = Object.keys(tables);
  language = wanted;
  words = tables[wanted];
  locale = LOCALES[/** @type {keyof typeof LOCALES} */ (wanted)] ?? wanted;
}

/** Gradio writes the browser's language into the page; the page's own stays. @param {HTMLElement} root */
function keep(root) {
  const write = () => {
    if (root.lang !== language) root.lang = language;
  };
  write();
  new MutationObserver(write).observe(root, { attributes: true, attributeFilter: ["lang"] });
}

/** Choose the language of this page. @param {Record<string, Words>} tables */
export function speak(tables) {
  const asked = new URLSearchParams(location.search).get("lang");
  use(tables, chosen([asked, recall(KEY), ...(navigator.languages ?? [])], Object.keys(tables)));
  if (asked === language) remember(KEY, language);
  keep(document.documentElement);
  document.title = words.title;
}

/** What the browser kept under this name; null where it may not keep anything. @param {string} key */
export function recall(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* private browsing */ }
}

/**
 * Fill {name} in; {name%} is a share in whole percent.
 * @param {string} text
 * @param {Record<string, any>} [values]
 */
export const say = (text, values = {}) => text.replace(/\{(\w+)(%?)\}/g, (_, key, share) =>
  share ? percent(values[key]) : values[key] ?? "");

/** @param {number} value */
const percent = value => `${new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(100 * value)} %`;

/**
 * The words of a key, filled in; the key itself where the language has none, which a test looks for.
 * @param {string} key
 * @param {Record<string, any>} [values]
 */
export const t = (key, values) => say(words[key] ?? key, values);
