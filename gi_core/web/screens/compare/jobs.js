/** Runs in turn, one at a time: a lane's own, then its repetitions. */

/**
 * @typedef {{ id: string, lane: import("./lanes.js").Lane, settings: Record<string, any>, repeat: boolean }} Job
 * @typedef {object} Hands
 * @property {(job: Job) => void} start ask the server for a run
 * @property {(job: Job) => void} stop ask it to stop one
 * @property {(job: Job, run: Record<string, any>) => void} told a message of the present run
 * @property {() => void} changed the queue is longer or shorter
 */

const OVER = ["done", "stopped", "failed", "recorded"];

/** @param {Hands} hands */
export function jobs(hands) {
  /** @type {Job[]} */
  const waiting = [];
  /** @type {Job | null} */
  let present = null;

  const next = () => {
    present = waiting.shift() ?? null;
    if (present) hands.start(present);
    hands.changed();
  };
  const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map(b => b.toString(36)).join("");

  return {
    /** @param {import("./lanes.js").Lane} lane @param {Record<string, any>} settings @param {boolean} repeat */
    add(lane, settings, repeat) {
      waiting.push({ id: newId(), lane, settings, repeat });
      if (present) hands.changed(); else next();
    },
    /**
     * A message from the server.
     * @param {{ request?: string, run?: Record<string, any> } | null | undefined} message
     */
    receive(message) {
      if (!message?.run || !present || message.request !== present.id) return;
      const job = present, over = OVER.includes(message.run.state);
      hands.told(job, message.run);
      if (over) next();
    },
    /**
     * Drop what waits for a lane (all lanes without one) and stop what runs.
     * @param {import("./lanes.js").Lane} [lane]
     */
    drop(lane) {
      const kept = waiting.filter(job => lane && job.lane !== lane);
      waiting.splice(0, waiting.length, ...kept);
      if (present && (!lane || present.lane === lane)) hands.stop(present);
      hands.changed();
    },
    get busy() { return present !== null; },
    get left() { return waiting.length + (present ? 1 : 0); },
  };
}
