/** An attack's text taken apart and put together: name:key=value,key=(...), parts joined by +. No DOM in here. */

/** Split at a mark outside parentheses. @param {string} text @param {string} mark */
function split(text, mark) {
  const parts = [""];
  let depth = 0;
  for (const c of text) {
    depth += Number(c === "(") - Number(c === ")");
    if (c === mark && !depth) parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts;
}

/** The last of several attacks, which is the one with a prior. @param {string} text */
function takenApart(text) {
  const before = split(text, "+"),
    last = before.pop() ?? "",
    colon = last.indexOf(":");
  return {
    before,
    name: colon < 0 ? last : last.slice(0, colon),
    options: colon < 0 ? [] : split(last.slice(colon + 1), ","),
  };
}

/**
 * The prior of an attack's text: as written, else the attack's own; undefined where it takes none.
 * @param {string} text @param {Record<string, string>} usual each attack's own prior
 */
export function priorOf(text, usual) {
  const { name, options } = takenApart(text),
    named = options.find(option => option.startsWith("prior="));
  return named ? named.slice(6).replace(/^\((.*)\)$/, "$1") : usual[name];
}

/**
 * The same attack with another prior.
 * @param {string} text @param {string} prior @param {Record<string, string>} usual each attack's own prior
 */
export function withPrior(text, prior, usual) {
  const { before, name, options } = takenApart(text),
    others = options.filter(option => !option.startsWith("prior="));
  if (prior !== usual[name]) others.push(`prior=${/[:,+]/.test(prior) ? `(${prior})` : prior}`);
  return [...before, others.length ? `${name}:${others.join(",")}` : name].join("+");
}

/**
 * Another attack, which keeps a prior chosen by hand where it takes one.
 * @param {string} text @param {string} before the attack until now @param {Record<string, string>} usual
 */
export function withPriorOf(text, before, usual) {
  const kept = priorOf(before, usual),
    own = usual[takenApart(before).name];
  return kept !== undefined && kept !== own && priorOf(text, usual) !== undefined ? withPrior(text, kept, usual) : text;
}

/** Local steps in one pass over the device's pictures. @param {Record<string, any>} settings */
export function stepsPerPass({ batch_size: pictures, local_batch: some }) {
  const count = Number(pictures) || 1;
  return Math.ceil(count / (Number(some) || count));
}
