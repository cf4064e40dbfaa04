/** The server that sends every client the same, unaltered model: `gi_core.servers.honest`. */

import { oneHot } from "../matching.js";
import { Sweeps } from "../sweeps.js";

/**
 * @param {Record<string, string>} _ @param {import("../victim.js").Victim} victim
 * @returns {import("../experiment.js").Sent}
 */
export const honest = (_, victim) => ({
  shapes: victim.shapes, names: victim.names, count: victim.count, facts: null,
  gradient(pictures, labels, machine) {
    const found = machine.room(victim.count);
    new Sweeps(victim, labels.length, machine).gradient(pictures, oneHot(labels, victim.classes), found);
    return Float32Array.from(found);
  },
});
