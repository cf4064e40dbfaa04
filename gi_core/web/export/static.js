/* Stands where Gradio stands in the app: answers from what is in the page; attacks run in the browser itself. */
const shelf = { atlas: {}, comparisons: {}, cells: {}, runs: {}, regimes: {}, layers: {}, cheat: {} };
catalog.atlas.inline = shelf.atlas;
const put = pieces => {
  for (const [kind, answers] of Object.entries(pieces)) Object.assign(shelf[kind], answers);
};
const refused = { error: gi.word("static_refused") };
const answers = {
  explore_link: async ({ search }) => gi.offline.link(search, catalog.defaults),
  explore_repeat: async setUp => gi.offline.repeat(setUp, catalog.defaults),
  explore_layers: async ({ settings, pictures }) => {
    const first = settings.model === "lenet" && pictures.length === 1 && pictures[0].sample === catalog.samples[0].name;
    return (first && shelf.layers[settings.defense]) || refused;
  },
  cheat_recorded: async () => shelf.cheat,
  recorded_comparison: async ({ name }) => shelf.comparisons[name],
  evidence_cell: async ({ row, column }) => shelf.cells[`${row} ${column}`],
  risk_run: async ({ key }) => shelf.runs[key] ?? refused,
  risk_answer: async () => refused,
  risk_report: async () => refused,
  feasibility_run: async ({ regime, update, seed }) => shelf.regimes[`${regime} ${update} ${seed}`] ?? refused,
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
