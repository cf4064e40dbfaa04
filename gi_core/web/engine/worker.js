/** One run in a thread of its own: it takes one request, tells what it finds, and is ended from outside. */

import { Session } from "./session.js";

const PERIOD = 160, PROBE = 700;

/** @param {Record<string, any>} told */
const tell = told => postMessage(told);

/** @param {import("./session.js").Request & { only?: "wire" | "probe" }} request */
function work(request) {
  const session = new Session(request);
  if (request.only === "probe") return tell({ state: "probe", each: session.probe(PROBE) });
  const still = session.still();
  if (request.only === "wire") return tell({ state: "wire", wire: still.wire });
  tell({ state: "running", still, moments: [] });
  let told = 0, sent = performance.now();
  const moments = () => {
    const fresh = [...session.kept.slice(told), ...session.now()];
    told = session.kept.length;
    sent = performance.now();
    return fresh;
  };
  for (const steps = session.attack(); !steps.next().done;)
    if (performance.now() - sent > PERIOD) tell({ state: "running", moments: moments() });
  const ended = { seconds: session.seconds, iterations: session.done, scores: session.scores() };
  tell({ state: "judging", share: 0, moments: moments(), ...ended });
  const steps = session.judge();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return tell({ state: "done", moments: [], verdict: value, trace: session.trace(value), ...ended });
    if (performance.now() - sent > PERIOD) {
      sent = performance.now();
      tell({ state: "judging", share: value, moments: [] });
    }
  }
}

addEventListener("message", event => {
  try { work(event.data); } catch (error) {
    tell({ state: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});
