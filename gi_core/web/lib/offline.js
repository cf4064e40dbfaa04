/** What a page without a server answers by itself: the settings of an address, the commands that repeat a run. */

/** @typedef {Record<string, any>} Settings */

/** The first of the 32,768 letters that each stand for 15 bits: none of them is half of a pair. */
const FIRST = 0x3400;

/**
 * Bytes from letters, 15 bits each: text of two bytes a letter is then a sixteenth longer than what it holds.
 * @param {number} size in bytes @param {string} text
 */
export function bytes(size, text) {
  const made = new Uint8Array(size);
  for (let i = 0, at = 0, held = 0, bits = 0; at < size; i++) {
    held = (held << 15) | (text.charCodeAt(i) - FIRST);
    for (bits += 15; bits >= 8 && at < size; at++) {
      bits -= 8;
      made[at] = held >>> bits;
      held &= (1 << bits) - 1;
    }
  }
  return made;
}

/** What deflate made small. @param {Uint8Array<ArrayBuffer>} packed */
const inflated = packed =>
  new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();

/**
 * Files of the page's folder, each a script that hands its content over: such files open from a disk too.
 * @param {string} base folder
 */
export function shelf(base) {
  /** @type {Map<string, Promise<ArrayBuffer>>} */ const asked = new Map();
  /** @type {Map<string, Promise<any>>} */ const parsed = new Map();
  /** @type {Map<string, (content: Promise<ArrayBuffer>) => void>} */ const heard = new Map();
  const load = (/** @type {string} */ name) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    heard.set(name, resolve);
    script.src = `${base}${name}.js`;
    script.onload = () => script.remove();
    script.onerror = () => { script.remove(); reject(new Error(name)); };
    document.head.append(script);
  });
  const read = (/** @type {string} */ name) => {
    const made = asked.get(name) ?? load(name);
    asked.set(name, made);
    made.catch(() => asked.delete(name));
    return made;
  };
  return {
    /** Called by the files. @param {string} name @param {number} size @param {string} text */
    give: (name, size, text) => heard.get(name)?.(inflated(bytes(size, text))),
    /** A file's bytes. @param {string} name */
    read,
    /** A file's JSON, parsed once. @param {string} name @returns {Promise<any>} */
    json(name) {
      const made = parsed.get(name) ?? read(name).then(content => JSON.parse(new TextDecoder().decode(content)));
      parsed.set(name, made);
      made.catch(() => parsed.delete(name));
      return made;
    },
  };
}

/**
 * Settings by an address's query; a number that is none becomes the default.
 * @param {string} search @param {Settings} defaults a Scenario's fields
 */
export function link(search, defaults) {
  const settings = { ...defaults };
  for (const [name, value] of new URLSearchParams(search)) {
    if (!(name in defaults)) continue;
    const whole = typeof defaults[name] === "number";
    settings[name] = whole ? (value !== "" && Number.isFinite(Number(value)) ? Number(value) : defaults[name])
      : value.replaceAll(" ", "+");
  }
  return { settings, notes: [] };
}

/** Quoted for a shell where it needs to be. @param {string} text */
const quoted = text => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

/**
 * The command and the program that repeat a run, as `gi_core/web/payload.py` writes them.
 * @param {import("./bus.js").SetUp} setUp @param {Settings} defaults
 */
export function repeat({ settings, pictures }, defaults) {
  const changed = Object.entries(settings).filter(([name, value]) => String(value) !== String(defaults[name]));
  const names = pictures.map(one => "sample" in one ? one.sample : "your-picture.png");
  const options = changed.map(([name, value]) => `--${name.replaceAll("_", "-")} ${quoted(String(value))}`);
  const python = (/** @type {string} */ name, /** @type {any} */ value) =>
    typeof defaults[name] === "number" ? String(Number(value)) : `'${value}'`;
  const fields = changed.map(([name, value]) => `${name}=${python(name, value)}`).join(", ");
  const side = settings.image_size ?? defaults.image_size, channels = settings.channels ?? defaults.channels;
  return {
    cli: ["python -m gi_core run", ...options, ...names.map(name => `--image ${quoted(name)}`)].join(" "),
    python: [
      "import torch", "", "import gi_core as gi", "from gi_core.data.sources import open_picture", "",
      `scenario = gi.Scenario(${fields})`,
      `images = torch.stack([open_picture(i, ${side}, ${channels}) for i in ['${names.join("', '")}']])`,
      "trace = gi.run(scenario, images)", "print(trace.scores)", "",
    ].join("\n"),
  };
}
