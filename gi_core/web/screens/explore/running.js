/**
 * One live run at a time: from the press to its last message. The states are plain data; only `createRunner` talks.
 */

/**
 * @typedef {"idle" | "starting" | "queued" | "running" | "judging" | "done" | "stopped" | "failed" | "replay"} Phase
 * @typedef {object} Running
 * @property {string} id @property {Phase} phase
 * @property {string} key of the choices it was started with
 * @property {Record<string, any> | null} run the last message that had frames
 * @property {string} message of a refusal
 * @property {number} place in line @property {number} wait seconds
 * @property {number} began milliseconds @property {number} share judged
 */

/** @type {Running} */
export const IDLE = { id: "", phase: "idle", key: "", run: null, message: "", place: 0, wait: 0, began: 0, share: 0 };

/** @param {Running} running */
export const busy = running => ["starting", "queued", "running", "judging"].includes(running.phase);

/**
 * The state after a message of the server; messages of other runs change nothing.
 * @param {Running} state @param {{ request?: string, run?: Record<string, any> }} message @returns {Running}
 */
export function reduce(state, { request, run }) {
  if (!run || request !== state.id) return state;
  if (run.state === "queued") return { ...state, phase: "queued", place: run.place, wait: run.wait };
  if (run.state === "failed") return { ...state, phase: "failed", message: run.message };
  const shown = { ...state.run, ...run };
  if (run.state === "recorded") return { ...state, phase: "replay", run: shown };
  if (run.state === "judging") return { ...state, phase: "judging", run: shown, share: run.judging ?? 0 };
  return { ...state, phase: /** @type {Phase} */ (run.state), run: shown };
}

const SILENCE = 20_000;

/**
 * @param {object} given
 * @param {() => { trigger: (event: string, detail: any) => void, stop: (id: string) => any } | null} given.line
 *   the server, once it is there
 * @param {(state: Running) => void} given.changed @param {(key: string) => string} given.word
 */
export function createRunner({ line, changed, word }) {
  let state = IDLE,
    alarm = 0;
  /** @type {(() => void)[]} */
  const waiting = [];
  const set = (/** @type {Running} */ next) => {
    state = next;
    clearTimeout(alarm);
    if (busy(state))
      alarm = window.setTimeout(() => set({ ...state, phase: "failed", message: word("explore.no_answer") }), SILENCE);
    changed(state);
  };
  return {
    get state() {
      return state;
    },
    /** @param {string} key @param {Record<string, any>} request settings and pictures */
    start(key, request) {
      const id = crypto.getRandomValues(new Uint32Array(4)).join("");
      set({ ...IDLE, id, key, phase: "starting", began: performance.now() });
      const send = () => line()?.trigger("run", { id, ...request });
      if (line()) send();
      else waiting.push(send);
    },
    /** Take up somebody else's run, whose messages come under this id. @param {string} id @param {string} key */
    follow(id, key) {
      if (state.id !== id || state.key !== key) set({ ...IDLE, id, key, began: performance.now() });
    },
    stop() {
      if (!busy(state)) return;
      line()
        ?.stop(state.id)
        .then((/** @type {{ last: boolean } | undefined} */ answer) => {
          if (answer && answer.last === false && busy(state)) set({ ...state, phase: "stopped" });
        });
      if (state.phase === "starting" || state.phase === "queued") set({ ...state, phase: "stopped" });
    },
    /** @param {any} message */
    receive(message) {
      const next = message ? reduce(state, message) : state;
      if (next !== state) set(next);
      else if (busy(state) && message?.request === state.id) set({ ...state });
    },
    clear() {
      if (!busy(state)) set(IDLE);
    },
    /** The server is there: send what waited for it. */
    connected() {
      waiting.splice(0).forEach(send => send());
    },
  };
}
