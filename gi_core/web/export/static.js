/* Stands where Gradio stands in the app: answers from the folder's shelf; attacks run in the browser itself. */
const shelf = gi.offline.shelf("shelf/");
const held = async (file, key) => (await shelf.json(file))[key];
catalog.atlas.open = async id => opening.atlas[id] ?? shelf.json(`atlas-${id}`);
catalog.inverters.open = file => shelf.read(file.replace(".safetensors", ""));
const refused = { error: gi.word("static_refused") };
const answers = {
  explore_link: async ({ search }) => gi.offline.link(search, catalog.defaults),
  explore_repeat: async setUp => gi.offline.repeat(setUp, catalog.defaults),
  explore_layers: async ({ settings, pictures }) => {
    const first = settings.model === "lenet" && pictures.length === 1 && pictures[0].sample === catalog.samples[0].name;
    return (first && await held("layers", settings.defense)) || refused;
  },
  cheat_recorded: async () => shelf.json("cheat"),
  recorded_comparison: async ({ name }) =>
    name === opening.comparison.compare.name ? opening.comparison : shelf.json(`comparison-${name}`),
  evidence_cell: async ({ row, column }) => held("cells", `${row} ${column}`),
  risk_run: async ({ key }) => await held("runs", key) ?? refused,
  risk_answer: async () => refused,
  risk_report: async () => refused,
  feasibility_run: async ({ regime, update, seed }) =>
    await held("regimes", `${regime} ${update} ${seed}`) ?? refused,
};
/** A room's line to Gradio: what the browser cannot run is refused. */
const line = () => {
  const props = {}, heard = [];
  return {
    props, server: answers, watch: (_, changed) => heard.push(changed),
    trigger: (_, { id }) => {
      props.value = { request: id, run: { id, state: "failed", message: gi.word("explore.no_server") } };
      heard.forEach(changed => changed());
    },
  };
};
const theme = new URLSearchParams(location.search).get("__theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
document.body.classList.toggle("dark", theme === "dark");
document.querySelector("[data-note]").textContent = gi.word("static_note");
if (location.protocol.startsWith("http")) {
  const link = document.createElement("link");
  link.rel = "manifest";
  link.href = "manifest.webmanifest";
  document.head.append(link);
  if (isSecureContext) navigator.serviceWorker?.register("sw.js").catch(() => {});
}
