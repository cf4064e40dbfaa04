/**
 * A run on the reader's own device: the same requests as the server's, and the same messages back. No picture leaves.
 */

import { context } from "../lib/canvas.js";
import { words } from "../lib/words.js";
import { estimate, learn, timed, unknown } from "./cost.js";
import { invertersOf, runsHere } from "./scenario.js";
import code from "./worker.js?worker";

/**
 * @typedef {{ settings: Record<string, any>, pictures: ({ sample: string } | { data: string })[] }} SetUp
 * @typedef {object} Page what the engine needs of the page
 * @property {(picture: { sample: string } | { data: string }) => Promise<CanvasImageSource>} image
 * @property {number} side of the pictures, in pixels
 * @property {(message: Record<string, any>) => void} told takes a run's messages, as the server's come
 * @property {() => Promise<CanvasImageSource>} lineUp other pictures, for the verdict: a sheet of tiles
 * @property {Record<string, import("./inverters/tensors.js").Part[]>} [inverters] the files of trained networks
 * @property {(file: string) => Promise<ArrayBuffer>} [trained] the content of such a file
 * @property {import("./trace.js").Fields} [fields] of a Scenario
 */

/** Milliseconds within which a page should have come to rest. */
const QUIET = 3000;
let source = "";

/** When the page has nothing else to do, or a while later. @returns {Promise<unknown>} */
const calm = () => new Promise(resolve => "requestIdleCallback" in window
  ? requestIdleCallback(resolve, { timeout: QUIET }) : setTimeout(resolve, QUIET));

/** A thread with the engine in it. */
function thread() {
  source ||= URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return new Worker(source);
}

/**
 * A picture's pixels, (3,H,W) in [0,1]; of a sheet those of all its tiles.
 * @param {CanvasImageSource} image @param {number} wide @param {number} high @param {number} side
 */
function pixels(image, wide, high, side) {
  const canvas = document.createElement("canvas"), places = side * side;
  canvas.width = wide;
  canvas.height = high;
  const drawn = context(canvas);
  drawn.drawImage(image, 0, 0, wide, high);
  const { data } = drawn.getImageData(0, 0, wide, high), across = wide / side;
  const all = new Float32Array((3 * wide * high));
  for (let i = 0; i < all.length; i++) {
    const tile = Math.floor(i / (3 * places)), c = Math.floor(i / places) % 3, at = i % places;
    const x = (tile % across) * side + (at % side), y = Math.floor(tile / across) * side + Math.floor(at / side);
    all[i] = data[4 * (y * wide + x) + c] / 255;
  }
  return all;
}

/** Tiles side by side as a data address. @param {Uint8ClampedArray<ArrayBuffer>} bytes @param {number} side */
function strip(bytes, side) {
  const canvas = document.createElement("canvas"), wide = bytes.length / (4 * side);
  canvas.width = wide;
  canvas.height = side;
  context(canvas).putImageData(new ImageData(bytes, wide, side), 0, 0);
  return canvas.toDataURL("image/png");
}

/** The pictures of a set-up, one after another. @param {SetUp} setUp @param {Page} page */
async function truthOf({ pictures }, { image, side }) {
  const all = new Float32Array(3 * side * side * pictures.length), found = await Promise.all(pictures.map(image));
  found.forEach((picture, i) => all.set(pixels(picture, side, side, side), i * 3 * side * side));
  return all;
}

/** The files of the trained networks that an attack needs. @param {SetUp} setUp @param {Page} page */
async function invertersFor({ settings }, { inverters = {}, trained }) {
  const read = async (/** @type {import("./inverters/tensors.js").Part} */ { prefix, file }) =>
    ({ prefix, bytes: await trained?.(file) });
  const names = invertersOf(String(settings.attack ?? "ig"));
  return Object.fromEntries(await Promise.all(names.map(async name =>
    [name, await Promise.all(inverters[name].map(read))])));
}

/** A run's messages from what its thread tells. @param {string} id @param {SetUp} setUp @param {number} side */
function story(id, { settings, pictures }, side) {
  /** @type {Record<string, any>} */ let still = {};
  /** @type {Record<string, any>[]} */ let kept = [];
  /** @type {Record<string, any>} */ let film = {};
  return (/** @type {Record<string, any>} */ told) => {
    const { state, moments = [], share, message, seconds = null, scores = null, verdict = null, trace = null } = told;
    if (state === "failed") return { id, state, message };
    if (told.still)
      still = {
        ...told.still, truth: strip(told.still.truth, side), scenario: settings, layers: [], opinions: [],
        pictures: pictures.map(p => "sample" in p ? p.sample : "your-picture.png"),
        size: { batch: pictures.length, width: side, height: side, side },
      };
    const fresh = moments.map((/** @type {any} */ { pixels, ...rest }) => ({ ...rest, src: strip(pixels, side) }));
    kept = kept.concat(fresh.filter((/** @type {any} */ f) => f.kept));
    if (fresh.length) {
      const frames = [...kept, ...fresh.filter((/** @type {any} */ f) => !f.kept)];
      const history = Object.fromEntries(["iteration", "seconds", "loss", "psnr", "ssim"].map(name =>
        [name, frames.map(frame => frame[name])]));
      film = { frames, history };
    }
    return {
      id, ...still, ...film, state, judging: share, seconds, scores,
      verdict: verdict && { ...verdict, control: { ...verdict.control, src: strip(verdict.control.pixels, side) } },
      where: "device", trace,
    };
  };
}

/**
 * Time the first iterations of a kind of run that this page has not seen yet, on pictures of noise.
 * @param {Record<string, any>} settings @param {number} side
 */
async function probe(settings, side) {
  if (!unknown(settings)) return;
  await calm();
  const truth = Float32Array.from({ length: 3 * side * side * Number(settings.batch_size ?? 1) }, Math.random);
  const worker = thread(), each = await new Promise(resolve => {
    worker.onmessage = ({ data }) => resolve(data.each ?? null);
    worker.onerror = () => resolve(null);
    worker.postMessage({ settings, truth, others: null, only: "probe" });
  });
  worker.terminate();
  if (each) timed(settings, each);
}

/** @param {Page} page */
export function device(page) {
  const { side } = page, shipped = Object.keys(page.inverters ?? {});
  /** @type {Map<string, { thread: Worker, stopped: () => void }>} */ const running = new Map();
  /** @type {Promise<Float32Array | null> | null} */ let line = null;
  /** @type {Promise<void>} */ let probing = Promise.resolve();
  const others = () => (line ??= page.lineUp().then(sheet => {
    const { width, height } = /** @type {ImageBitmap} */ (sheet);
    return pixels(sheet, width, height, side);
  }).catch(() => { line = null; return null; }));
  const end = (/** @type {string} */ id) => {
    running.get(id)?.thread.terminate();
    running.delete(id);
  };
  return {
    /** @param {Record<string, any>} settings */
    can: settings => runsHere(settings, side, shipped),
    /** @param {SetUp & { id: string }} request */
    async start({ id, ...setUp }) {
      const worker = thread(), tell = story(id, setUp, side);
      /** @type {Record<string, any>} */ let last = { id };
      const told = (/** @type {Record<string, any>} */ message) => {
        last = { ...last, ...message };
        page.told({ request: id, run: message });
      };
      running.set(id, { thread: worker, stopped: () => told({ ...last, state: "stopped" }) });
      worker.onmessage = ({ data }) => {
        told(tell(data));
        if (!["done", "failed"].includes(data.state)) return;
        if (data.state === "done") learn(setUp.settings, data.seconds, data.iterations);
        end(id);
      };
      worker.onerror = () => { told(tell({ state: "failed", message: words["explore.no_answer"] })); end(id); };
      const needed = Promise.all([truthOf(setUp, page), others(), invertersFor(setUp, page)]);
      needed.then(([truth, others, inverters]) =>
        worker.postMessage({ ...setUp, fields: page.fields, truth, others, inverters }), worker.onerror);
      await needed.catch(() => {});
    },
    /** Whether it was a run of this device. @param {string} id */
    stop(id) {
      const job = running.get(id);
      if (!job) return false;
      end(id);
      job.stopped();
      return true;
    },
    /** Seconds with the control, as Explore asks the server for them. @param {Record<string, any>} settings */
    async estimate(settings) {
      await (probing = probing.then(() => probe(settings, side)));
      return { seconds: estimate(settings), load: 1, learnt: true };
    },
    /** The update as the wire shows it. @param {SetUp} setUp @returns {Promise<Record<string, any>>} */
    async wire(setUp) {
      const truth = await truthOf(setUp, page), worker = thread();
      return new Promise(resolve => {
        worker.onmessage = ({ data }) => { worker.terminate(); resolve(data.wire ?? { error: data.message }); };
        worker.postMessage({ settings: setUp.settings, truth, others: null, only: "wire" });
      });
    },
  };
}

/**
 * A room's line to whoever computes: the device where it can, the server otherwise.
 * @param {Page} page @param {(event: string, detail?: any) => void} trigger
 * @param {Record<string, (request?: any) => Promise<any>>} server
 */
export function onDevice(page, trigger, server) {
  const own = device(page);
  const stop = (/** @type {string} */ name) => async (/** @type {{ id: string }} */ run) =>
    own.stop(run.id) ? { last: true } : server[name]?.(run);
  return {
    /** @param {string} event @param {any} detail */
    trigger(event, detail) {
      const shared = detail?.room || detail?.follow;
      if (event === "run" && !shared && own.can(detail.settings)) own.start(detail);
      else trigger(event, detail);
    },
    server: {
      ...server,
      stop_run: stop("stop_run"),
      stop_lane: stop("stop_lane"),
      explore_estimate: async (/** @type {any} */ { settings }) =>
        own.can(settings) ? own.estimate(settings) : server.explore_estimate?.({ settings }),
      explore_update: async (/** @type {SetUp} */ setUp) =>
        own.can(setUp.settings) ? own.wire(setUp) : server.explore_update?.(setUp),
    },
  };
}
