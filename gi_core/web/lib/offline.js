/** What a page without a server answers by itself: the settings of an address, the commands that repeat a run. */

/** @typedef {Record<string, any>} Settings */

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
