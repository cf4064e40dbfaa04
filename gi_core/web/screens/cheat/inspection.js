/** Which inspection belongs to what stands on the stage. */

/** @typedef {import("./cheat.js").State} State */

/** The network whose inspections are recorded. */
const RECORDED = "lenet";

/** @param {State} state */
export const inspectionKey = ({ choice, own }) =>
  `${choice.server} ${choice.network} ${own ? `${own.length} ${own[0].length}` : ""}`;

/** Made for this choice, or recorded; null where neither. @param {State} state */
export const inspectionOf = state =>
  state.inspections.get(inspectionKey(state)) ??
  (state.own || state.choice.network !== RECORDED ? null : state.recorded.inspections[state.choice.server] ?? null);
