/* Stands where Gradio stands in the app: nothing is computed, what was recorded is answered at once. */
const still = () => {};
const recordedServer = {
  recorded_comparison: async ({ name }) => recorded.comparisons[name],
  explore_layers: async ({ settings, pictures }) => {
    const known = settings.model === "lenet" && JSON.stringify(pictures) === JSON.stringify(recorded.pictures);
    return (known && recorded.layers[settings.defense]) || { error: gi.word("explore.no_server") };
  },
};
const theme = new URLSearchParams(location.search).get("__theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
document.body.classList.toggle("dark", theme === "dark");
document.querySelector("[data-note]").textContent = gi.word("static_note");
