/* Stands where Gradio stands in the app: nothing is computed, what was recorded is answered at once. */
const still = () => {};
const recordedServer = {
  recorded_run: async ({ name }) => ({ run: recorded.runs[name] }),
  recorded_comparison: async ({ name }) => recorded.comparisons[name],
  anatomy: async () => recorded.anatomies[gi.shown()] ?? Object.values(recorded.anatomies)[0],
};
const theme = new URLSearchParams(location.search).get("__theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
document.body.classList.toggle("dark", theme === "dark");
document.querySelector("[data-note]").textContent = gi.word("static_note");
