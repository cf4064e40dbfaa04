/** What the server refuses, in the page's language: the kind and the numbers are its, the words are the page's. */

import { language, t, words } from "./words.js";

/**
 * Kinds of refusal by how the server writes them; named groups are filled into the words.
 * @type {[string, RegExp][]}
 */
const KINDS = [
  ["unknown", /^unknown [\w ]+? (?<value>'[^']*'|"[^"]*").*: allowed are (?<allowed>.*)$/],
  ["most_here", /^(?<name>\w+)=(?<value>\S+): at most (?<most>\S+) is allowed on this server$/],
  ["most", /^(?<name>\w+)=(?<value>\S+): at most (?<most>.+) is allowed$/],
  ["allowed", /^(?<name>\w+)=(?<value>.+?): allowed are (?<allowed>.*)$/],
  ["between", /^(?<name>[\w-]+)=(?<value>.+?): from (?<low>\S+) to (?<high>\S+) is allowed$/],
  ["least", /^(?<name>[\w-]+)=(?<value>.+?): at least (?<low>\S+) is allowed$/],
  ["finite", /^(?<name>\w+)=(?<value>.+?): a finite number is needed$/],
  ["needed", /^(?<name>\w+)=(?<value>.+?): .+ is needed$/],
  ["steps", /^update=gradient with local_steps=(?<value>\d+): after several steps a client has a weight delta to send/],
  ["example", /^defense=(?<value>.+?) acts on per-example gradients, but the client sends a weight delta/],
  ["empty", /^(?<name>\w+) is empty: a value is needed$/],
  ["unbalanced", /^unbalanced parentheses in (?<value>.*)$/],
  ["full", /^(?<n>\d+) runs are waiting already: please try again in a minute$/],
  ["yours", /^(?<n>\d+) of your runs are under way: stop one, or wait for it$/],
  ["rooms", /^(?<n>\d+) rooms are open already: one has to close first$/],
  ["room", /^this room is closed, or its code is mistyped: ask for the link again$/],
  ["crashed", /^this run failed on the server, which is a fault of this program$/],
  ["stopped", /^stopped, or out of time, before the attack's first step$/],
];

/**
 * The refusal as a kind and what it names; null where the server says something else.
 * @param {string} sentence as the server writes it, its first letter large, with a full stop
 * @returns {[string, Record<string, string>] | null}
 */
export function kindOf(sentence) {
  const whole = sentence.replace(/\.$/, ""),
    text = whole.slice(0, 1).toLowerCase() + whole.slice(1);
  for (const [kind, pattern] of KINDS) {
    const found = pattern.exec(text);
    if (found) return [kind, { ...found.groups }];
  }
  return null;
}

/** @param {string} sentence */
export function refusal(sentence) {
  const found = language === "en" ? null : kindOf(sentence);
  if (!found || !words[`refused.${found[0]}`]) return sentence;
  const [kind, values] = found;
  return t(`refused.${kind}`, { ...values, name: words[`explore.f_${values.name}`] ?? values.name });
}
