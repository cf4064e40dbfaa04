/* Made by `npm run build` from gi_core/web/main.js; edit that. */
"use strict";
var gi = (() => {
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __export = (target, all2) => {
    for (var name in all2)
      __defProp(target, name, { get: all2[name], enumerable: true });
  };
  var __copyProps = (to, from, except, desc) => {
    if (from && typeof from === "object" || typeof from === "function") {
      for (let key2 of __getOwnPropNames(from))
        if (!__hasOwnProp.call(to, key2) && key2 !== except)
          __defProp(to, key2, { get: () => from[key2], enumerable: !(desc = __getOwnPropDesc(from, key2)) || desc.enumerable });
    }
    return to;
  };
  var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

  // gi_core/web/main.js
  var main_exports = {};
  __export(main_exports, {
    device: () => device,
    early: () => early2,
    letters: () => letters,
    offline: () => offline_exports,
    query: () => query,
    speak: () => speak,
    start: () => start3,
    word: () => word
  });

  // gi_core/web/lib/bus.js
  var emit = (name, detail) => window.dispatchEvent(new CustomEvent("gi:" + name, { detail }));
  var on = (name, handler) => window.addEventListener("gi:" + name, (event) => handler(
    /** @type {CustomEvent} */
    event.detail
  ));
  var explore = { setUp: () => null, query: () => "" };

  // gi_core/web/lib/canvas.js
  var loaded = /* @__PURE__ */ new Map();
  var KEPT = 400;
  var image = (source2) => new Promise((resolve, reject) => {
    const picture4 = new Image();
    picture4.onload = () => resolve(picture4);
    picture4.onerror = () => reject(new Error("a picture could not be read"));
    picture4.src = source2;
  });
  function picture(source2) {
    const known2 = loaded.get(source2);
    if (known2) return known2;
    const made3 = image(source2);
    loaded.set(source2, made3);
    if (loaded.size > KEPT) loaded.delete(
      /** @type {string} */
      loaded.keys().next().value
    );
    return made3;
  }
  function context(canvas) {
    const drawn = canvas.getContext("2d", { willReadFrequently: true });
    if (!drawn) throw new Error("this browser draws no canvas");
    return drawn;
  }
  function resize(canvas, width, height) {
    canvas.width = width;
    canvas.height = height;
    canvas.style.aspectRatio = `${width}/${height}`;
  }
  function tiles(canvas, sprite, row2, count, width, height) {
    const columns = Math.ceil(Math.sqrt(count)), rows = Math.ceil(count / columns);
    const scale = count > 1 ? Math.max(1, Math.round(192 / width)) : 1;
    const gap2 = count > 1 ? Math.round(scale * width / 24) : 0;
    resize(canvas, columns * width * scale + (columns - 1) * gap2, rows * height * scale + (rows - 1) * gap2);
    const drawn = context(canvas);
    drawn.imageSmoothingEnabled = false;
    for (let i = 0; i < count; i++) {
      const x = i % columns * (width * scale + gap2), y = Math.floor(i / columns) * (height * scale + gap2);
      drawn.drawImage(sprite, i * width, row2 * height, width, height, x, y, width * scale, height * scale);
    }
  }
  function magnified(a, b, factor) {
    if (a.width !== b.width || a.height !== b.height)
      throw new RangeError(`pictures of ${a.width} x ${a.height} and ${b.width} x ${b.height} have no difference`);
    const made3 = new Uint8ClampedArray(b.data.length);
    for (let i = 0; i < made3.length; i += 4) {
      for (let c = 0; c < 3; c++) made3[i + c] = factor * Math.abs(b.data[i + c] - a.data[i + c]);
      made3[i + 3] = Math.max(a.data[i + 3], b.data[i + 3]);
    }
    return made3;
  }
  function difference(canvas, before, after, factor) {
    const read = (c) => context(c).getImageData(0, 0, c.width, c.height);
    const made3 = magnified(read(before), read(after), factor), { width, height } = after;
    resize(canvas, width, height);
    const pixels2 = context(canvas).createImageData(width, height);
    pixels2.data.set(made3);
    context(canvas).putImageData(pixels2, 0, 0);
  }
  var token = (name) => getComputedStyle(document.body).getPropertyValue("--" + name).trim();
  var rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

  // gi_core/web/lib/words.js
  var LOCALES = { en: "en-GB", de: "de-DE" };
  var KEY = "gi-lang";
  var words = {};
  var language = "en";
  var locale = "en-GB";
  var languages = ["en"];
  var chosen = (wishes, offered5) => [...wishes, "en"].map((wish) => wish?.slice(0, 2)).find((wish) => wish && offered5.includes(wish)) ?? offered5[0];
  function use(tables, wanted) {
    languages = Object.keys(tables);
    language = wanted;
    words = tables[wanted];
    locale = LOCALES[
      /** @type {keyof typeof LOCALES} */
      wanted
    ] ?? wanted;
  }
  function keep(root) {
    const write = () => {
      if (root.lang !== language) root.lang = language;
    };
    write();
    new MutationObserver(write).observe(root, { attributes: true, attributeFilter: ["lang"] });
  }
  function speak(tables) {
    const asked = new URLSearchParams(location.search).get("lang");
    use(tables, chosen([asked, recall(KEY), ...navigator.languages ?? []], Object.keys(tables)));
    if (asked === language) remember(KEY, language);
    keep(document.documentElement);
    document.title = words.title;
  }
  function recall(key2) {
    try {
      return localStorage.getItem(key2);
    } catch {
      return null;
    }
  }
  function remember(key2, value) {
    try {
      localStorage.setItem(key2, value);
    } catch {
    }
  }
  var say = (text, values = {}) => text.replace(/\{(\w+)(%?)\}/g, (_, key2, share) => share ? percent(values[key2]) : values[key2] ?? "");
  var percent = (value) => `${new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(100 * value)} %`;
  var t = (key2, values) => say(words[key2] ?? key2, values);

  // gi_core/web/engine/component.js
  function splitTop(text, separator) {
    const parts = [""];
    let depth = 0;
    for (const letter of text) {
      depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
      if (letter === separator && depth === 0) parts.push("");
      else parts[parts.length - 1] += letter;
    }
    return parts;
  }
  function component(text) {
    const [name, ...rest] = text.trim().split(":"), options2 = (
      /** @type {Record<string, string>} */
      {}
    );
    for (const part of rest.length ? splitTop(rest.join(":"), ",") : []) {
      const [key2, ...value] = part.split("=");
      options2[key2.trim()] = value.join("=").trim().replace(/^\((.*)\)$/, "$1");
    }
    return { name: name.trim(), options: options2 };
  }
  var stack = (text) => text.trim() === "none" ? [] : splitTop(text, "+").map(component);
  var truth = (value, otherwise) => value === void 0 ? otherwise : value.toLowerCase() === "true";
  var figure = (value, otherwise) => value === void 0 ? otherwise : Number(value);

  // gi_core/web/engine/cost.js
  var STEPS = { ig: 4800, dlg: 300 };
  var EARLY = 0.06;
  var FIXED = 0.4;
  var SINGLE = 0.5;
  var known = /* @__PURE__ */ new Map();
  function planned(settings) {
    const { name, options: options2 } = component(String(settings.attack ?? "ig"));
    return name in STEPS ? figure(options2.restarts, 1) * (figure(options2.steps, STEPS[name]) + 1) : 1;
  }
  function kind({ model = "lenet", batch_size = 1, defense: defense2 = "none", knowledge = "labels", attack = "ig" }) {
    const { name, options: options2 } = component(String(attack)), parts = String(defense2).replace(/=[^+,]*/g, "");
    const others = Object.entries(options2).filter(([option]) => option !== "steps");
    return JSON.stringify([String(model), Number(batch_size), parts, String(knowledge), name, others]);
  }
  var unknown = (settings) => planned(settings) > 1 && !known.has(kind(settings));
  function estimate(settings) {
    const at2 = known.get(kind(settings)), most = planned(settings);
    if (most === 1) return FIXED + SINGLE;
    return at2 ? FIXED + 2 * at2.each * at2.share * most : null;
  }
  function timed(settings, each) {
    const early3 = component(String(settings.attack ?? "ig")).name === "dlg";
    known.set(kind(settings), { each, share: early3 ? EARLY : 1 });
  }
  function learn(settings, seconds, iterations) {
    const found2 = { each: seconds / iterations, share: iterations / planned(settings) };
    const before = known.get(kind(settings)) ?? found2;
    known.set(kind(settings), { each: (found2.each + before.each) / 2, share: (found2.share + before.share) / 2 });
  }

  // gi_core/web/engine/descent.js
  var BETA1 = 0.9;
  var BETA2 = 0.999;
  var EPS = 1e-8;
  function* descend(evaluate, start4, victim, { count, lr, signed: signed2, decay, box: box2 }, machine) {
    const x = start4.slice(), u = new Float32Array(x.length), step2 = adam(u), gradient = machine.room(x.length);
    const { mean: mean2, std, shape: [channels, height, width] } = victim, places = height * width;
    victim.normalise(x, u);
    const milestones = new Set(decay ? [3, 5, 7].map((eighths) => Math.floor(count * eighths / 8)) : []);
    const best2 = x.slice();
    let lowest = Infinity, rate = lr;
    for (let i = 0; i <= count; i++) {
      for (let j = 0; j < x.length; j++) {
        const c = Math.floor(j / places) % channels;
        x[j] = u[j] * std[c] + mean2[c];
      }
      const { loss, terms } = evaluate(x, gradient);
      if (loss < lowest) {
        lowest = loss;
        best2.set(x);
      }
      yield { iteration: i, pictures: box2 ? best2 : best2.map(clamp), loss, terms };
      if (i === count) return;
      if (milestones.has(i)) rate *= 0.1;
      if (signed2) for (let j = 0; j < gradient.length; j++) gradient[j] = Math.sign(gradient[j]);
      else for (let j = 0; j < gradient.length; j++) gradient[j] *= std[Math.floor(j / places) % channels];
      step2(gradient, rate);
      if (box2)
        for (let j = 0; j < u.length; j++) {
          const c = Math.floor(j / places) % channels;
          u[j] = Math.min(Math.max(u[j], -mean2[c] / std[c]), (1 - mean2[c]) / std[c]);
        }
    }
  }
  var clamp = (value) => Math.min(1, Math.max(0, value));
  function adam(x) {
    const first = new Float32Array(x.length), second = new Float32Array(x.length);
    let count = 0;
    return (gradient, rate) => {
      count++;
      const rise = rate / (1 - BETA1 ** count), root = Math.sqrt(1 - BETA2 ** count);
      for (let i = 0; i < x.length; i++) {
        const g = gradient[i], m = first[i] += (1 - BETA1) * (g - first[i]);
        const v = second[i] = BETA2 * second[i] + (1 - BETA2) * g * g;
        x[i] -= rise * m / (Math.sqrt(v) / root + EPS);
      }
    };
  }

  // gi_core/web/engine/attacks/analytic.js
  var OPTIONS = ["tolerance"];
  function analytic(options2) {
    const tolerance = figure(options2.tolerance, 0.02);
    return {
      iterations: 1,
      single: true,
      *run({ victim, batch, update, cut }) {
        const [weight, bias] = cut(update), size2 = victim.inputs;
        const strongest = Array.from(bias.keys()).sort((a, b) => Math.abs(bias[b]) - Math.abs(bias[a])).slice(0, Math.max(256, 16 * batch)).filter((unit) => bias[unit] !== 0);
        if (!strongest.length) throw Error("bias");
        const rows = strongest.map((unit) => picture2(weight.subarray(unit * size2, (unit + 1) * size2), bias[unit], victim));
        const chosen2 = distinct(rows, batch, tolerance), pictures2 = new Float32Array(batch * size2);
        let loss = 0;
        chosen2.forEach((row2, i) => {
          pictures2.set(rows[row2].map(clamp), i * size2);
          loss += outside(rows[row2]) / batch;
        });
        yield { iteration: 0, restart: 0, pictures: pictures2, loss, terms: { "outside-box": loss } };
      }
    };
  }
  function picture2(row2, by, { mean: mean2, std, shape: [, height, width] }) {
    return row2.map((value, i) => {
      const c = Math.floor(i / (height * width));
      return value / by * std[c] + mean2[c];
    });
  }
  var outside = (pixels2) => pixels2.reduce((sum2, value) => sum2 + Math.abs(value - clamp(value)), 0) / pixels2.length;
  var apart = (a, b) => Math.sqrt(a.reduce((sum2, value, i) => sum2 + (value - b[i]) ** 2, 0) / a.length);
  function distinct(rows, count, tolerance) {
    const valid = rows.map((row2) => outside(row2) <= 1e-3);
    const same = rows.map((row2) => rows.reduce((sum2, other) => sum2 + (apart(row2, other) <= tolerance ? 1 : 0), 0));
    const order = [...rows.keys()].sort((a, b) => Number(valid[b]) - Number(valid[a]) || same[b] - same[a] || a - b);
    const chosen2 = (
      /** @type {number[]} */
      []
    );
    for (const row2 of order)
      if (chosen2.length < count && chosen2.every((other) => apart(rows[row2], rows[other]) > tolerance)) chosen2.push(row2);
    return Array.from({ length: count }, (_, i) => chosen2[i % chosen2.length]);
  }

  // gi_core/web/engine/objective.js
  function inner(a, b) {
    let sum2 = 0;
    for (let i = 0; i < a.length; i++) sum2 += a[i] * b[i];
    return sum2;
  }
  var norm = (a) => Math.sqrt(inner(a, a));
  var OBJECTIVES = {
    /** 1 - <g, t> / (|g| |t|), Geiping et al. 2020, eq. 4. */
    cosine(target) {
      const length2 = Math.max(norm(target), 1e-30), unit = target.map((value) => value / length2);
      return (guess) => {
        const own = Math.max(norm(guess), 1e-30), cosine = inner(guess, unit) / own;
        for (let i = 0; i < guess.length; i++) guess[i] = (guess[i] * cosine / own - unit[i]) / own;
        return 1 - cosine;
      };
    },
    /** Sum of squared differences, Zhu et al. 2019, eq. 1. */
    l2: (target) => (guess) => {
      let sum2 = 0;
      for (let i = 0; i < guess.length; i++) {
        const apart3 = guess[i] - target[i];
        sum2 += apart3 * apart3;
        guess[i] = 2 * apart3;
      }
      return sum2;
    },
    /** Sum of absolute differences. */
    l1: (target) => (guess) => {
      let sum2 = 0;
      for (let i = 0; i < guess.length; i++) {
        const apart3 = guess[i] - target[i];
        sum2 += Math.abs(apart3);
        guess[i] = Math.sign(apart3);
      }
      return sum2;
    },
    /** 1 - <g, s> / |g|_1 for an update of signs s. */
    "sign-alignment"(target) {
      const signs = target.map(Math.sign);
      return (guess) => {
        let length2 = 0, along2 = 0;
        for (let i = 0; i < guess.length; i++) {
          length2 += Math.abs(guess[i]);
          along2 += guess[i] * signs[i];
        }
        length2 = Math.max(length2, 1e-30);
        const aligned = along2 / length2;
        for (let i = 0; i < guess.length; i++) guess[i] = (aligned * Math.sign(guess[i]) - signs[i]) / length2;
        return 1 - aligned;
      };
    }
  };

  // gi_core/web/engine/adaptation.js
  function distanceTo({ update, defense: defense2, batch, cut }, objective) {
    const known2 = defense2 ?? [];
    const signs = known2.some(({ name }) => name === "sign");
    let distance2 = OBJECTIVES[signs ? "sign-alignment" : objective](update);
    for (const { name, options: options2 } of [...known2].reverse()) {
      if (name === "topk") distance2 = masked(distance2, update);
      else if (name === "clip" && (options2.per === "update" || batch === 1) && options2.scope !== "tensor")
        distance2 = clipped(distance2, figure(options2.norm, 1));
      else if (name === "quantize") distance2 = withinCells(objective, update, cut, options2);
    }
    return distance2;
  }
  var masked = (distance2, update) => (guess) => {
    for (let i = 0; i < guess.length; i++) if (update[i] === 0) guess[i] = 0;
    const value = distance2(guess);
    for (let i = 0; i < guess.length; i++) if (update[i] === 0) guess[i] = 0;
    return value;
  };
  var clipped = (distance2, limit) => (guess) => {
    const length2 = norm(guess), scale = Math.min(1, limit / Math.max(length2, 1e-30)), raw = guess.slice();
    for (let i = 0; i < guess.length; i++) guess[i] *= scale;
    const value = distance2(guess), radial = length2 > limit ? inner(guess, raw) / Math.max(length2 * length2, 1e-30) : 0;
    for (let i = 0; i < guess.length; i++) guess[i] = scale * (guess[i] - radial * raw[i]);
    return value;
  };
  function withinCells(objective, update, cut, { bits, stochastic, scale }) {
    const reach2 = (truth(stochastic, true) ? 1 : 0.5) / (2 ** (figure(bits, 4) - 1) - 1);
    const cells = update.slice(), nearest2 = update.slice();
    for (const part of cut(cells)) {
      const size2 = scale === "l2" ? norm(part) : part.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      part.fill(reach2 * size2);
    }
    return (guess) => {
      for (let i = 0; i < guess.length; i++)
        nearest2[i] = Math.min(Math.max(guess[i], update[i] - cells[i]), update[i] + cells[i]);
      return OBJECTIVES[objective](nearest2)(guess);
    };
  }

  // gi_core/web/engine/sha256.js
  function fractions(power, count) {
    const found2 = [];
    for (let n = 2; found2.length < count; n++) {
      let prime = true;
      for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
      if (prime) found2.push(n ** power % 1 * 2 ** 32 | 0);
    }
    return found2;
  }
  var START = fractions(1 / 2, 8);
  var ROUND = fractions(1 / 3, 64);

  // gi_core/web/engine/random.js
  var N = 624;
  var M = 397;
  var restartSeed = (seed2, number2) => seed2 + 7919 * number2;
  var Generator = class {
    /** @param {number} seed whole, its low 32 bits count */
    constructor(seed2) {
      const state = new Uint32Array(N);
      state[0] = seed2 % 2 ** 32;
      for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ state[i - 1] >>> 30) + i;
      this.state = state;
      this.at = N;
      this.kept = null;
    }
    /** A whole number of 32 bits. */
    bits() {
      if (this.at === N) this.#twist();
      let y = this.state[this.at++];
      y ^= y >>> 11;
      y ^= y << 7 & 2636928640;
      y ^= y << 15 & 4022730752;
      return (y ^ y >>> 18) >>> 0;
    }
    #twist() {
      const { state } = this;
      for (let i = 0; i < N; i++) {
        const y = state[i] & 2147483648 | state[(i + 1) % N] & 2147483647;
        state[i] = state[(i + M) % N] ^ y >>> 1 ^ (y & 1 ? 2567483615 : 0);
      }
      this.at = 0;
    }
    /** In [0, 1), 24 bits: torch.rand in float32. */
    uniform() {
      return (this.bits() & 16777215) / 2 ** 24;
    }
    /** In [0, 1), 53 bits: torch.rand in float64. */
    fine() {
      const high = this.bits() & 2097151;
      return (high * 2 ** 32 + this.bits()) / 2 ** 53;
    }
    /** From 0 to `count` - 1: torch.randint. @param {number} count */
    whole(count) {
      return this.bits() % count;
    }
    /** The numbers from 0 to `count` - 1 in random order: torch.randperm. @param {number} count */
    order(count) {
      const order = Int32Array.from({ length: count }, (_, i) => i);
      for (let i = 0; i < count - 1; i++) {
        const other = i + this.whole(count - i);
        [order[i], order[other]] = [order[other], order[i]];
      }
      return order;
    }
    /**
     * `count` draws from [low, high): torch's uniform_.
     * @param {number} count @param {number} low @param {number} high
     */
    uniforms(count, low = 0, high = 1) {
      const from = Math.fround(low), wide = Math.fround(Math.fround(high) - from), drawn = new Float32Array(count);
      for (let i = 0; i < count; i++) drawn[i] = this.uniform() * wide + from;
      return drawn;
    }
    /** `count` draws from N(0, 1): torch.randn. From 16 on they come in blocks of 16. @param {number} count */
    normals(count) {
      if (count < 16) return Float32Array.from({ length: count }, () => this.#normal());
      const drawn = this.uniforms(count);
      for (let i = 0; i + 16 <= count; i += 16) boxMuller(drawn, i);
      if (count % 16) {
        drawn.set(this.uniforms(16), count - 16);
        boxMuller(drawn, count - 16);
      }
      return drawn;
    }
    #normal() {
      if (this.kept !== null) {
        const kept = this.kept;
        this.kept = null;
        return kept;
      }
      const angle = 2 * Math.PI * this.fine(), radius = Math.sqrt(-2 * Math.log1p(-this.fine()));
      this.kept = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    }
  };
  function boxMuller(drawn, at2) {
    for (let i = at2; i < at2 + 8; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - drawn[i])), angle = 2 * Math.PI * drawn[i + 8];
      drawn[i] = radius * Math.cos(angle);
      drawn[i + 8] = radius * Math.sin(angle);
    }
  }

  // gi_core/web/engine/sweeps.js
  var Sweeps = class {
    /**
     * @param {import("./victim.js").Victim} victim @param {number} batch @param {import("./matrix.js").Machine} machine
     */
    constructor(victim, batch, machine) {
      const { room: room4 } = machine;
      this.victim = victim;
      this.batch = batch;
      this.stages = victim.stages(batch, machine);
      this.classes = victim.classes;
      this.weights = room4(victim.count);
      this.weights.set(victim.weights);
      this.parts = this.cut(this.weights);
      const sizes = this.stages.map(({ layer }) => batch * layer.outputs);
      this.outputs = sizes.map(room4);
      this.slopes = sizes.map(room4);
      this.deltas = sizes.map(room4);
      this.tangents = sizes.map(room4);
      this.pulled = this.stages.map(({ layer }) => room4(batch * layer.inputs));
      this.steep = this.stages.map(({ layer }) => room4(batch * layer.inputs));
      this.input = room4(batch * victim.inputs);
      this.seen = [];
      this.shares = room4(batch * this.classes);
    }
    /** Each stage's own parameters. @param {any} all */
    cut(all2) {
      return this.stages.map(({ layer, at: at2 }) => all2.subarray(at2, at2 + layer.count));
    }
    /** Logits of the pictures in [0,1]. @param {ArrayLike<number>} x (B,C,H,W) */
    forward(x) {
      this.victim.normalise(x, this.input);
      let before = this.input;
      this.stages.forEach(({ layer, activation }, l) => {
        const own = this.outputs[l], slope = this.slopes[l];
        this.seen[l] = layer.see(before);
        layer.push(this.parts[l], this.seen[l], own);
        for (let i = 0; i < own.length; i++) {
          own[i] = activation.value(own[i]);
          slope[i] = activation.slope(own[i]);
        }
        before = own;
      });
      return before;
    }
    /**
     * The gradient of the mean cross-entropy in all parameters; answers with the loss.
     * @param {ArrayLike<number>} x (B,C,H,W) in [0,1] @param {ArrayLike<number>} wanted (B,K) probabilities
     * @param {any} gradient gets it
     */
    gradient(x, wanted, gradient) {
      const { batch, classes, shares, stages } = this, logits = this.forward(x), last = stages.length - 1;
      let loss = 0;
      for (let i = 0; i < batch; i++) loss += softmax(logits, shares, wanted, i * classes, classes) / batch;
      for (let i = 0; i < shares.length; i++) this.deltas[last][i] = (shares[i] - wanted[i]) / batch;
      const parts = this.cut(gradient);
      for (let l = last; l >= 0; l--) {
        const { layer } = stages[l];
        layer.outer(this.deltas[l], this.seen[l], parts[l]);
        if (!l) break;
        const delta = this.deltas[l - 1], slope = this.slopes[l - 1], pulled = this.pulled[l];
        layer.pull(pulled, this.parts[l], this.deltas[l]);
        for (let i = 0; i < delta.length; i++) delta[i] = slope[i] * pulled[i];
      }
      return loss;
    }
    /** After `gradient`: the loss's derivative in the normalised pictures. */
    pull() {
      this.stages[0].layer.pull(this.pulled[0], this.parts[0], this.deltas[0]);
      return this.pulled[0];
    }
    /**
     * After `gradient`: the derivative of <V, G(x)> with respect to the pictures, V held, and to the probabilities.
     * @param {any} along V, as long as the parameters @param {any} out gets it, (B,C,H,W) per unit of a pixel in [0,1]
     * @param {any} [wanted] gets the derivative in the wanted probabilities (B,K)
     */
    along(along2, out, wanted) {
      const { batch, classes, shares, stages, tangents } = this, parts = this.cut(along2), last = stages.length - 1;
      stages.forEach(({ layer }, l) => {
        if (layer.count) layer.push(parts[l], this.seen[l], tangents[l]);
        else tangents[l].fill(0);
        if (!l) return;
        const steep2 = this.steep[l], slope = this.slopes[l - 1], before = tangents[l - 1];
        for (let i = 0; i < steep2.length; i++) steep2[i] = slope[i] * before[i];
        layer.push(this.parts[l], layer.see(steep2, true), tangents[l], { bias: false, add: true });
      });
      const top = tangents[last];
      if (wanted) for (let i = 0; i < top.length; i++) wanted[i] = -top[i] / batch;
      for (let i = 0; i < batch; i++) centred(top, shares, i * classes, classes, batch);
      let q = top;
      for (let l = last; l >= 0; l--) {
        const { layer } = stages[l], second = layer.count ? [parts[l], this.deltas[l]] : [];
        layer.pull(this.pulled[l], this.parts[l], q, ...second);
        if (!l) break;
        const { activation } = stages[l - 1], own = this.outputs[l - 1], slope = this.slopes[l - 1];
        const delta = this.deltas[l - 1], t2 = tangents[l - 1], p = this.pulled[l];
        for (let i = 0; i < p.length; i++) p[i] = slope[i] * p[i] + activation.bend(own[i]) * delta[i] * t2[i];
        q = p;
      }
      this.victim.denormalise(this.pulled[0], out);
    }
  };
  function softmax(logits, shares, wanted, at2, classes) {
    let most = -Infinity, sum2 = 0, loss = 0;
    for (let j = at2; j < at2 + classes; j++) most = Math.max(most, logits[j]);
    for (let j = at2; j < at2 + classes; j++) sum2 += Math.exp(logits[j] - most);
    for (let j = at2; j < at2 + classes; j++) {
      shares[j] = Math.exp(logits[j] - most) / sum2;
      loss -= wanted[j] * (logits[j] - most - Math.log(sum2));
    }
    return loss;
  }
  function centred(t2, shares, at2, classes, batch) {
    let mean2 = 0;
    for (let j = at2; j < at2 + classes; j++) mean2 += shares[j] * t2[j];
    for (let j = at2; j < at2 + classes; j++) t2[j] = shares[j] * (t2[j] - mean2) / batch;
  }

  // gi_core/web/engine/labels.js
  var PICTURES = 16;
  function typicalFeatures({ victim, machine }) {
    const sweeps = new Sweeps(victim, PICTURES, machine), last = sweeps.stages.length - 1;
    sweeps.forward(new Generator(0).uniforms(PICTURES * victim.inputs));
    const size2 = sweeps.stages[last].layer.inputs, features = new Float64Array(size2), seen = sweeps.seen[last];
    for (let i = 0; i < PICTURES; i++) for (let j = 0; j < size2; j++) features[j] += seen[i * size2 + j] / PICTURES;
    return features;
  }
  function headGradient({ victim, update, cut }) {
    const parts = cut(update), biased = victim.shapes[victim.shapes.length - 1].length === 1;
    return { weight: parts[parts.length - (biased ? 2 : 1)], bias: biased ? parts[parts.length - 1] : null };
  }
  function idlg(observation) {
    const { weight, bias } = headGradient(observation), { classes } = observation.victim;
    const h = typicalFeatures(observation);
    const slopes = Array.from({ length: classes }, (_, k) => h.reduce((sum2, value, j) => sum2 + value * weight[k * h.length + j], bias ? bias[k] : 0));
    const along2 = bias ? slopes.reduce((sum2, slope, k) => sum2 + slope * bias[k], 0) : 1;
    const signed2 = slopes.map((slope) => along2 >= 0 ? slope : -slope);
    return signed2.indexOf(Math.min(...signed2));
  }
  var recover = (observation) => observation.labels ?? [idlg(observation)];

  // gi_core/web/engine/lbfgs.js
  var INNER = 20;
  var HISTORY = 100;
  var GRADIENT = 1e-7;
  var CHANGE = 1e-9;
  function largest(values) {
    let most = 0;
    for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
    return most;
  }
  var Memory = class {
    /** @type {{ y: Float32Array, s: Float32Array, ro: number, al: number }[]} */
    pairs = [];
    scale = 1;
    /** @param {Float32Array} y change of the gradient @param {Float32Array} s the step */
    learn(y, s) {
      const ys = inner(y, s);
      if (!(ys > 1e-10)) return;
      if (this.pairs.length === HISTORY) this.pairs.shift();
      this.pairs.push({ y, s, ro: 1 / ys, al: 0 });
      this.scale = ys / inner(y, y);
    }
    /** -H g. @param {Float32Array} g */
    direction(g) {
      const q = g.map((value) => -value);
      for (let i = this.pairs.length - 1; i >= 0; i--) {
        const pair2 = this.pairs[i], { y, s, ro } = pair2, al = pair2.al = inner(s, q) * ro;
        for (let j = 0; j < q.length; j++) q[j] -= al * y[j];
      }
      for (let j = 0; j < q.length; j++) q[j] *= this.scale;
      for (const { y, s, ro, al } of this.pairs) {
        const by = al - inner(y, q) * ro;
        for (let j = 0; j < q.length; j++) q[j] += by * s[j];
      }
      return q;
    }
  };
  function lbfgs(x, lr) {
    const memory = new Memory(), gradient = new Float32Array(x.length);
    let before = null;
    let d = gradient;
    let t2 = lr, done = 0;
    return function* (evaluate) {
      let { loss } = evaluate(x, gradient);
      if (largest(gradient) <= GRADIENT) return;
      for (let i = 1; i <= INNER; i++) {
        done++;
        if (before) memory.learn(gradient.map((g, j) => g - /** @type {any} */
        before[j]), d.map((value) => value * t2));
        d = memory.direction(gradient);
        before = gradient.slice();
        t2 = done === 1 ? Math.min(1, 1 / gradient.reduce((sum2, g) => sum2 + Math.abs(g), 0)) * lr : lr;
        if (inner(gradient, d) > -CHANGE) return;
        for (let j = 0; j < x.length; j++) x[j] += t2 * d[j];
        if (i === INNER) return;
        const old = loss;
        loss = evaluate(x, gradient).loss;
        yield null;
        if (largest(gradient) <= GRADIENT || largest(d) * t2 <= CHANGE || Math.abs(loss - old) < CHANGE) return;
      }
    };
  }
  function* minimise(evaluate, start4, { count, pixels: pixels2, lr, box: box2, patience, below }) {
    const x = start4.slice(), step2 = lbfgs(x, lr), gradient = new Float32Array(x.length);
    let now = evaluate(x, gradient), lowest = now.loss, milestone = lowest, waited = 0, best2 = x.slice(0, pixels2);
    for (let i = 0; i <= count; i++) {
      yield { iteration: i, pictures: best2.map(clamp), ...now, lowest };
      if (i === count || lowest < below || patience > 0 && (waited >= patience || !Number.isFinite(now.loss))) return;
      yield* step2(evaluate);
      if (box2) for (let j = 0; j < pixels2; j++) x[j] = clamp(x[j]);
      now = evaluate(x, gradient);
      if (now.loss < lowest) {
        best2 = x.slice(0, pixels2);
        lowest = now.loss;
      }
      waited++;
      if (lowest < 0.5 * milestone) {
        milestone = lowest;
        waited = 0;
      }
    }
  }

  // gi_core/web/engine/smoothness.js
  function smoothness({ shape: [channels, height, width], std }, batch, weight) {
    const maps = batch * channels, across = weight / (maps * height * (width - 1));
    const down2 = weight / (maps * (height - 1) * width);
    return (x, gradient) => {
      let value = 0;
      for (let m = 0, i = 0; m < maps; m++) {
        const scale = 1 / std[m % channels];
        for (let row2 = 0; row2 < height; row2++)
          for (let column = 0; column < width; column++, i++) {
            if (column + 1 < width) value += step(x, gradient, i, i + 1, scale, across);
            if (row2 + 1 < height) value += step(x, gradient, i, i + width, scale, down2);
          }
      }
      return value;
    };
  }
  function step(x, gradient, i, j, scale, share) {
    const apart3 = (x[j] - x[i]) * scale, pull = apart3 > 0 ? share * scale : apart3 < 0 ? -share * scale : 0;
    gradient[j] += pull;
    gradient[i] -= pull;
    return share * Math.abs(apart3);
  }

  // gi_core/web/engine/matching.js
  var Matcher = class {
    /**
     * @param {import("./victim.js").Victim} victim @param {number} batch
     * @param {{ distance: Distance, name: string, tv?: number }} goal
     * @param {import("./matrix.js").Machine} machine
     */
    constructor(victim, batch, { distance: distance2, name, tv = 0 }, machine) {
      this.sweeps = new Sweeps(victim, batch, machine);
      this.distance = distance2;
      this.name = name;
      this.smooth = tv ? smoothness(victim, batch, tv) : null;
      this.update = machine.room(victim.count);
    }
    /**
     * @param {ArrayLike<number>} x (B,C,H,W) in [0,1] @param {ArrayLike<number>} wanted (B,K) probabilities
     * @param {any} gradient gets the derivative in x @param {any} [inWanted] gets the derivative in `wanted`
     * @returns {Value}
     */
    evaluate(x, wanted, gradient, inWanted) {
      this.sweeps.gradient(x, wanted, this.update);
      const value = this.distance(this.update);
      this.sweeps.along(this.update, gradient, inWanted);
      if (!this.smooth) return { loss: value, terms: { [this.name]: value } };
      const rough = this.smooth(x, gradient);
      return { loss: value + rough, terms: { [this.name]: value, tv: rough } };
    }
  };
  function oneHot(labels2, classes) {
    const wanted = new Float64Array(labels2.length * classes);
    for (let i = 0; i < labels2.length; i++) wanted[i * classes + labels2[i]] = 1;
    return wanted;
  }

  // gi_core/web/engine/restarts.js
  function* best(restarts, frames, from) {
    let answer = null;
    let lowest = Infinity;
    for (let restart = 0; restart < restarts; restart++) {
      let own = Infinity, last = null;
      for (const frame2 of from(restart)) {
        if (frame2) {
          own = Math.min(own, Number.isNaN(frame2.loss) ? Infinity : frame2.loss);
          last = own < lowest || !answer ? frame2.pictures : answer;
          yield { ...frame2, iteration: restart * frames + frame2.iteration, restart, pictures: last };
        } else yield null;
      }
      if (last) answer = last.slice();
      lowest = Math.min(lowest, own);
    }
  }

  // gi_core/web/engine/start.js
  var STARTS = ["randn", "rand", "grey"];
  function unboxed({ victim, batch }, seed2) {
    const { mean: mean2, std, shape: [channels, height, width] } = victim, places = height * width;
    return new Generator(seed2).normals(batch * victim.inputs).map((value, i) => {
      const c = Math.floor(i / places) % channels;
      return value * std[c] + mean2[c];
    });
  }
  function start(init, observation, seed2) {
    const size2 = observation.batch * observation.victim.inputs;
    if (init === "randn") return unboxed(observation, seed2).map(clamp);
    return init === "grey" ? new Float32Array(size2).fill(0.5) : new Generator(seed2).uniforms(size2);
  }

  // gi_core/web/engine/attacks/dlg.js
  var OPTIONS2 = ["steps", "restarts", "init", "lr", "box", "patience", "labels"];
  var CONVERGED = 1e-8;
  function dlg(options2, first) {
    const steps = figure(options2.steps, 300), restarts = figure(options2.restarts, 1), init = options2.init ?? "randn";
    const how = {
      count: steps,
      lr: figure(options2.lr, 1),
      box: truth(options2.box, false),
      patience: figure(options2.patience, 15)
    };
    return {
      iterations: restarts * (steps + 1),
      single: false,
      *run(observation, seed2) {
        const { victim, batch, machine, update } = observation, pixels2 = batch * victim.inputs;
        const goal = { distance: distanceTo(observation, "l2"), name: "l2" }, below = CONVERGED * inner(update, update);
        const matcher = new Matcher(victim, batch, goal, machine), joint = (options2.labels ?? "joint") === "joint";
        const evaluate = joint ? withLabels(matcher, batch, machine) : withKnown(matcher, recover(observation), victim);
        let converged = false;
        yield* best(restarts, steps + 1, function* (restart) {
          if (converged) return;
          const own = restartSeed(seed2, restart);
          let x = unboxed(observation, own);
          if (first) for (const frame2 of first.run(observation, own)) x = frame2?.pictures.slice() ?? x;
          else if (init !== "randn") x = start(init, observation, own);
          const logits = joint ? new Generator(own + 1).normals(batch * victim.classes) : new Float32Array(0);
          const all2 = new Float32Array(pixels2 + logits.length);
          all2.set(x);
          all2.set(logits, pixels2);
          for (const frame2 of minimise(evaluate, all2, { ...how, pixels: pixels2, below })) {
            yield frame2;
            converged = (frame2?.lowest ?? Infinity) < below;
          }
        });
      }
    };
  }
  function withKnown(matcher, labels2, { classes }) {
    const wanted = oneHot(labels2, classes);
    return (x, gradient) => matcher.evaluate(x, wanted, gradient);
  }
  function withLabels(matcher, batch, machine) {
    const { classes, victim } = matcher.sweeps, pixels2 = batch * victim.inputs;
    const share = new Float64Array(batch * classes), inShare = machine.room(batch * classes);
    return (x, gradient) => {
      for (let i = 0; i < batch; i++) {
        const own = x.subarray(pixels2 + i * classes, pixels2 + (i + 1) * classes), most = Math.max(...own);
        const sum2 = own.reduce((total, value2) => total + Math.exp(value2 - most), 0);
        own.forEach((value2, k) => {
          share[i * classes + k] = Math.exp(value2 - most) / sum2;
        });
      }
      const value = matcher.evaluate(x.subarray(0, pixels2), share, gradient.subarray(0, pixels2), inShare);
      for (let i = 0; i < batch; i++) {
        let mean2 = 0;
        for (let k = i * classes; k < (i + 1) * classes; k++) mean2 += share[k] * inShare[k];
        for (let k = i * classes; k < (i + 1) * classes; k++) gradient[pixels2 + k] = share[k] * (inShare[k] - mean2);
      }
      return value;
    };
  }

  // gi_core/web/engine/convolution.js
  function convolution({ shape, filters, kernel, stride = 1, padding = 0 }, batch, machine) {
    const [channels, height, width] = shape, { rows, dots: dots2 } = machine;
    const high = Math.floor((height + 2 * padding - kernel) / stride) + 1;
    const wide = Math.floor((width + 2 * padding - kernel) / stride) + 1;
    const places = high * wide, taps = channels * kernel * kernel, weights = filters * taps;
    const inputs2 = channels * height * width, outputs = filters * places;
    const windows = { channels, height, width, kernel, stride, padding, high, wide };
    const room4 = () => Array.from({ length: batch }, () => machine.room(taps * places));
    const primal = room4(), tangents = room4(), back = machine.room(taps * places), each = machine.room(weights);
    const part = (all2, i, size2) => batch === 1 ? all2 : all2.subarray(i * size2, (i + 1) * size2);
    return {
      shape: [filters, high, wide],
      inputs: inputs2,
      outputs,
      fan: taps,
      shapes: [[filters, channels, kernel, kernel], [filters]],
      count: weights + filters,
      see(x, tangent = false) {
        const columns = tangent ? tangents : primal;
        columns.forEach((own, i) => spread(part(x, i, inputs2), own, windows));
        return columns;
      },
      push(w, seen, z, { bias = true, add = false } = {}) {
        for (let i = 0; i < batch; i++) {
          const own = part(z, i, outputs);
          rows(filters, places, taps, w, taps, 1, seen[i], own, add);
          if (bias)
            for (let f = 0; f < filters; f++) {
              const shift = w[weights + f];
              for (let p = f * places; p < (f + 1) * places; p++) own[p] += shift;
            }
        }
      },
      pull(out, ...pairs) {
        out.fill(0, 0, batch * inputs2);
        for (let i = 0; i < batch; i++) {
          for (let j = 0; j < pairs.length; j += 2)
            rows(taps, places, filters, pairs[j], 1, taps, part(pairs[j + 1], i, outputs), back, j > 0);
          gather(back, part(out, i, inputs2), windows);
        }
      },
      outer(d, seen, g) {
        for (let i = 0; i < batch; i++) {
          dots2(filters, taps, places, part(d, i, outputs), seen[i], i ? each : g, false);
          if (i) for (let j = 0; j < weights; j++) g[j] += each[j];
        }
        for (let f = 0; f < filters; f++) {
          let sum2 = 0;
          for (let i = 0; i < batch; i++)
            for (let p = i * outputs + f * places, end = p + places; p < end; p++) sum2 += d[p];
          g[weights + f] = sum2;
        }
      }
    };
  }
  function reach(tap, size2, count, { stride, padding }) {
    const first = Math.max(0, Math.ceil((padding - tap) / stride));
    return [first, Math.max(first, Math.min(count, Math.floor((size2 - 1 + padding - tap) / stride) + 1))];
  }
  function spread(x, columns, w) {
    const { channels, height, width, kernel, stride, padding, high, wide } = w;
    let at2 = 0;
    for (let c = 0; c < channels; c++)
      for (let ky = 0; ky < kernel; ky++) {
        const [top, bottom] = reach(ky, height, high, w);
        for (let kx = 0; kx < kernel; kx++, at2 += high * wide) {
          const [left, right] = reach(kx, width, wide, w);
          for (let y = top; y < bottom; y++) {
            const from = (c * height + y * stride + ky - padding) * width + kx - padding;
            for (let i = left, to = at2 + y * wide; i < right; i++) columns[to + i] = x[from + i * stride];
          }
        }
      }
  }
  function gather(columns, x, w) {
    const { channels, height, width, kernel, stride, padding, high, wide } = w;
    let at2 = 0;
    for (let c = 0; c < channels; c++)
      for (let ky = 0; ky < kernel; ky++) {
        const [top, bottom] = reach(ky, height, high, w);
        for (let kx = 0; kx < kernel; kx++, at2 += high * wide) {
          const [left, right] = reach(kx, width, wide, w);
          for (let y = top; y < bottom; y++) {
            const to = (c * height + y * stride + ky - padding) * width + kx - padding;
            for (let i = left, from = at2 + y * wide; i < right; i++) x[to + i * stride] += columns[from + i];
          }
        }
      }
  }

  // gi_core/web/engine/inverters/tensors.js
  function linear(network, name, x) {
    const { shape: [units, inputs2], values } = network[`${name}.weight`], bias = network[`${name}.bias`]?.values;
    return Float64Array.from({ length: units }, (_, i) => {
      let sum2 = bias ? bias[i] : 0;
      for (let j = 0; j < inputs2; j++) sum2 += values[i * inputs2 + j] * x[j];
      return sum2;
    });
  }
  function times(x, { shape: [, columns], values }) {
    const sums = new Float64Array(columns);
    for (let i = 0; i < x.length; i++)
      for (let j = 0, at2 = i * columns, share = x[i]; j < columns; j++) sums[j] += share * values[at2 + j];
    return sums;
  }

  // gi_core/web/engine/inverters/decoder.js
  var positive = (values) => values.map((value) => Math.max(0, value));
  var sum = (a, b) => Float32Array.from(a, (value, i) => value + b[i]);
  function convolved(network, name, { values, shape }, machine) {
    const { shape: [filters, , kernel], values: weight } = network[`${name}.weight`];
    const layer = convolution({ shape, filters, kernel, padding: 1 }, 1, machine), made3 = machine.room(layer.outputs);
    const own = machine.room(layer.count);
    own.set(weight);
    own.set(network[`${name}.bias`].values, weight.length);
    layer.push(own, layer.see(values), made3);
    return { values: made3, shape: layer.shape };
  }
  function block(network, name, x, condition, machine) {
    const inner2 = convolved(network, `${name}.first`, { ...x, values: positive(x.values) }, machine);
    const [channels, height, width] = x.shape, places = height * width;
    if (condition) {
      const film = linear(network, `${name}.film`, condition);
      inner2.values.forEach((value, i) => {
        const c = Math.floor(i / places);
        inner2.values[i] = value * (1 + film[c]) + film[channels + c];
      });
    }
    const second = convolved(network, `${name}.second`, { ...inner2, values: positive(inner2.values) }, machine);
    return { shape: x.shape, values: sum(x.values, second.values) };
  }
  function folded(x, [channels, height, width], r) {
    const high = height / r, wide = width / r, made3 = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      const c = Math.floor(i / (height * width)), row2 = Math.floor(i / width) % height, column = i % width;
      const to = (c * r + row2 % r) * r + column % r;
      made3[(to * high + Math.floor(row2 / r)) * wide + Math.floor(column / r)] = x[i];
    }
    return { values: made3, shape: [channels * r * r, high, wide] };
  }
  function unfolded({ values, shape: [channels, high, wide] }, r) {
    const height = high * r, width = wide * r, made3 = new Float32Array(values.length);
    for (let i = 0; i < made3.length; i++) {
      const c = Math.floor(i / (height * width)), row2 = Math.floor(i / width) % height, column = i % width;
      const from = (c * r + row2 % r) * r + column % r;
      made3[i] = values[(from * high + Math.floor(row2 / r)) * wide + Math.floor(column / r)];
    }
    return { values: made3, shape: [channels / (r * r), height, width] };
  }
  var blocks = (network, kind2) => Array.from({ length: 9 }, (_, i) => `decoder.${kind2}.${i}`).filter((name) => `${name}.first.weight` in network);
  function decode(network, inputs2, picture4, shape, machine, condition = null) {
    const centred2 = Float32Array.from(picture4, (value) => 4 * (value - 0.5)), [, height, width] = shape;
    const deep = folded(centred2, shape, 4), maps = Float32Array.from([...Array.from(inputs2), ...deep.values]);
    const channels = 16 * maps.length / (height * width);
    let x = convolved(network, "decoder.stem", { values: maps, shape: [channels, height / 4, width / 4] }, machine);
    for (const name of blocks(network, "deep")) x = block(network, name, x, condition, machine);
    const raised = unfolded(convolved(network, "decoder.up", x, machine), 2);
    const side = convolved(network, "decoder.side", folded(centred2, shape, 2), machine);
    x = { shape: raised.shape, values: sum(raised.values, side.values) };
    for (const name of blocks(network, "wide")) x = block(network, name, x, condition, machine);
    const last = unfolded(convolved(network, "decoder.out", { ...x, values: positive(x.values) }, machine), 2);
    return picture4.map((value, i) => value + last.values[i] / 4);
  }

  // gi_core/web/engine/inverters/feature.js
  var TINY = 1e-12;
  function along(weight, x, rows) {
    return Float64Array.from({ length: rows }, (_, k) => {
      let sum2 = 0;
      for (let j = 0; j < x.length; j++) sum2 += weight[k * x.length + j] * x[j];
      return sum2;
    });
  }
  function mixed(share, weight) {
    const width = weight.length / share.length, sum2 = new Float64Array(width);
    for (let k = 0; k < share.length; k++) for (let j = 0; j < width; j++) sum2[j] += share[k] * weight[k * width + j];
    return sum2;
  }
  function leading(rows) {
    const n = rows.length, vectors = rows.map((_, i) => Float64Array.from(rows, (_2, j) => Number(i === j)));
    const off = () => rows.reduce((sum2, row2, i) => sum2 + row2.reduce((s, v, j) => s + (i === j ? 0 : v * v), 0), 0);
    const size2 = rows.reduce((sum2, row2) => sum2 + inner(
      /** @type {any} */
      row2,
      row2
    ), 0);
    for (let sweep2 = 0; sweep2 < 60 && off() > 1e-28 * size2; sweep2++)
      for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(rows, vectors, p, q);
    const most = rows.reduce((best2, row2, i) => row2[i] > rows[best2][best2] ? i : best2, 0);
    return Float64Array.from(vectors, (row2) => row2[most]);
  }
  function rotate(a, v, p, q) {
    if (a[p][q] === 0) return;
    const tau = (a[q][q] - a[p][p]) / (2 * a[p][q]), t2 = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
    const c = 1 / Math.sqrt(1 + t2 * t2), s = t2 * c;
    const turn = (row2) => {
      const x = row2[p], y = row2[q];
      row2[p] = c * x - s * y;
      row2[q] = s * x + c * y;
    };
    a.forEach(turn);
    v.forEach(turn);
    const above = a[p], below = a[q];
    a[p] = above.map((x, i) => c * x - s * below[i]);
    a[q] = above.map((x, i) => s * x + c * below[i]);
  }
  function rankOne({ weight, bias }) {
    const classes = bias.length, width = weight.length / classes;
    const row2 = (k) => weight.subarray(k * width, (k + 1) * width);
    const gram = Array.from(bias, (one, k) => Float64Array.from(bias, (other, l) => one * other + inner(row2(k), row2(l))));
    let delta = leading(gram);
    if (mixed(delta, weight).reduce((sum2, value) => sum2 + value, 0) < 0) delta = delta.map((value) => -value);
    return described(mixed(delta, weight), delta, weight, false);
  }
  function spe({ weight, bias }) {
    const classes = bias.length, width = weight.length / classes;
    const energy = Array.from(bias, (b, k) => norm(weight.subarray(k * width, (k + 1) * width)) * Math.abs(b));
    const mean2 = energy.reduce((sum2, e) => sum2 + e, 0) / classes;
    const spread4 = Math.sqrt(energy.reduce((sum2, e) => sum2 + (e - mean2) ** 2, 0) / (classes - 1));
    const least = mean2 + Math.min(2, Math.sqrt(Math.log(classes))) * spread4, empty2 = energy.every((e) => e <= least);
    const used = empty2 ? energy.map((e) => e === Math.max(...energy) ? e : 0) : energy.map((e) => e > least ? e : 0);
    const all2 = Math.max(TINY, used.reduce((sum2, e) => sum2 + e, 0));
    const ratio = used.map((e, k) => e / all2 / (Math.abs(bias[k]) < TINY ? TINY : bias[k]));
    const size2 = Math.max(TINY, norm(bias));
    return described(mixed(ratio, weight), Float64Array.from(bias, (b) => b / size2), weight, empty2);
  }
  function described(feature, delta, weight, empty2) {
    const size2 = Math.max(TINY, norm(feature)), direction = feature.map((value) => value / size2), width = feature.length;
    const classes = delta.length, found2 = along(weight, direction, classes);
    let left = 0;
    for (let k = 0; k < classes; k++)
      for (let j = 0; j < width; j++) left += (weight[k * width + j] - found2[k] * direction[j]) ** 2;
    const sigma = Math.sqrt(left / ((classes - 1) * (width - 1)));
    const share = signalShare(norm(found2) / Math.max(TINY, sigma * Math.sqrt(width)), classes / width);
    return { direction, delta, noise: Math.max(1e-9, Math.sqrt((1 - share) / width)), empty: empty2 };
  }
  function signalShare(top, aspect) {
    if (top <= 1 + Math.sqrt(aspect)) return 0;
    const bulk = top * top - aspect - 1, spike = (bulk + Math.sqrt(Math.max(0, bulk * bulk - 4 * aspect))) / 2;
    return Math.min(1, Math.max(0, 1 - (aspect + spike) / (spike * spike + spike)));
  }
  function scaleEvidence({ direction, delta, noise: noise2 }, { weight, bias }, usual) {
    const classes = delta.length, label2 = delta.indexOf(Math.min(...delta)), slope = along(weight, direction, classes);
    const width = direction.length, size2 = (k) => norm(weight.subarray(k * width, (k + 1) * width));
    const shares = delta.map((d, k) => k !== label2 && d > 3 * noise2 ? 1 / ((noise2 / d) ** 2 + (usual * noise2 * size2(k)) ** 2) : 0);
    const value = delta.map((d, k) => Math.log(Math.max(1e-30, d)) - bias[k]);
    const total = Math.max(TINY, shares.reduce((sum2, share) => sum2 + share, 0));
    const centre = (of) => inner(shares, of) / total, s0 = centre(slope), v0 = centre(value);
    let top = 0, precision2 = 0;
    shares.forEach((share, k) => {
      top += share * (slope[k] - s0) * (value[k] - v0);
      precision2 += share * (slope[k] - s0) ** 2;
    });
    return { top, precision: precision2 };
  }

  // gi_core/web/engine/matrix.js
  function dots(m, n, k, A, B, C, add) {
    if (!add) C.fill(0, 0, m * n);
    let i = 0;
    for (; i + 4 <= m; i += 4) fourDots(i, n, k, A, B, C);
    for (; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum2 = 0;
        for (let p = 0, a = i * k, b = j * k; p < k; p++) sum2 += A[a + p] * B[b + p];
        C[i * n + j] += sum2;
      }
  }
  function fourDots(i, n, k, A, B, C) {
    const a0 = i * k, a1 = a0 + k, a2 = a1 + k, a3 = a2 + k;
    let j = 0;
    for (; j + 2 <= n; j += 2) {
      let x0 = 0, x1 = 0, x2 = 0, x3 = 0, y0 = 0, y1 = 0, y2 = 0, y3 = 0;
      for (let p = 0, b = j * k, d = b + k; p < k; p++) {
        const u = B[b + p], v = B[d + p], s0 = A[a0 + p], s1 = A[a1 + p], s2 = A[a2 + p], s3 = A[a3 + p];
        x0 += s0 * u;
        x1 += s1 * u;
        x2 += s2 * u;
        x3 += s3 * u;
        y0 += s0 * v;
        y1 += s1 * v;
        y2 += s2 * v;
        y3 += s3 * v;
      }
      const c = i * n + j;
      C[c] += x0;
      C[c + n] += x1;
      C[c + 2 * n] += x2;
      C[c + 3 * n] += x3;
      C[c + 1] += y0;
      C[c + n + 1] += y1;
      C[c + 2 * n + 1] += y2;
      C[c + 3 * n + 1] += y3;
    }
    if (j < n)
      for (let p = 0, b = j * k; p < k; p++) {
        const u = B[b + p], c = i * n + j;
        C[c] += A[a0 + p] * u;
        C[c + n] += A[a1 + p] * u;
        C[c + 2 * n] += A[a2 + p] * u;
        C[c + 3 * n] += A[a3 + p] * u;
      }
  }

  // gi_core/web/engine/inverters/undo.js
  var FAINT = 1e-8;
  var EDGE = 1e-4;
  var MOST = 3;
  var SETTLED = 0.02;
  var within = (value, low, high) => Math.min(high, Math.max(low, value));
  var logit = (p) => Math.log(p / (1 - p));
  var sigmoid = (x) => 1 / (1 + Math.exp(-x));
  var steep = (s) => s * (1 - s);
  var Undo = class {
    /** @param {Tensors} network with `front.below` @param {Victim} victim */
    constructor(network, victim) {
      const { shapes, weights } = victim;
      const [filters, channels, kernel] = shapes[shapes.length - 4], head = shapes[shapes.length - 2];
      const size2 = head[1], side = Math.sqrt(size2 / filters), taps = filters * channels * kernel * kernel;
      const from = weights.length - head[0] * (size2 + 1) - filters - taps;
      this.size = size2;
      this.matrix = unrolled(weights.subarray(from, from + taps), channels, filters, kernel, side);
      const bias = weights.subarray(from + taps, from + taps + filters);
      this.bias = Float64Array.from({ length: size2 }, (_, j) => bias[Math.floor(j / (side * side))]);
      const own = (name) => Float64Array.from(network[`front.below.${name}`].values);
      this.mean = own("mean");
      this.activation = own("activation");
      this.precision = precision(own("axes"), own("variances"));
    }
    /** What the layer gives for activations, before its sigmoid. @param {Float64Array} activation */
    above(activation) {
      const sum2 = Float64Array.from(this.bias), n = this.size;
      for (let i = 0; i < n; i++)
        for (let j = 0, at2 = i * n; j < n; j++) sum2[j] += activation[i] * this.matrix[at2 + j];
      return sum2;
    }
    /** The features that pre-activations give. @param {Float64Array} below */
    again(below) {
      return this.above(below.map(sigmoid)).map(sigmoid);
    }
    /**
     * @param {Float64Array} seen features @param {number} noise on each @param {number} doubt a further error along them
     */
    find(seen, noise2, doubt) {
      const sigma = Math.max(FAINT, noise2), low = within(2 * sigma, 1e-7, 0.2);
      const share = doubt ** 2 / (doubt ** 2 + sigma ** 2);
      const length2 = Math.max(1e-30, norm(seen)), along2 = seen.map((value) => value / length2);
      const inside2 = seen.map((value) => within(value, low, 1 - low)), slope = inside2.map(steep);
      const slant = this.mean.map((value) => steep(sigmoid(value))), usual = this.above(this.activation);
      const misfit = inside2.map((value, j) => (logit(value) - usual[j]) * slope[j]);
      const start4 = this.step(this.mean, misfit, { slant, slope, along: along2, sigma, share });
      let below = start4.map((value, i) => logit(within(this.activation[i] + (value - this.mean[i]) * slant[i], EDGE, 1 - EDGE)));
      for (let k = 0, moved = Infinity; k < MOST && moved >= SETTLED; k++) {
        const again = this.again(below), before = below;
        below = this.step(
          before,
          seen.map((value, j) => value - again[j]),
          { slant: before.map((value) => steep(sigmoid(value))), slope: again.map(steep), along: along2, sigma, share }
        );
        moved = Math.sqrt(below.reduce((sum2, value, i) => sum2 + (value - before[i]) ** 2, 0) / this.size);
      }
      return below;
    }
    /**
     * Least squares of the layer, linearised at `below`, and of the prior.
     * @param {Float64Array} below @param {Float64Array} misfit
     * @param {{ slant: Float64Array, slope: Float64Array, along: Float64Array, sigma: number, share: number }} at the
     * derivatives of both sigmoids, and the noise
     */
    step(below, misfit, { slant, slope, along: along2, sigma, share }) {
      const n = this.size, jacobian = new Float64Array(n * n), target = Float64Array.from(misfit);
      for (let i = 0; i < n; i++) {
        const moved = below[i] - this.mean[i];
        for (let j = 0, at2 = i * n; j < n; j++) {
          jacobian[at2 + j] = slant[i] * this.matrix[at2 + j] * slope[j];
          target[j] += moved * jacobian[at2 + j];
        }
      }
      const error = share * inner(along2, target);
      target.forEach((value, j) => {
        target[j] = value - error * along2[j];
      });
      const row2 = (i) => jacobian.subarray(i * n, (i + 1) * n);
      const column = along2.map((_, i) => inner(row2(i), along2)), normal = new Float64Array(n * n);
      dots(n, n, n, jacobian, jacobian, normal, false);
      for (let i = 0; i < n; i++)
        for (let j = 0, at2 = i * n; j < n; j++)
          normal[at2 + j] = (normal[at2 + j] - share * column[i] * column[j]) / sigma ** 2 + this.precision[at2 + j];
      const found2 = solved(normal, along2.map((_, i) => inner(row2(i), target) / sigma ** 2));
      return found2.map((value, i) => this.mean[i] + value);
    }
  };
  function precision(axes, variances) {
    const n = variances.length, found2 = new Float64Array(n * n);
    dots(n, n, n, axes.map((value, at2) => value / Math.max(1e-12, variances[at2 % n])), axes, found2, false);
    return found2;
  }
  function solved(a, b) {
    const n = b.length, x = Float64Array.from(b), row2 = (i) => i * n;
    for (let i = 0; i < n; i++)
      for (let j = 0, p = row2(i); j <= i; j++) {
        const q = row2(j);
        let sum2 = a[p + j];
        for (let k = 0; k < j; k++) sum2 -= a[p + k] * a[q + k];
        a[p + j] = i === j ? Math.sqrt(sum2) : sum2 / a[q + j];
      }
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) x[i] -= a[row2(i) + k] * x[k];
      x[i] /= a[row2(i) + i];
    }
    for (let i = n - 1; i >= 0; i--) {
      x[i] /= a[row2(i) + i];
      for (let k = 0; k < i; k++) x[k] -= a[row2(i) + k] * x[i];
    }
    return x;
  }
  function unrolled(weight, channels, filters, kernel, side) {
    const places = side * side, outputs = filters * places, reach2 = kernel >> 1;
    const matrix = new Float64Array(channels * places * outputs);
    for (let out = 0; out < outputs; out++) {
      const filter = Math.floor(out / places), y = Math.floor(out % places / side), x = out % side;
      for (let c = 0; c < channels; c++)
        for (let dy = 0; dy < kernel; dy++)
          for (let dx = 0; dx < kernel; dx++) {
            const v = y + dy - reach2, u = x + dx - reach2;
            if (v < 0 || u < 0 || v >= side || u >= side) continue;
            matrix[(c * places + v * side + u) * outputs + out] = weight[((filter * channels + c) * kernel + dy) * kernel + dx];
          }
    }
    return matrix;
  }

  // gi_core/web/engine/inverters/front.js
  var REACH = 6;
  var within2 = (value, low, high) => Math.min(high, Math.max(low, value));
  function headOf({ shapes, weights }) {
    const [classes, width] = shapes[shapes.length - 2], from = weights.length - classes * (width + 1);
    return { weight: weights.subarray(from, from + classes * width), bias: weights.subarray(from + classes * width) };
  }
  var Front = class {
    /** @param {Tensors} network @param {Victim} victim its last convolution is undone where the network says so */
    constructor(network, victim) {
      const own = (name) => network[`front.${name}`];
      this.head = headOf(victim);
      this.axes = own("axes");
      this.turned = { shape: this.axes.shape, values: turned(this.axes.values, this.axes.shape[0]) };
      this.deep = own("deep");
      this.mean = Float64Array.from(own("mean").values);
      this.variances = Float64Array.from(own("variances").values);
      this.variance = this.variances.reduce((sum2, v) => sum2 + v, 0) / this.variances.length;
      this.norms = own("norms").values;
      this.centre = own("centre").values;
      this.spread = own("spread").values;
      this.offset = own("offset").values;
      this.along = times(this.mean, this.axes);
      this.below = own("below.mean") ? new Undo(network, victim) : null;
    }
    /**
     * Features with their scale, the standard deviation of their noise, and that of their scale.
     * @param {import("./feature.js").Feature} f
     */
    features(f) {
      const { mean: mean2, variances, norms } = this, { direction, noise: noise2 } = f, width = mean2.length;
      const usual = norm(mean2), floor = (noise2 * usual) ** 2;
      const { top, precision: precision2 } = scaleEvidence(f, this.head, usual), along2 = times(direction, this.axes);
      let above = top, below = precision2;
      along2.forEach((value, j) => {
        above += value * this.along[j] / (variances[j] + floor);
        below += value * value / (variances[j] + floor);
      });
      const signal = Math.sqrt(Math.max(1e-6, 1 - width * noise2 * noise2));
      below = Math.max(1e-30, below);
      const size2 = within2(above / below * signal, norms[0], norms[1]) / signal;
      return { features: direction.map((value) => value * size2), noise: noise2 * size2, doubt: 1 / Math.sqrt(below) };
    }
    /** Features of unknown scale at the one that suits their statistics best. @param {Float64Array} features */
    rescaled(features, spread4 = 0.01) {
      const along2 = times(features, this.axes);
      let above = 0, below = 0;
      along2.forEach((value, j) => {
        above += value * this.along[j] / (this.variances[j] + spread4 * spread4);
        below += value * value / (this.variances[j] + spread4 * spread4);
      });
      return features.map((value) => value * above / Math.max(1e-30, below));
    }
    /** E[h | h + noise] for Gaussian features. @param {Float64Array} features @param {number} noise */
    wiener(features, noise2) {
      const gain2 = this.variances.map((v) => v / (v + noise2 * noise2)), least = gain2.reduce((a, b) => Math.min(a, b));
      const centred2 = features.map((value, i) => value - this.mean[i]);
      const kept = times(times(centred2, this.axes).map((value, j) => value * (gain2[j] - least)), this.turned);
      return centred2.map((value, i) => this.mean[i] + least * value + kept[i]);
    }
    /**
     * @param {Float64Array} features @param {number} noise @param {number} doubt the error of their scale
     * @returns {{ inputs: Float64Array, linear: Float64Array }}
     */
    forward(features, noise2, doubt = 0) {
      const inputs2 = this.standard(features, noise2, doubt), near = inputs2.map((value) => within2(value, -REACH, REACH));
      const linear3 = times((this.below ? inputs2 : near).subarray(inputs2.length - this.mean.length), this.deep);
      return { inputs: near, linear: linear3.map((value, i) => value + this.offset[i]) };
    }
    /**
     * The decoder's inputs in units of their spread.
     * @param {Float64Array} features @param {number} noise @param {number} doubt
     */
    standard(features, noise2, doubt) {
      const below = this.below?.find(features, noise2, doubt);
      const all2 = this.below && below ? [...this.below.again(below), ...below] : this.wiener(features, noise2);
      return Float64Array.from(all2, (value, i) => (value - this.centre[i]) / this.spread[i]);
    }
  };
  var turned = (values, side) => values.map((_, i) => values[i % side * side + Math.floor(i / side)]);

  // gi_core/web/engine/attacks/fgla.js
  var OPTIONS3 = ["decoder"];
  function separate(weight, bias, labels2) {
    const classes = bias.length, width = weight.length / classes, others = (labels2.length - 1) / labels2.length;
    const absent = Array.from(bias.keys()).filter((k) => !labels2.includes(k)), share = others / Math.max(1, absent.length);
    const mean2 = Float64Array.from({ length: width }, (_, j) => absent.reduce((sum2, k) => sum2 + share * weight[k * width + j], 0));
    const shift = absent.reduce((sum2, k) => sum2 + share * bias[k], 0);
    return labels2.map((label2) => mean2.map((value, j) => {
      const ratio = (weight[label2 * width + j] - value) / (bias[label2] - shift);
      return Number.isFinite(ratio) ? ratio : 0;
    }));
  }
  function fgla(_, __, network) {
    return {
      iterations: 1,
      single: true,
      *run(observation) {
        const { victim, machine, batch } = observation, { weight, bias } = headGradient(observation);
        const front = new Front(network, victim), pictures2 = new Float32Array(batch * victim.inputs);
        const labels2 = recover(observation);
        separate(
          weight,
          /** @type {Float32Array} */
          bias,
          labels2
        ).forEach((features, i) => {
          const { inputs: inputs2, linear: linear3 } = front.forward(front.rescaled(features), 0);
          const picture4 = decode(network, inputs2, linear3, victim.shape, machine);
          pictures2.set(picture4.map(clamp), i * victim.inputs);
        });
        yield { iteration: 0, restart: 0, pictures: pictures2, loss: 0, terms: {}, labels: labels2 };
      }
    };
  }

  // gi_core/web/engine/attacks/git.js
  var OPTIONS4 = [];
  var REACH2 = 6;
  var LEAK = 0.2;
  function sketched(numbers, bins, seed2) {
    if (numbers.length <= bins) return Float64Array.from(numbers);
    const sums = new Float64Array(bins);
    new Generator(seed2).order(numbers.length).forEach((place2, i) => {
      sums[place2 % bins] += numbers[i];
    });
    return sums;
  }
  function piece(network, name, x) {
    const hidden2 = linear(network, `${name}.into`, x), linearOnes = Math.ceil(hidden2.length / 2);
    return linear(network, `${name}.out`, hidden2.map((value, i) => i < linearOnes || value > 0 ? value : LEAK * value));
  }
  var held = (values, scaled) => Float64Array.from(values, (value, i) => Math.min(REACH2, Math.max(-REACH2, scaled(value, i))));
  function bootstrap(observation) {
    const { weight, bias } = headGradient(observation), b = (
      /** @type {Float32Array} */
      bias
    );
    const size2 = Math.max(1e-12, norm(b)), direction = Float64Array.from(b, (value) => value / size2);
    const features = mixed(direction, weight).map((value) => value / size2), width = features.length;
    let apart3 = 0;
    for (let i = 0; i < weight.length; i++)
      apart3 += (weight[i] - direction[Math.floor(i / width)] * features[i % width] * size2) ** 2;
    const noise2 = Math.min(10, Math.max(1e-5, Math.sqrt(apart3 / weight.length) / size2));
    return { features, size: size2, known: [...direction, Math.log10(noise2)] };
  }
  function git(_, __, network) {
    return {
      iterations: 1,
      single: true,
      *run(observation) {
        const { features, size: size2, known: known2 } = bootstrap(observation), { centre, spread: spread4 } = network;
        const parts = observation.cut(observation.update), stages = parts.length / 2 - 1;
        let x = piece(
          network,
          "bootstrap",
          [...held(features, (value, i) => (value - centre.values[i]) / spread4.values[i]), ...known2]
        );
        for (let number2 = 0; number2 < stages; number2++) {
          const at2 = 2 * (stages - 1 - number2), scale = network[`scale${number2}`].values;
          const own = Float32Array.from([...parts[at2], ...parts[at2 + 1]]);
          const seen = held(sketched(own, scale.length, number2), (value, i) => value / size2 / scale[i]);
          x = piece(network, `pieces.${number2}`, [...x, ...seen, ...known2]);
        }
        yield { iteration: 0, restart: 0, pictures: Float32Array.from(x, clamp), loss: 0, terms: {} };
      }
    };
  }

  // gi_core/web/engine/attacks/ig.js
  var OPTIONS5 = ["steps", "restarts", "init", "lr", "tv", "objective", "signed", "decay", "box"];
  function ig(options2, first) {
    const steps = figure(options2.steps, 4800), restarts = figure(options2.restarts, 1);
    const name = options2.objective ?? "cosine";
    const how = {
      count: steps,
      lr: figure(options2.lr, 0.1),
      signed: truth(options2.signed, true),
      decay: truth(options2.decay, true),
      box: truth(options2.box, true)
    };
    return {
      iterations: restarts * (steps + 1),
      single: false,
      *run(observation, seed2) {
        const { victim, batch, machine } = observation;
        const goal = { distance: distanceTo(observation, name), name, tv: figure(options2.tv, 0.01) };
        const matcher = new Matcher(victim, batch, goal, machine), labels2 = recover(observation);
        const wanted = oneHot(labels2, victim.classes);
        yield* best(restarts, steps + 1, function* (restart) {
          const own = restartSeed(seed2, restart);
          let x = first ? null : start(options2.init ?? "randn", observation, own);
          for (const frame2 of first?.run(observation, own) ?? []) x = frame2?.pictures.slice() ?? x;
          if (!x) return;
          for (const frame2 of descend((guess, g) => matcher.evaluate(guess, wanted, g), x, victim, how, machine))
            yield { ...frame2, labels: labels2 };
        });
      }
    };
  }

  // gi_core/web/engine/servers/imprint.js
  var BRIGHTNESS = [0.45, 0.12];
  var GRID = 4;
  function quantile(p) {
    if (p < 0.5) return -quantile(1 - p);
    let z = 0;
    for (let step2 = 0; step2 < 50; step2++) {
      const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
      let sum2 = z;
      for (let term = z, odd = 3; Math.abs(term) > 1e-17 * sum2; odd += 2) sum2 += term *= z * z / odd;
      const gap2 = (p - 0.5 - density * sum2) / density;
      z += gap2;
      if (Math.abs(gap2) < 1e-15) break;
    }
    return z;
  }
  function thresholds(count, { mean: mean2, std }) {
    const average = (of) => mean2.reduce((sum2, _, c) => sum2 + of(c) / mean2.length, 0);
    const middle = average((c) => (BRIGHTNESS[0] - mean2[c]) / std[c]), spread4 = average((c) => BRIGHTNESS[1] / std[c]);
    const inner2 = Array.from({ length: count - 1 }, (_, i) => middle + spread4 * quantile((i + 1) / count));
    return Float32Array.from([inner2[0] - 10 * spread4, ...inner2]);
  }
  function inputs(u, [channels, height, width]) {
    const all2 = new Float32Array(u.length + channels * GRID * GRID), high = height / GRID, wide = width / GRID;
    all2.set(u);
    for (let i = 0; i < u.length; i++) {
      const c = Math.floor(i / (height * width)), y = Math.floor(i / width) % height, x = i % width;
      all2[u.length + (c * GRID + Math.floor(y / high)) * GRID + Math.floor(x / wide)] += u[i] * u[i] / (high * wide);
    }
    for (let i = u.length; i < all2.length; i++) all2[i] += 1;
    return all2;
  }
  function imprint(options2, victim) {
    const count = figure(options2.bins, 256), gain2 = figure(options2.gain, 1e-3), sparse = options2.units !== "cumulative";
    const { shape, std } = victim, size2 = victim.inputs, places = shape[1] * shape[2];
    const edges = thresholds(count, victim), wide = size2 + shape[0] * GRID * GRID;
    const widths = edges.map((edge, k) => k + 1 < count ? edges[k + 1] - edge : (edge - edges[k - 1]) * (count - 1));
    const answer = (k, asked) => {
      const above = Math.max(0, asked - edges[k]);
      return sparse ? Math.min(above, widths[k]) : above;
    };
    const open = (k, asked) => asked > edges[k] && (!sparse || asked - edges[k] < widths[k]);
    return {
      names: [
        "body.bins.rows.weight",
        "body.bins.rows.bias",
        ...victim.names.map((name) => name.replace("body.", "body.body."))
      ],
      shapes: [[count, wide], [count], ...victim.shapes],
      count: count * (wide + 1) + victim.count,
      facts: { sparse },
      gradient(pictures2, labels2, machine) {
        const batch = labels2.length, found2 = new Float32Array(count * (wide + 1) + victim.count);
        const u = new Float32Array(pictures2.length), shifted = pictures2.slice();
        victim.normalise(pictures2, u);
        const asked = Array.from({ length: batch }, (_, i) => u.subarray(i * size2, (i + 1) * size2).reduce((sum2, value) => sum2 + value / size2, 0));
        asked.forEach((m, i) => {
          const push = gain2 * edges.reduce((sum2, _, k) => sum2 + answer(k, m), 0);
          for (let j = 0; j < size2; j++) shifted[i * size2 + j] += push * std[Math.floor(j / places)];
        });
        const sweeps = new Sweeps(victim, batch, machine), rest = machine.room(victim.count);
        sweeps.gradient(shifted, oneHot(labels2, victim.classes), rest);
        found2.set(rest, count * (wide + 1));
        const pulled = sweeps.pull();
        asked.forEach((m, i) => {
          const own = pulled.subarray(i * size2, (i + 1) * size2);
          const delta = gain2 * own.reduce((sum2, value) => sum2 + value, 0);
          const seen = inputs(u.subarray(i * size2, (i + 1) * size2), shape);
          for (let k = 0; k < count; k++) {
            if (!open(k, m)) continue;
            for (let j = 0; j < wide; j++) found2[k * wide + j] += delta * seen[j];
            found2[count * wide + k] += delta;
          }
        });
        return found2;
      }
    };
  }

  // gi_core/web/engine/attacks/imprint.js
  var OPTIONS6 = ["significance"];
  var ROUNDING = 1e-6;
  var BOX = 0.05;
  var OUTSIDE = 0.01;
  var TRUSTED_DB = 37;
  var beyondNext = (rows, width) => rows.map((value, i) => value - (rows[i + width] ?? 0));
  function standingOut(weight, count, significance) {
    const n = weight.length / count;
    const energy = Array.from({ length: count }, (_, k) => {
      const row2 = weight.subarray(k * n, (k + 1) * n);
      return inner(row2, row2);
    });
    const quietest = energy.reduce((least, e) => Math.min(least, e));
    return energy.map((e) => e - quietest > (significance + 3) * Math.sqrt(2 / n) * quietest);
  }
  function gap(u, [channels, height, width]) {
    const cells = channels * GRID * GRID, size2 = channels * height * width, means = new Float64Array(cells);
    const share = GRID * GRID / (height * width);
    for (let i = 0; i < size2; i++) {
      const c = Math.floor(i / (height * width)), y = Math.floor(i / width) % height, x = i % width;
      means[(c * GRID + Math.floor(y * GRID / height)) * GRID + Math.floor(x * GRID / width)] += share * u[i] * u[i];
    }
    return means.reduce((sum2, mean2, i) => sum2 + Math.abs(u[size2 + i] - 1 - mean2), 0) / cells;
  }
  function decode2({ victim, update, cut, server }, significance) {
    const [rows, thresholds2] = cut(update), count = thresholds2.length, wide = rows.length / count;
    const weight = server?.sparse ? rows : beyondNext(rows, wide), bias = server?.sparse ? thresholds2 : beyondNext(thresholds2, 1);
    const { mean: mean2, std, shape } = victim, places = shape[1] * shape[2], scale = Math.max(...std) ** 2;
    const most = bias.reduce((b, value) => Math.max(b, Math.abs(value)), 0);
    const out = standingOut(weight, count, significance), found2 = (
      /** @type {Found[]} */
      []
    );
    for (let row2 = 0; row2 < count; row2++) {
      if (!out[row2] || Math.abs(bias[row2]) <= ROUNDING * most) continue;
      const quotient = Float32Array.from(weight.subarray(row2 * wide, (row2 + 1) * wide), (value) => value / bias[row2]);
      const pixels2 = quotient.slice(0, victim.inputs).map((value, i) => {
        const c = Math.floor(i / places);
        return value * std[c] + mean2[c];
      });
      const outside3 = pixels2.filter((value) => value < -BOX || value > 1 + BOX).length / pixels2.length;
      const error = gap(quotient, shape) * scale;
      found2.push({ row: row2, picture: pixels2.map(clamp), error: outside3 < OUTSIDE && error < Infinity ? error : Infinity });
    }
    return found2.sort((a, b) => a.error === b.error ? a.row - b.row : a.error - b.error);
  }
  var trusted = ({ error }) => error < 10 ** (-TRUSTED_DB / 10);
  function imprint2(options2) {
    const significance = figure(options2.significance, 6);
    return {
      iterations: 1,
      single: true,
      *run(observation) {
        const { batch, victim: { inputs: inputs2 } } = observation, all2 = decode2(observation, significance);
        const found2 = all2.slice(0, batch);
        const pictures2 = new Float32Array(batch * inputs2).fill(0.5);
        found2.forEach(({ picture: picture4 }, i) => pictures2.set(picture4, i * inputs2));
        const loss = found2.reduce((sum2, { error }) => sum2 + Math.min(1, error), 0);
        const report2 = {
          found: all2.length,
          trusted: all2.filter(trusted).length,
          trust: all2.map(trusted),
          rows: all2.map((one) => one.row),
          error: all2.map((one) => one.error),
          pictures: batch
        };
        yield { iteration: 0, restart: 0, pictures: pictures2, loss, terms: {}, report: report2 };
      }
    };
  }

  // gi_core/web/engine/inverters/wavelet.js
  var FINEST = 0.6745;
  var LEVELS = 2;
  var TINY2 = 1e-12;
  function down(x, channels, height, width) {
    const places = height * width / 4, made3 = new Float64Array(x.length), all2 = channels * places;
    for (let c = 0, to = 0; c < channels; c++)
      for (let i = 0; i < height; i += 2)
        for (let j = 0; j < width; j += 2, to++) {
          const at2 = (c * height + i) * width + j, a = x[at2], b = x[at2 + 1], d = x[at2 + width], e = x[at2 + width + 1];
          made3[to] = (a + b + d + e) / 2;
          made3[all2 + to] = (a + b - d - e) / 2;
          made3[2 * all2 + to] = (a - b + d - e) / 2;
          made3[3 * all2 + to] = (a - b - d + e) / 2;
        }
    return made3;
  }
  function up(made3, channels, height, width) {
    const all2 = channels * height * width / 4, x = new Float64Array(made3.length);
    for (let c = 0, from = 0; c < channels; c++)
      for (let i = 0; i < height; i += 2)
        for (let j = 0; j < width; j += 2, from++) {
          const at2 = (c * height + i) * width + j;
          const m = made3[from], h = made3[all2 + from], v = made3[2 * all2 + from], d = made3[3 * all2 + from];
          x[at2] = (m + h + v + d) / 2;
          x[at2 + 1] = (m + h - v - d) / 2;
          x[at2 + width] = (m - h + v - d) / 2;
          x[at2 + width + 1] = (m - h - v + d) / 2;
        }
    return x;
  }
  function median(values) {
    const sorted = values.slice().sort(), half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
  function refine(x, [channels, height, width]) {
    const levels = [];
    let coarse = x;
    for (let level = 0, h = height, w = width; level < LEVELS; level++, h /= 2, w /= 2) {
      const made3 = down(coarse, channels, h, w);
      levels.push({ made: made3, h, w });
      coarse = made3.slice(0, made3.length / 4);
    }
    const finest = levels[0].made.slice(3 * x.length / 4).map(Math.abs);
    const least = median(finest) / FINEST * Math.sqrt(2 * Math.log(x.length));
    for (const { made: made3, h, w } of levels.reverse()) {
      made3.set(coarse);
      for (let i = made3.length / 4; i < made3.length; i++)
        made3[i] = Math.sign(made3[i]) * Math.max(0, Math.abs(made3[i]) - least);
      coarse = up(made3, channels, h, w);
    }
    return coarse;
  }
  function strength(x, refined) {
    let removed = 0, size2 = 0;
    for (let i = 0; i < x.length; i++) {
      removed += (x[i] - refined[i]) ** 2;
      size2 += refined[i] ** 2;
    }
    return 2 * Math.log1p(removed / Math.max(TINY2, size2));
  }

  // gi_core/web/engine/attacks/venom.js
  var OPTIONS7 = ["feature", "strength"];
  var T_MAX = 12;
  var STEPS2 = 4;
  var sigmoid2 = (x) => 1 / (1 + Math.exp(-x));
  function embedded(network, t2) {
    const periodic = linear(network, "time.0.periodic", [t2]).map(Math.sin);
    const drive = linear(network, "time.1.entry", [...linear(network, "time.0.linear", [t2]), ...periodic]);
    const rate = sigmoid2(network["time.1.rate"].values[0]);
    let state = new Float64Array(drive.length);
    for (let i = 0; i < STEPS2; i++) {
      const pull = linear(network, "time.1.recurrent", state);
      state = state.map((value, j) => value + rate * (Math.tanh(drive[j] + pull[j]) - value));
    }
    const projected = linear(network, "time.1.project", state), gate = linear(network, "time.1.gate", projected);
    return projected.map((value, i) => sigmoid2(gate[i]) * value);
  }
  function venom(options2, _, network) {
    return {
      iterations: 1,
      single: true,
      *run(observation) {
        const { victim, machine } = observation, { weight, bias } = headGradient(observation);
        const front = new Front(network, victim), head = { weight, bias: (
          /** @type {Float32Array} */
          bias
        ) };
        const found2 = (options2.feature === "spe" ? spe : rankOne)(head);
        const { features, noise: noise2, doubt } = front.features(found2);
        const spread4 = Math.sqrt(front.variance), noisy2 = features.map((value, i) => (value - front.mean[i]) / spread4);
        const side = victim.shape[1] / 4, refined = refine(noisy2, [noisy2.length / (side * side), side, side]);
        const measured3 = found2.empty ? T_MAX : strength(noisy2, refined);
        const { inputs: inputs2, linear: linear3 } = front.forward(features, noise2, doubt);
        const wide = [...noisy2, ...refined].map((value) => 3 * Math.tanh(value / 3));
        const { values } = network.strengths;
        const t2 = options2.strength === "constant" ? values.reduce((sum2, value) => sum2 + value, 0) / values.length : options2.strength === "true" ? 2 * Math.log1p(noise2 ** 2 / front.variance) : measured3;
        const condition = embedded(network, Math.min(T_MAX, t2));
        const picture4 = decode(network, [...inputs2, ...wide], linear3, victim.shape, machine, condition);
        const pictures2 = Float32Array.from(picture4, clamp), labels2 = [found2.delta.indexOf(Math.min(...found2.delta))];
        yield { iteration: 0, restart: 0, pictures: pictures2, loss: 0, terms: {}, labels: labels2 };
      }
    };
  }

  // gi_core/web/engine/defenses.js
  function length(values) {
    let sum2 = 0;
    for (let i = 0; i < values.length; i++) sum2 += values[i] * values[i];
    return Math.sqrt(sum2);
  }
  function clip(update, cut, { norm: norm2, scope }) {
    const most = figure(norm2, 1);
    for (const part of scope === "tensor" ? cut(update) : [update]) {
      const factor = Math.min(1, most / Math.max(length(part), 1e-38));
      for (let i = 0; i < part.length; i++) part[i] *= factor;
    }
  }
  function gaussian(update, cut, { sigma }, generator) {
    const scale = figure(sigma, 0.01);
    for (const part of cut(update)) {
      const noise2 = generator.normals(part.length);
      for (let i = 0; i < part.length; i++) part[i] += Math.fround(scale * noise2[i]);
    }
  }
  function topk(update, cut, { keep: keep2, scope }) {
    for (const part of scope === "tensor" ? cut(update) : [update]) {
      const count = Math.max(1, even(figure(keep2, 0.1) * part.length));
      const order = Uint32Array.from(part, (_, i) => i).sort((a, b) => Math.abs(part[b]) - Math.abs(part[a]));
      for (let i = count; i < order.length; i++) part[order[i]] = 0;
    }
  }
  var even = (value) => Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
  function sign(update) {
    for (let i = 0; i < update.length; i++) update[i] = Math.sign(update[i]);
  }
  function quantize(update, cut, { bits, stochastic, scale }, generator) {
    const levels = 2 ** (figure(bits, 4) - 1) - 1, random = truth(stochastic, true);
    for (const part of cut(update)) {
      const most = scale === "l2" ? length(part) : part.reduce((most2, value) => Math.max(most2, Math.abs(value)), 0);
      const norm2 = Math.max(Math.fround(most), 11754943508222875e-54);
      for (let i = 0; i < part.length; i++) {
        const level = Math.fround(Math.fround(Math.abs(part[i]) / norm2) * levels);
        const rounded = random ? Math.floor(Math.fround(level + generator.uniform())) : even(level);
        part[i] = Math.sign(part[i]) * rounded * Math.fround(norm2 / levels);
      }
    }
  }
  var DEFENSES = { clip, gaussian, topk, sign, quantize };

  // gi_core/web/engine/servers/honest.js
  var honest = (_, victim) => ({
    shapes: victim.shapes,
    names: victim.names,
    count: victim.count,
    facts: null,
    gradient(pictures2, labels2, machine) {
      const found2 = machine.room(victim.count);
      new Sweeps(victim, labels2.length, machine).gradient(pictures2, oneHot(labels2, victim.classes), found2);
      return Float32Array.from(found2);
    }
  });

  // gi_core/web/engine/victim.js
  var CIFAR_MEAN = [0.4914, 0.4822, 0.4465];
  var CIFAR_STD = [0.247, 0.2435, 0.2616];
  var PLANS = {
    lenet: ({ activation = "sigmoid", init = "uniform" }) => ({
      plan: [2, 2, 1].flatMap((stride) => (
        /** @type {Step[]} */
        [
          ["convolution", { filters: 12, kernel: 5, stride, padding: 2 }],
          [activation]
        ]
      )),
      uniform: init === "uniform"
    }),
    mlp: ({ width, depth, shrink: shrink2, activation = "relu", bias }) => {
      let units = figure(width, 256);
      const plan = Array.from({ length: figure(depth, 2) }, () => {
        const own = units;
        if (truth(shrink2, false)) units = Math.max(1, units >> 1);
        return (
          /** @type {Step[]} */
          [["dense", { units: own, bias: truth(bias, true) }], [activation]]
        );
      });
      return { plan: [...plan.flat(), ["bias", truth(bias, true)]] };
    },
    convnet: ({ width }) => {
      const w = figure(width, 64), blocks2 = [w, 2 * w, 2 * w, 4 * w, 4 * w, 4 * w, 0, 4 * w, 4 * w, 0];
      const plan = blocks2.flatMap((filters) => (
        /** @type {Step[]} */
        filters ? [["convolution", { filters, kernel: 3, padding: 1 }], ["batchNorm"], ["relu"]] : [["max", 3]]
      ));
      return { plan, mean: CIFAR_MEAN, std: CIFAR_STD };
    }
  };
  var KNOWN = Object.keys(PLANS);

  // gi_core/web/engine/scenario.js
  var ATTACKS = {
    ig: { options: OPTIONS5, make: ig },
    dlg: { options: OPTIONS2, make: dlg },
    analytic: { options: OPTIONS, make: analytic },
    venom: { options: OPTIONS7, make: venom, inverter: true, alone: true },
    fgla: { options: OPTIONS3, make: fgla, inverter: true },
    git: { options: OPTIONS4, make: git, inverter: true, alone: true },
    imprint: { options: OPTIONS6, make: imprint2 }
  };
  var SERVERS = { honest, imprint };
  var TRAINED = { model: "lenet", weights: "init", num_classes: 10, image_size: 32 };
  var MOST2 = { batch_size: 8, parameters: 2e6 };
  var FLAG = ["true", "false"];
  var KINDS = {
    model: {
      lenet: { activation: ["sigmoid", "relu"], init: ["uniform", "default"] },
      mlp: {
        width: [1, 4096],
        depth: [1, 8],
        shrink: FLAG,
        bias: FLAG,
        activation: ["relu", "sigmoid", "tanh", "leaky-relu"]
      },
      convnet: { width: [4, 256] }
    },
    defense: {
      clip: { norm: [1e-9, Infinity], per: ["example", "update"], scope: ["joint", "tensor"] },
      sign: {},
      gaussian: { sigma: [0, 1e6] },
      topk: { keep: [0, 1], scope: ["global", "tensor"] },
      quantize: { bits: [2, 16], stochastic: FLAG, scale: ["max", "l2"] }
    },
    server: {
      honest: {},
      imprint: { bins: [2, 4096], gain: [1e-12, 1e6], units: ["sparse", "cumulative"], questions: ["1"] }
    }
  };
  var OPTIONS8 = {
    steps: [1, 1e5],
    restarts: [1, 64],
    lr: [1e-6, 100],
    tv: [0, 1e3],
    patience: [0, 1e4],
    tolerance: [0, 1],
    init: null,
    objective: ["cosine", "l2", "l1"],
    labels: ["joint"],
    signed: FLAG,
    decay: FLAG,
    box: FLAG,
    feature: ["svd", "spe"],
    strength: ["wavelet", "constant", "true"],
    decoder: ["clean"],
    significance: [0, 1e3]
  };
  var WHOLE = ["steps", "restarts", "patience", "width", "depth", "bits", "bins"];
  var sound = (options2, allowed) => Object.entries(options2).every(([key2, value]) => {
    if (!(key2 in allowed)) return false;
    const range2 = allowed[key2], [low, high] = range2 ?? [];
    if (typeof low !== "number") return range2 === null || range2.some((word2) => word2 === value.toLowerCase());
    const number2 = value === "" ? NaN : Number(value);
    return number2 >= low && number2 <= Number(high) && (!WHOLE.includes(key2) || Number.isInteger(number2));
  });
  function attackRuns(text) {
    const parts = splitTop(text, "+");
    if (parts.length !== 1) return false;
    const { name, options: options2 } = component(text), known2 = ATTACKS[name];
    if (!known2 || !sound(options2, Object.fromEntries(known2.options.map((key2) => [key2, OPTIONS8[key2]])))) return false;
    const { init } = options2;
    return !init || STARTS.includes(init) || attackRuns(init);
  }
  var invertersOf = (text) => attackNames(text).filter((name) => ATTACKS[name]?.inverter);
  function inverted(settings, inverters) {
    const names = invertersOf(String(settings.attack ?? "ig"));
    if (!names.length) return true;
    const fits = Object.entries(TRAINED).every(([field, value]) => String(settings[field] ?? value) === String(value));
    const one = Number(settings.batch_size ?? 1) === 1;
    const kept = !names.includes("git") || stack(String(settings.defense ?? "none")).every(keepsProportions);
    return fits && kept && names.every((name) => inverters.includes(name) && (one || !ATTACKS[name].alone));
  }
  var keepsProportions = ({ name, options: options2 }) => name === "gaussian" || name === "clip" && options2.scope !== "tensor";
  function runsHere(settings, side, inverters = []) {
    const at2 = (field, value) => String(settings[field] ?? value);
    const plain2 = { mode: "eval", local_steps: 1, clients: 1, channels: 3, image_size: side };
    if (!Object.entries(plain2).every(([field, value]) => at2(field, value) === String(value))) return false;
    const least = { batch_size: 1, num_classes: 2, seed: 0 };
    if (!Object.entries(least).every(([field, low]) => /^\d+$/.test(at2(field, low)) && Number(at2(field, low)) >= low))
      return false;
    if (at2("update", "auto") === "delta" || !["0", at2("batch_size", 1)].includes(at2("local_batch", 0))) return false;
    const { name, options: options2 } = component(at2("model", "lenet")), weights = component(at2("weights", "init"));
    if (!KNOWN.includes(name) || !sound(options2, KINDS.model[name])) return false;
    const knowledge = at2("knowledge", "labels").split("+"), labelled2 = knowledge.includes("labels");
    const names = attackNames(at2("attack", "ig")), first = name === "mlp" || !names.includes("analytic");
    const told3 = labelled2 || Number(at2("batch_size", 1)) === 1 || names[0] === "imprint";
    return weights.name === "init" && first && told3 && knowledge.every((fact) => ["labels", "defense", "none"].includes(fact)) && Number(at2("batch_size", 1)) <= MOST2.batch_size && stack(at2("defense", "none")).every(defenseRuns) && served(at2("server", "honest"), at2("attack", "ig")) && attackRuns(at2("attack", "ig")) && inverted(settings, inverters) && size(name, options2, side) <= MOST2.parameters;
  }
  function served(server, attack) {
    const { name, options: options2 } = component(server);
    const [first, ...starts] = attackNames(attack), altered = name === "imprint";
    if (altered && options2.units !== "cumulative" && options2.questions !== "1") return false;
    return name in SERVERS && sound(options2, KINDS.server[name]) && altered === (first === "imprint") && !starts.includes("imprint");
  }
  var defenseRuns = ({ name, options: options2 }) => name in DEFENSES && sound(options2, KINDS.defense[name]);
  function attackNames(text) {
    const { name, options: options2 } = component(text);
    return [name, ...options2.init && !STARTS.includes(options2.init) ? attackNames(options2.init) : []];
  }
  function size(name, { width }, side) {
    if (name === "mlp") return 3 * side * side * Number(width ?? 256);
    return name === "convnet" ? 709 * Number(width ?? 64) ** 2 : 0;
  }

  // worker:gi_core/web/engine/worker.js
  var worker_default = '"use strict";(()=>{function _t(o,t){let n=[""],e=0;for(let r of o)e+=r==="("?1:r===")"?-1:0,r===t&&e===0?n.push(""):n[n.length-1]+=r;return n}function W(o){let[t,...n]=o.trim().split(":"),e={};for(let r of n.length?_t(n.join(":"),","):[]){let[s,...l]=r.split("=");e[s.trim()]=l.join("=").trim().replace(/^\\((.*)\\)$/,"$1")}return{name:t.trim(),options:e}}var It=o=>o.trim()==="none"?[]:_t(o,"+").map(W),D=(o,t)=>o===void 0?t:o.toLowerCase()==="true",I=(o,t)=>o===void 0?t:Number(o);function Ht(o){let t=0;for(let n=0;n<o.length;n++)t+=o[n]*o[n];return Math.sqrt(t)}function Vt(o,t,{norm:n,scope:e}){let r=I(n,1);for(let s of e==="tensor"?t(o):[o]){let l=Math.min(1,r/Math.max(Ht(s),1e-38));for(let i=0;i<s.length;i++)s[i]*=l}}function bn(o,t,{sigma:n},e){let r=I(n,.01);for(let s of t(o)){let l=e.normals(s.length);for(let i=0;i<s.length;i++)s[i]+=Math.fround(r*l[i])}}function wn(o,t,{keep:n,scope:e}){for(let r of e==="tensor"?t(o):[o]){let s=Math.max(1,J(I(n,.1)*r.length)),l=Uint32Array.from(r,(i,a)=>a).sort((i,a)=>Math.abs(r[a])-Math.abs(r[i]));for(let i=s;i<l.length;i++)r[l[i]]=0}}var J=o=>Math.abs(o%1)===.5?2*Math.round(o/2):Math.round(o);function An(o){for(let t=0;t<o.length;t++)o[t]=Math.sign(o[t])}function vn(o,t,{bits:n,stochastic:e,scale:r},s){let l=2**(I(n,4)-1)-1,i=D(e,!0);for(let a of t(o)){let c=r==="l2"?Ht(a):a.reduce((h,u)=>Math.max(h,Math.abs(u)),0),f=Math.max(Math.fround(c),11754943508222875e-54);for(let h=0;h<a.length;h++){let u=Math.fround(Math.fround(Math.abs(a[h])/f)*l),m=i?Math.floor(Math.fround(u+s.uniform())):J(u);a[h]=Math.sign(a[h])*m*Math.fround(f/l)}}}var Bt={clip:Vt,gaussian:bn,topk:wn,sign:An,quantize:vn},Ut=({name:o,options:t})=>o==="clip"&&t.per!=="update";function Wt(o,t,n,e,r,s){let l=o.filter(Ut),i=l.length?Sn(t,a=>{let c=n(a);return l.forEach(({options:f})=>Vt(c,r,f,s)),c}):e();for(let{name:a,options:c}of o.filter(f=>!Ut(f)))Bt[a](i,r,c,s);return i}function Sn(o,t){let n=t(0).slice();for(let e=1;e<o;e++)t(e).forEach((r,s)=>{n[s]+=r});return n.map(e=>e/o)}var Kt=12,Yt=64;function En(o){let t=o.map(Math.sqrt),n=t.reduce((s,l)=>s+l,0),e=0,r=t.map(s=>J(e+=1+s/n*(Yt-o.length)));return r.map((s,l)=>s-(l?r[l-1]:0))}var Jt=(o,t,n)=>Array.from({length:n},(e,r)=>J(o+(t-o)*r/Math.max(1,n-1)));function Fn(o,t,n){let e=o.length/t,r=Array.from({length:n},(i,a)=>J((e-1)*(a+1)/(n+1))),s=Jt(0,t-1,Kt).flatMap(i=>r.map(a=>Math.abs(o[i*e+a]))),l=Float64Array.from(s).sort();return s.map(i=>J(255*Nn(l,i)/Math.max(1,s.length-1)))}function Nn(o,t){let n=0,e=o.length;for(;n<e;){let r=n+e>>1;o[r]<t?n=r+1:e=r}return n}function Tt(o,t,n){let e=n(o).map((a,c)=>({part:a,height:t[c][0]})).filter((a,c)=>t[c].length>1),r=Jt(0,e.length-1,Math.min(e.length,Yt)).map(a=>e[a]),s=En(r.map(({part:a})=>a.length)),l=r.map(({part:a,height:c},f)=>Fn(a,c,s[f])),i=Array.from({length:Kt},(a,c)=>l.flatMap((f,h)=>f.slice(c*s[h],(c+1)*s[h])));return btoa(String.fromCharCode(...i.flat()))}function ut(o,t){let n=0,e=0,r=0;for(let s=0;s<o.length;s++)n+=o[s]*t[s],e+=o[s]**2,r+=t[s]**2;return e&&r?Math.min(1,Math.max(0,1-n**2/(e*r))):+(r>0)}function On(o,t,n,e,r,s,l,i,a){a||i.fill(0,0,o*t);let c=0;for(;c+4<=o;c+=4)_n(c,t,n,e,r,s,l,i);for(;c<o;c++)In(c,t,n,e,r,s,l,i)}function _n(o,t,n,e,r,s,l,i){let a=o*r,c=a+r,f=c+r,h=f+r,u=o*t,m=u+t,p=m+t,M=p+t,d=0;for(;d+2<=t;d+=2){let x=0,b=0,g=0,y=0,w=0,A=0,S=0,F=0;for(let O=0,v=0,N=d;O<n;O++,v+=s,N+=t){let E=l[N],_=l[N+1],j=e[a+v],k=e[c+v],L=e[f+v],U=e[h+v];x+=j*E,b+=k*E,g+=L*E,y+=U*E,w+=j*_,A+=k*_,S+=L*_,F+=U*_}i[u+d]+=x,i[m+d]+=b,i[p+d]+=g,i[M+d]+=y,i[u+d+1]+=w,i[m+d+1]+=A,i[p+d+1]+=S,i[M+d+1]+=F}for(;d<t;d++)for(let x=0,b=0,g=d;x<n;x++,b+=s,g+=t){let y=l[g];i[u+d]+=e[a+b]*y,i[m+d]+=e[c+b]*y,i[p+d]+=e[f+b]*y,i[M+d]+=e[h+b]*y}}function In(o,t,n,e,r,s,l,i){let a=o*t;for(let c=0;c<n;c++){let f=e[o*r+c*s],h=c*t;if(f!==0)for(let u=0;u<t;u++)i[a+u]+=f*l[h+u]}}function mt(o,t,n,e,r,s,l){l||s.fill(0,0,o*t);let i=0;for(;i+4<=o;i+=4)Tn(i,t,n,e,r,s);for(;i<o;i++)for(let a=0;a<t;a++){let c=0;for(let f=0,h=i*n,u=a*n;f<n;f++)c+=e[h+f]*r[u+f];s[i*t+a]+=c}}function Tn(o,t,n,e,r,s){let l=o*n,i=l+n,a=i+n,c=a+n,f=0;for(;f+2<=t;f+=2){let h=0,u=0,m=0,p=0,M=0,d=0,x=0,b=0;for(let y=0,w=f*n,A=w+n;y<n;y++){let S=r[w+y],F=r[A+y],O=e[l+y],v=e[i+y],N=e[a+y],E=e[c+y];h+=O*S,u+=v*S,m+=N*S,p+=E*S,M+=O*F,d+=v*F,x+=N*F,b+=E*F}let g=o*t+f;s[g]+=h,s[g+t]+=u,s[g+2*t]+=m,s[g+3*t]+=p,s[g+1]+=M,s[g+t+1]+=d,s[g+2*t+1]+=x,s[g+3*t+1]+=b}if(f<t)for(let h=0,u=f*n;h<n;h++){let m=r[u+h],p=o*t+f;s[p]+=e[l+h]*m,s[p+t]+=e[i+h]*m,s[p+2*t]+=e[a+h]*m,s[p+3*t]+=e[c+h]*m}}var Xt=(o=Float32Array)=>({room:t=>new o(t),rows:On,dots:mt});function Ct(o){let t=o.map(e=>e.reduce((r,s)=>r*s,1)),n=t.map((e,r)=>t.slice(0,r+1).reduce((s,l)=>s+l,0));return e=>t.map((r,s)=>e.subarray(n[s]-r,n[s]))}function Qt(o,t){let n=[];for(let e=2;n.length<t;e++){let r=!0;for(let s=2;s*s<=e&&r;s++)r=e%s!==0;r&&n.push(e**o%1*2**32|0)}return n}var jn=Qt(1/2,8),zn=Qt(1/3,64),H=(o,t)=>o>>>t|o<<32-t;function kn(o){let t=new Uint8Array(Math.ceil((o.length+9)/64)*64),n=new DataView(t.buffer);return t.set(o),t[o.length]=128,n.setUint32(t.length-4,8*o.length),n}function Rn(o,t){let n=new Int32Array(64);for(let e=0;e<16;e++)n[e]=o.getInt32(t+4*e);for(let e=16;e<64;e++){let r=H(n[e-15],7)^H(n[e-15],18)^n[e-15]>>>3,s=H(n[e-2],17)^H(n[e-2],19)^n[e-2]>>>10;n[e]=n[e-16]+r+n[e-7]+s|0}return n}function pt(o){let t=kn(new TextEncoder().encode(o)),n=Int32Array.from(jn);for(let e=0;e<t.byteLength;e+=64){let r=Rn(t,e),[s,l,i,a,c,f,h,u]=n;for(let m=0;m<64;m++){let p=u+(H(c,6)^H(c,11)^H(c,25))+(c&f^~c&h)+zn[m]+r[m],M=(H(s,2)^H(s,13)^H(s,22))+(s&l^s&i^l&i);[u,h,f,c,a,i,l,s]=[h,f,c,a+p|0,i,l,s,p+M|0]}[s,l,i,a,c,f,h,u].forEach((m,p)=>{n[p]+=m})}return Uint32Array.from(n)}var X=624,qn=397,it=(o,t)=>pt(`${o}/${t}`)[0]>>>1,dt=(o,t)=>o+7919*t,R=class{constructor(t){let n=new Uint32Array(X);n[0]=t%2**32;for(let e=1;e<X;e++)n[e]=Math.imul(1812433253,n[e-1]^n[e-1]>>>30)+e;this.state=n,this.at=X,this.kept=null}bits(){this.at===X&&this.#t();let t=this.state[this.at++];return t^=t>>>11,t^=t<<7&2636928640,t^=t<<15&4022730752,(t^t>>>18)>>>0}#t(){let{state:t}=this;for(let n=0;n<X;n++){let e=t[n]&2147483648|t[(n+1)%X]&2147483647;t[n]=t[(n+qn)%X]^e>>>1^(e&1?2567483615:0)}this.at=0}uniform(){return(this.bits()&16777215)/2**24}fine(){return((this.bits()&2097151)*2**32+this.bits())/2**53}whole(t){return this.bits()%t}order(t){let n=Int32Array.from({length:t},(e,r)=>r);for(let e=0;e<t-1;e++){let r=e+this.whole(t-e);[n[e],n[r]]=[n[r],n[e]]}return n}uniforms(t,n=0,e=1){let r=Math.fround(n),s=Math.fround(Math.fround(e)-r),l=new Float32Array(t);for(let i=0;i<t;i++)l[i]=this.uniform()*s+r;return l}normals(t){if(t<16)return Float32Array.from({length:t},()=>this.#e());let n=this.uniforms(t);for(let e=0;e+16<=t;e+=16)Zt(n,e);return t%16&&(n.set(this.uniforms(16),t-16),Zt(n,t-16)),n}#e(){if(this.kept!==null){let e=this.kept;return this.kept=null,e}let t=2*Math.PI*this.fine(),n=Math.sqrt(-2*Math.log1p(-this.fine()));return this.kept=n*Math.sin(t),n*Math.cos(t)}};function Zt(o,t){for(let n=t;n<t+8;n++){let e=Math.sqrt(-2*Math.log(1-o[n])),r=2*Math.PI*o[n+8];o[n]=e*Math.cos(r),o[n+8]=e*Math.sin(r)}}function*te(o,t,n,{count:e,lr:r,signed:s,decay:l,box:i},a){let c=t.slice(),f=new Float32Array(c.length),h=Pn(f),u=a.room(c.length),{mean:m,std:p,shape:[M,d,x]}=n,b=d*x;n.normalise(c,f);let g=new Set(l?[3,5,7].map(S=>Math.floor(e*S/8)):[]),y=c.slice(),w=1/0,A=r;for(let S=0;S<=e;S++){for(let v=0;v<c.length;v++){let N=Math.floor(v/b)%M;c[v]=f[v]*p[N]+m[N]}let{loss:F,terms:O}=o(c,u);if(F<w&&(w=F,y.set(c)),yield{iteration:S,pictures:i?y:y.map(z),loss:F,terms:O},S===e)return;if(g.has(S)&&(A*=.1),s)for(let v=0;v<u.length;v++)u[v]=Math.sign(u[v]);else for(let v=0;v<u.length;v++)u[v]*=p[Math.floor(v/b)%M];if(h(u,A),i)for(let v=0;v<f.length;v++){let N=Math.floor(v/b)%M;f[v]=Math.min(Math.max(f[v],-m[N]/p[N]),(1-m[N])/p[N])}}}var z=o=>Math.min(1,Math.max(0,o));function Pn(o){let t=new Float32Array(o.length),n=new Float32Array(o.length),e=0;return(r,s)=>{e++;let l=s/(1-.9**e),i=Math.sqrt(1-.999**e);for(let a=0;a<o.length;a++){let c=r[a],f=t[a]+=(1-.9)*(c-t[a]),h=n[a]=.999*n[a]+(1-.999)*c*c;o[a]-=l*f/(Math.sqrt(h)/i+1e-8)}}}var ne=["tolerance"];function oe(o){let t=I(o.tolerance,.02);return{iterations:1,single:!0,*run({victim:n,batch:e,update:r,cut:s}){let[l,i]=s(r),a=n.inputs,c=Array.from(i.keys()).sort((p,M)=>Math.abs(i[M])-Math.abs(i[p])).slice(0,Math.max(256,16*e)).filter(p=>i[p]!==0);if(!c.length)throw Error("bias");let f=c.map(p=>Dn(l.subarray(p*a,(p+1)*a),i[p],n)),h=$n(f,e,t),u=new Float32Array(e*a),m=0;h.forEach((p,M)=>{u.set(f[p].map(z),M*a),m+=re(f[p])/e}),yield{iteration:0,restart:0,pictures:u,loss:m,terms:{"outside-box":m}}}}}function Dn(o,t,{mean:n,std:e,shape:[,r,s]}){return o.map((l,i)=>{let a=Math.floor(i/(r*s));return l/t*e[a]+n[a]})}var re=o=>o.reduce((t,n)=>t+Math.abs(n-z(n)),0)/o.length,ee=(o,t)=>Math.sqrt(o.reduce((n,e,r)=>n+(e-t[r])**2,0)/o.length);function $n(o,t,n){let e=o.map(i=>re(i)<=.001),r=o.map(i=>o.reduce((a,c)=>a+(ee(i,c)<=n?1:0),0)),s=[...o.keys()].sort((i,a)=>Number(e[a])-Number(e[i])||r[a]-r[i]||i-a),l=[];for(let i of s)l.length<t&&l.every(a=>ee(o[i],o[a])>n)&&l.push(i);return Array.from({length:t},(i,a)=>l[a%l.length])}function T(o,t){let n=0;for(let e=0;e<o.length;e++)n+=o[e]*t[e];return n}var q=o=>Math.sqrt(T(o,o)),jt={cosine(o){let t=Math.max(q(o),1e-30),n=o.map(e=>e/t);return e=>{let r=Math.max(q(e),1e-30),s=T(e,n)/r;for(let l=0;l<e.length;l++)e[l]=(e[l]*s/r-n[l])/r;return 1-s}},l2:o=>t=>{let n=0;for(let e=0;e<t.length;e++){let r=t[e]-o[e];n+=r*r,t[e]=2*r}return n},l1:o=>t=>{let n=0;for(let e=0;e<t.length;e++){let r=t[e]-o[e];n+=Math.abs(r),t[e]=Math.sign(r)}return n},"sign-alignment"(o){let t=o.map(Math.sign);return n=>{let e=0,r=0;for(let l=0;l<n.length;l++)e+=Math.abs(n[l]),r+=n[l]*t[l];e=Math.max(e,1e-30);let s=r/e;for(let l=0;l<n.length;l++)n[l]=(s*Math.sign(n[l])-t[l])/e;return 1-s}}};function gt({update:o,defense:t,batch:n,cut:e},r){let s=t??[],l=s.some(({name:a})=>a==="sign"),i=jt[l?"sign-alignment":r](o);for(let{name:a,options:c}of[...s].reverse())a==="topk"?i=Gn(i,o):a==="clip"&&(c.per==="update"||n===1)&&c.scope!=="tensor"?i=Ln(i,I(c.norm,1)):a==="quantize"&&(i=Un(r,o,e,c));return i}var Gn=(o,t)=>n=>{for(let r=0;r<n.length;r++)t[r]===0&&(n[r]=0);let e=o(n);for(let r=0;r<n.length;r++)t[r]===0&&(n[r]=0);return e},Ln=(o,t)=>n=>{let e=q(n),r=Math.min(1,t/Math.max(e,1e-30)),s=n.slice();for(let a=0;a<n.length;a++)n[a]*=r;let l=o(n),i=e>t?T(n,s)/Math.max(e*e,1e-30):0;for(let a=0;a<n.length;a++)n[a]=r*(n[a]-i*s[a]);return l};function Un(o,t,n,{bits:e,stochastic:r,scale:s}){let l=(D(r,!0)?1:.5)/(2**(I(e,4)-1)-1),i=t.slice(),a=t.slice();for(let c of n(i)){let f=s==="l2"?q(c):c.reduce((h,u)=>Math.max(h,Math.abs(u)),0);c.fill(l*f)}return c=>{for(let f=0;f<c.length;f++)a[f]=Math.min(Math.max(c[f],t[f]-i[f]),t[f]+i[f]);return jt[o](a)(c)}}var V=class{constructor(t,n,e){let{room:r}=e;this.victim=t,this.batch=n,this.stages=t.stages(n,e),this.classes=t.classes,this.weights=r(t.count),this.weights.set(t.weights),this.parts=this.cut(this.weights);let s=this.stages.map(({layer:l})=>n*l.outputs);this.outputs=s.map(r),this.slopes=s.map(r),this.deltas=s.map(r),this.tangents=s.map(r),this.pulled=this.stages.map(({layer:l})=>r(n*l.inputs)),this.steep=this.stages.map(({layer:l})=>r(n*l.inputs)),this.input=r(n*t.inputs),this.seen=[],this.shares=r(n*this.classes)}cut(t){return this.stages.map(({layer:n,at:e})=>t.subarray(e,e+n.count))}forward(t){this.victim.normalise(t,this.input);let n=this.input;return this.stages.forEach(({layer:e,activation:r},s)=>{let l=this.outputs[s],i=this.slopes[s];this.seen[s]=e.see(n),e.push(this.parts[s],this.seen[s],l);for(let a=0;a<l.length;a++)l[a]=r.value(l[a]),i[a]=r.slope(l[a]);n=l}),n}gradient(t,n,e){let{batch:r,classes:s,shares:l,stages:i}=this,a=this.forward(t),c=i.length-1,f=0;for(let u=0;u<r;u++)f+=Hn(a,l,n,u*s,s)/r;for(let u=0;u<l.length;u++)this.deltas[c][u]=(l[u]-n[u])/r;let h=this.cut(e);for(let u=c;u>=0;u--){let{layer:m}=i[u];if(m.outer(this.deltas[u],this.seen[u],h[u]),!u)break;let p=this.deltas[u-1],M=this.slopes[u-1],d=this.pulled[u];m.pull(d,this.parts[u],this.deltas[u]);for(let x=0;x<p.length;x++)p[x]=M[x]*d[x]}return f}pull(){return this.stages[0].layer.pull(this.pulled[0],this.parts[0],this.deltas[0]),this.pulled[0]}along(t,n,e){let{batch:r,classes:s,shares:l,stages:i,tangents:a}=this,c=this.cut(t),f=i.length-1;i.forEach(({layer:m},p)=>{if(m.count?m.push(c[p],this.seen[p],a[p]):a[p].fill(0),!p)return;let M=this.steep[p],d=this.slopes[p-1],x=a[p-1];for(let b=0;b<M.length;b++)M[b]=d[b]*x[b];m.push(this.parts[p],m.see(M,!0),a[p],{bias:!1,add:!0})});let h=a[f];if(e)for(let m=0;m<h.length;m++)e[m]=-h[m]/r;for(let m=0;m<r;m++)Vn(h,l,m*s,s,r);let u=h;for(let m=f;m>=0;m--){let{layer:p}=i[m],M=p.count?[c[m],this.deltas[m]]:[];if(p.pull(this.pulled[m],this.parts[m],u,...M),!m)break;let{activation:d}=i[m-1],x=this.outputs[m-1],b=this.slopes[m-1],g=this.deltas[m-1],y=a[m-1],w=this.pulled[m];for(let A=0;A<w.length;A++)w[A]=b[A]*w[A]+d.bend(x[A])*g[A]*y[A];u=w}this.victim.denormalise(this.pulled[0],n)}};function Hn(o,t,n,e,r){let s=-1/0,l=0,i=0;for(let a=e;a<e+r;a++)s=Math.max(s,o[a]);for(let a=e;a<e+r;a++)l+=Math.exp(o[a]-s);for(let a=e;a<e+r;a++)t[a]=Math.exp(o[a]-s)/l,i-=n[a]*(o[a]-s-Math.log(l));return i}function Vn(o,t,n,e,r){let s=0;for(let l=n;l<n+e;l++)s+=t[l]*o[l];for(let l=n;l<n+e;l++)o[l]=t[l]*(o[l]-s)/r}var Mt=16;function Bn({victim:o,machine:t}){let n=new V(o,Mt,t),e=n.stages.length-1;n.forward(new R(0).uniforms(Mt*o.inputs));let r=n.stages[e].layer.inputs,s=new Float64Array(r),l=n.seen[e];for(let i=0;i<Mt;i++)for(let a=0;a<r;a++)s[a]+=l[i*r+a]/Mt;return s}function C({victim:o,update:t,cut:n}){let e=n(t),r=o.shapes[o.shapes.length-1].length===1;return{weight:e[e.length-(r?2:1)],bias:r?e[e.length-1]:null}}function Wn(o){let{weight:t,bias:n}=C(o),{classes:e}=o.victim,r=Bn(o),s=Array.from({length:e},(a,c)=>r.reduce((f,h,u)=>f+h*t[c*r.length+u],n?n[c]:0)),l=n?s.reduce((a,c,f)=>a+c*n[f],0):1,i=s.map(a=>l>=0?a:-a);return i.indexOf(Math.min(...i))}var nt=o=>o.labels??[Wn(o)];var se=20,Kn=100,ae=1e-7,zt=1e-9;function kt(o){let t=0;for(let n=0;n<o.length;n++)t=Math.max(t,Math.abs(o[n]));return t}var Rt=class{pairs=[];scale=1;learn(t,n){let e=T(t,n);e>1e-10&&(this.pairs.length===Kn&&this.pairs.shift(),this.pairs.push({y:t,s:n,ro:1/e,al:0}),this.scale=e/T(t,t))}direction(t){let n=t.map(e=>-e);for(let e=this.pairs.length-1;e>=0;e--){let r=this.pairs[e],{y:s,s:l,ro:i}=r,a=r.al=T(l,n)*i;for(let c=0;c<n.length;c++)n[c]-=a*s[c]}for(let e=0;e<n.length;e++)n[e]*=this.scale;for(let{y:e,s:r,ro:s,al:l}of this.pairs){let i=l-T(e,n)*s;for(let a=0;a<n.length;a++)n[a]+=i*r[a]}return n}};function Yn(o,t){let n=new Rt,e=new Float32Array(o.length),r=null,s=e,l=t,i=0;return function*(a){let{loss:c}=a(o,e);if(!(kt(e)<=ae))for(let f=1;f<=se;f++){if(i++,r&&n.learn(e.map((u,m)=>u-r[m]),s.map(u=>u*l)),s=n.direction(e),r=e.slice(),l=i===1?Math.min(1,1/e.reduce((u,m)=>u+Math.abs(m),0))*t:t,T(e,s)>-zt)return;for(let u=0;u<o.length;u++)o[u]+=l*s[u];if(f===se)return;let h=c;if(c=a(o,e).loss,yield null,kt(e)<=ae||kt(s)*l<=zt||Math.abs(c-h)<zt)return}}}function*ie(o,t,{count:n,pixels:e,lr:r,box:s,patience:l,below:i}){let a=t.slice(),c=Yn(a,r),f=new Float32Array(a.length),h=o(a,f),u=h.loss,m=u,p=0,M=a.slice(0,e);for(let d=0;d<=n;d++){if(yield{iteration:d,pictures:M.map(z),...h,lowest:u},d===n||u<i||l>0&&(p>=l||!Number.isFinite(h.loss)))return;if(yield*c(o),s)for(let x=0;x<e;x++)a[x]=z(a[x]);h=o(a,f),h.loss<u&&(M=a.slice(0,e),u=h.loss),p++,u<.5*m&&(m=u,p=0)}}function ce({shape:[o,t,n],std:e},r,s){let l=r*o,i=s/(l*t*(n-1)),a=s/(l*(t-1)*n);return(c,f)=>{let h=0;for(let u=0,m=0;u<l;u++){let p=1/e[u%o];for(let M=0;M<t;M++)for(let d=0;d<n;d++,m++)d+1<n&&(h+=le(c,f,m,m+1,p,i)),M+1<t&&(h+=le(c,f,m,m+n,p,a))}return h}}function le(o,t,n,e,r,s){let l=(o[e]-o[n])*r,i=l>0?s*r:l<0?-s*r:0;return t[e]+=i,t[n]-=i,s*Math.abs(l)}var ot=class{constructor(t,n,{distance:e,name:r,tv:s=0},l){this.sweeps=new V(t,n,l),this.distance=e,this.name=r,this.smooth=s?ce(t,n,s):null,this.update=l.room(t.count)}evaluate(t,n,e,r){this.sweeps.gradient(t,n,this.update);let s=this.distance(this.update);if(this.sweeps.along(this.update,e,r),!this.smooth)return{loss:s,terms:{[this.name]:s}};let l=this.smooth(t,e);return{loss:s+l,terms:{[this.name]:s,tv:l}}}};function K(o,t){let n=new Float64Array(o.length*t);for(let e=0;e<o.length;e++)n[e*t+o[e]]=1;return n}function*yt(o,t,n){let e=null,r=1/0;for(let s=0;s<o;s++){let l=1/0,i=null;for(let a of n(s))a?(l=Math.min(l,Number.isNaN(a.loss)?1/0:a.loss),i=l<r||!e?a.pictures:e,yield{...a,iteration:s*t+a.iteration,restart:s,pictures:i}):yield null;i&&(e=i.slice()),r=Math.min(r,l)}}var fe=["randn","rand","grey"];function qt({victim:o,batch:t},n){let{mean:e,std:r,shape:[s,l,i]}=o,a=l*i;return new R(n).normals(t*o.inputs).map((c,f)=>{let h=Math.floor(f/a)%s;return c*r[h]+e[h]})}function xt(o,t,n){let e=t.batch*t.victim.inputs;return o==="randn"?qt(t,n).map(z):o==="grey"?new Float32Array(e).fill(.5):new R(n).uniforms(e)}var he=["steps","restarts","init","lr","box","patience","labels"],Jn=1e-8;function ue(o,t){let n=I(o.steps,300),e=I(o.restarts,1),r=o.init??"randn",s={count:n,lr:I(o.lr,1),box:D(o.box,!1),patience:I(o.patience,15)};return{iterations:e*(n+1),single:!1,*run(l,i){let{victim:a,batch:c,machine:f,update:h}=l,u=c*a.inputs,m={distance:gt(l,"l2"),name:"l2"},p=Jn*T(h,h),M=new ot(a,c,m,f),d=(o.labels??"joint")==="joint",x=d?Cn(M,c,f):Xn(M,nt(l),a),b=!1;yield*yt(e,n+1,function*(g){if(b)return;let y=dt(i,g),w=qt(l,y);if(t)for(let F of t.run(l,y))w=F?.pictures.slice()??w;else r!=="randn"&&(w=xt(r,l,y));let A=d?new R(y+1).normals(c*a.classes):new Float32Array(0),S=new Float32Array(u+A.length);S.set(w),S.set(A,u);for(let F of ie(x,S,{...s,pixels:u,below:p}))yield F,b=(F?.lowest??1/0)<p})}}}function Xn(o,t,{classes:n}){let e=K(t,n);return(r,s)=>o.evaluate(r,e,s)}function Cn(o,t,n){let{classes:e,victim:r}=o.sweeps,s=t*r.inputs,l=new Float64Array(t*e),i=n.room(t*e);return(a,c)=>{for(let h=0;h<t;h++){let u=a.subarray(s+h*e,s+(h+1)*e),m=Math.max(...u),p=u.reduce((M,d)=>M+Math.exp(d-m),0);u.forEach((M,d)=>{l[h*e+d]=Math.exp(M-m)/p})}let f=o.evaluate(a.subarray(0,s),l,c.subarray(0,s),i);for(let h=0;h<t;h++){let u=0;for(let m=h*e;m<(h+1)*e;m++)u+=l[m]*i[m];for(let m=h*e;m<(h+1)*e;m++)c[s+m]=l[m]*(i[m]-u)}return f}}function wt({shape:o,filters:t,kernel:n,stride:e=1,padding:r=0},s,l){let[i,a,c]=o,{rows:f,dots:h}=l,u=Math.floor((a+2*r-n)/e)+1,m=Math.floor((c+2*r-n)/e)+1,p=u*m,M=i*n*n,d=t*M,x=i*a*c,b=t*p,g={channels:i,height:a,width:c,kernel:n,stride:e,padding:r,high:u,wide:m},y=()=>Array.from({length:s},()=>l.room(M*p)),w=y(),A=y(),S=l.room(M*p),F=l.room(d),O=(v,N,E)=>s===1?v:v.subarray(N*E,(N+1)*E);return{shape:[t,u,m],inputs:x,outputs:b,fan:M,shapes:[[t,i,n,n],[t]],count:d+t,see(v,N=!1){let E=N?A:w;return E.forEach((_,j)=>Qn(O(v,j,x),_,g)),E},push(v,N,E,{bias:_=!0,add:j=!1}={}){for(let k=0;k<s;k++){let L=O(E,k,b);if(f(t,p,M,v,M,1,N[k],L,j),_)for(let U=0;U<t;U++){let xn=v[d+U];for(let Ot=U*p;Ot<(U+1)*p;Ot++)L[Ot]+=xn}}},pull(v,...N){v.fill(0,0,s*x);for(let E=0;E<s;E++){for(let _=0;_<N.length;_+=2)f(M,p,t,N[_],1,M,O(N[_+1],E,b),S,_>0);Zn(S,O(v,E,x),g)}},outer(v,N,E){for(let _=0;_<s;_++)if(h(t,M,p,O(v,_,b),N[_],_?F:E,!1),_)for(let j=0;j<d;j++)E[j]+=F[j];for(let _=0;_<t;_++){let j=0;for(let k=0;k<s;k++)for(let L=k*b+_*p,U=L+p;L<U;L++)j+=v[L];E[d+_]=j}}}}function bt(o,t,n,{stride:e,padding:r}){let s=Math.max(0,Math.ceil((r-o)/e));return[s,Math.max(s,Math.min(n,Math.floor((t-1+r-o)/e)+1))]}function Qn(o,t,n){let{channels:e,height:r,width:s,kernel:l,stride:i,padding:a,high:c,wide:f}=n,h=0;for(let u=0;u<e;u++)for(let m=0;m<l;m++){let[p,M]=bt(m,r,c,n);for(let d=0;d<l;d++,h+=c*f){let[x,b]=bt(d,s,f,n);for(let g=p;g<M;g++){let y=(u*r+g*i+m-a)*s+d-a;for(let w=x,A=h+g*f;w<b;w++)t[A+w]=o[y+w*i]}}}}function Zn(o,t,n){let{channels:e,height:r,width:s,kernel:l,stride:i,padding:a,high:c,wide:f}=n,h=0;for(let u=0;u<e;u++)for(let m=0;m<l;m++){let[p,M]=bt(m,r,c,n);for(let d=0;d<l;d++,h+=c*f){let[x,b]=bt(d,s,f,n);for(let g=p;g<M;g++){let y=(u*r+g*i+m-a)*s+d-a;for(let w=x,A=h+g*f;w<b;w++)t[y+w*i]+=o[A+w]}}}}var Pt=".row_scale";function to(o){let t=o&32768?-1:1,n=o>>10&31,e=o&1023;return t*(n?2**(n-15)*(1+e/1024):2**-24*e)}var eo={F32:(o,t)=>o.getFloat32(t,!0),F16:(o,t)=>to(o.getUint16(t,!0)),I8:(o,t)=>o.getInt8(t)},me={F32:4,F16:2,BF16:2,I8:1};function no(o){let t=new DataView(new ArrayBuffer(4));return n=>(t.setUint16(2,o.getUint16(n,!0),!0),t.getFloat32(0,!0))}function oo(o,t){let n=Number(new DataView(o).getBigUint64(0,!0)),e=8+n,r=JSON.parse(new TextDecoder().decode(new Uint8Array(o,8,n))),s=new DataView(o,e);delete r.__metadata__;let l=no(s);return Object.fromEntries(Object.entries(r).map(([i,{dtype:a,shape:c,data_offsets:[f,h]}])=>{let u=new Float32Array((h-f)/me[a]),m=eo[a];for(let p=0,M=f;p<u.length;p++,M+=me[a])u[p]=m?m(s,M):l(M);return[t+i,{shape:c,values:u}]}))}function ro({shape:o,values:t},n){let e=o[0],r=t.length/e,s=n.values.length/e,l=s===1?r:32;return{shape:o,values:t.map((i,a)=>{let c=Math.floor(a/r);return i*n.values[c*s+Math.floor((a-c*r)/l)]})}}function pe(o){let t=Object.assign({},...o.map(({bytes:n,prefix:e})=>oo(n,e)));return Object.fromEntries(Object.entries(t).filter(([n])=>!n.endsWith(Pt)).map(([n,e])=>[n,n+Pt in t?ro(e,t[n+Pt]):e]))}function $(o,t,n){let{shape:[e,r],values:s}=o[`${t}.weight`],l=o[`${t}.bias`]?.values;return Float64Array.from({length:e},(i,a)=>{let c=l?l[a]:0;for(let f=0;f<r;f++)c+=s[a*r+f]*n[f];return c})}function Q(o,{shape:[,t],values:n}){let e=new Float64Array(t);for(let r=0;r<o.length;r++)for(let s=0,l=r*t,i=o[r];s<t;s++)e[s]+=i*n[l+s];return e}var Dt=o=>o.map(t=>Math.max(0,t)),xe=(o,t)=>Float32Array.from(o,(n,e)=>n+t[e]);function rt(o,t,{values:n,shape:e},r){let{shape:[s,,l],values:i}=o[`${t}.weight`],a=wt({shape:e,filters:s,kernel:l,padding:1},1,r),c=r.room(a.outputs),f=r.room(a.count);return f.set(i),f.set(o[`${t}.bias`].values,i.length),a.push(f,a.see(n),c),{values:c,shape:a.shape}}function de(o,t,n,e,r){let s=rt(o,`${t}.first`,{...n,values:Dt(n.values)},r),[l,i,a]=n.shape,c=i*a;if(e){let h=$(o,`${t}.film`,e);s.values.forEach((u,m)=>{let p=Math.floor(m/c);s.values[m]=u*(1+h[p])+h[l+p]})}let f=rt(o,`${t}.second`,{...s,values:Dt(s.values)},r);return{shape:n.shape,values:xe(n.values,f.values)}}function ge(o,[t,n,e],r){let s=n/r,l=e/r,i=new Float32Array(o.length);for(let a=0;a<o.length;a++){let c=Math.floor(a/(n*e)),f=Math.floor(a/e)%n,h=a%e,u=(c*r+f%r)*r+h%r;i[(u*s+Math.floor(f/r))*l+Math.floor(h/r)]=o[a]}return{values:i,shape:[t*r*r,s,l]}}function Me({values:o,shape:[t,n,e]},r){let s=n*r,l=e*r,i=new Float32Array(o.length);for(let a=0;a<i.length;a++){let c=Math.floor(a/(s*l)),f=Math.floor(a/l)%s,h=a%l,u=(c*r+f%r)*r+h%r;i[a]=o[(u*n+Math.floor(f/r))*e+Math.floor(h/r)]}return{values:i,shape:[t/(r*r),s,l]}}var ye=(o,t)=>Array.from({length:9},(n,e)=>`decoder.${t}.${e}`).filter(n=>`${n}.first.weight`in o);function At(o,t,n,e,r,s=null){let l=Float32Array.from(n,d=>4*(d-.5)),[,i,a]=e,c=ge(l,e,4),f=Float32Array.from([...Array.from(t),...c.values]),h=16*f.length/(i*a),u=rt(o,"decoder.stem",{values:f,shape:[h,i/4,a/4]},r);for(let d of ye(o,"deep"))u=de(o,d,u,s,r);let m=Me(rt(o,"decoder.up",u,r),2),p=rt(o,"decoder.side",ge(l,e,2),r);u={shape:m.shape,values:xe(m.values,p.values)};for(let d of ye(o,"wide"))u=de(o,d,u,s,r);let M=Me(rt(o,"decoder.out",{...u,values:Dt(u.values)},r),2);return n.map((d,x)=>d+M.values[x]/4)}var Z=1e-12;function be(o,t,n){return Float64Array.from({length:n},(e,r)=>{let s=0;for(let l=0;l<t.length;l++)s+=o[r*t.length+l]*t[l];return s})}function lt(o,t){let n=t.length/o.length,e=new Float64Array(n);for(let r=0;r<o.length;r++)for(let s=0;s<n;s++)e[s]+=o[r]*t[r*n+s];return e}function so(o){let t=o.length,n=o.map((l,i)=>Float64Array.from(o,(a,c)=>+(i===c))),e=()=>o.reduce((l,i,a)=>l+i.reduce((c,f,h)=>c+(a===h?0:f*f),0),0),r=o.reduce((l,i)=>l+T(i,i),0);for(let l=0;l<60&&e()>1e-28*r;l++)for(let i=0;i<t;i++)for(let a=i+1;a<t;a++)ao(o,n,i,a);let s=o.reduce((l,i,a)=>i[a]>o[l][l]?a:l,0);return Float64Array.from(n,l=>l[s])}function ao(o,t,n,e){if(o[n][e]===0)return;let r=(o[e][e]-o[n][n])/(2*o[n][e]),s=(r<0?-1:1)/(Math.abs(r)+Math.sqrt(1+r*r)),l=1/Math.sqrt(1+s*s),i=s*l,a=h=>{let u=h[n],m=h[e];h[n]=l*u-i*m,h[e]=i*u+l*m};o.forEach(a),t.forEach(a);let c=o[n],f=o[e];o[n]=c.map((h,u)=>l*h-i*f[u]),o[e]=c.map((h,u)=>i*h+l*f[u])}function we({weight:o,bias:t}){let n=t.length,e=o.length/n,r=i=>o.subarray(i*e,(i+1)*e),s=Array.from(t,(i,a)=>Float64Array.from(t,(c,f)=>i*c+T(r(a),r(f)))),l=so(s);return lt(l,o).reduce((i,a)=>i+a,0)<0&&(l=l.map(i=>-i)),ve(lt(l,o),l,o,!1)}function Ae({weight:o,bias:t}){let n=t.length,e=o.length/n,r=Array.from(t,(m,p)=>q(o.subarray(p*e,(p+1)*e))*Math.abs(m)),s=r.reduce((m,p)=>m+p,0)/n,l=Math.sqrt(r.reduce((m,p)=>m+(p-s)**2,0)/(n-1)),i=s+Math.min(2,Math.sqrt(Math.log(n)))*l,a=r.every(m=>m<=i),c=a?r.map(m=>m===Math.max(...r)?m:0):r.map(m=>m>i?m:0),f=Math.max(Z,c.reduce((m,p)=>m+p,0)),h=c.map((m,p)=>m/f/(Math.abs(t[p])<Z?Z:t[p])),u=Math.max(Z,q(t));return ve(lt(h,o),Float64Array.from(t,m=>m/u),o,a)}function ve(o,t,n,e){let r=Math.max(Z,q(o)),s=o.map(u=>u/r),l=o.length,i=t.length,a=be(n,s,i),c=0;for(let u=0;u<i;u++)for(let m=0;m<l;m++)c+=(n[u*l+m]-a[u]*s[m])**2;let f=Math.sqrt(c/((i-1)*(l-1))),h=io(q(a)/Math.max(Z,f*Math.sqrt(l)),i/l);return{direction:s,delta:t,noise:Math.max(1e-9,Math.sqrt((1-h)/l)),empty:e}}function io(o,t){if(o<=1+Math.sqrt(t))return 0;let n=o*o-t-1,e=(n+Math.sqrt(Math.max(0,n*n-4*t)))/2;return Math.min(1,Math.max(0,1-(t+e)/(e*e+e)))}function Se({direction:o,delta:t,noise:n},{weight:e,bias:r},s){let l=t.length,i=t.indexOf(Math.min(...t)),a=be(e,o,l),c=o.length,f=g=>q(e.subarray(g*c,(g+1)*c)),h=t.map((g,y)=>y!==i&&g>3*n?1/((n/g)**2+(s*n*f(y))**2):0),u=t.map((g,y)=>Math.log(Math.max(1e-30,g))-r[y]),m=Math.max(Z,h.reduce((g,y)=>g+y,0)),p=g=>T(h,g)/m,M=p(a),d=p(u),x=0,b=0;return h.forEach((g,y)=>{x+=g*(a[y]-M)*(u[y]-d),b+=g*(a[y]-M)**2}),{top:x,precision:b}}var lo=1e-8,Ee=1e-4,co=3,fo=.02,$t=(o,t,n)=>Math.min(n,Math.max(t,o)),Fe=o=>Math.log(o/(1-o)),vt=o=>1/(1+Math.exp(-o)),St=o=>o*(1-o),Et=class{constructor(t,n){let{shapes:e,weights:r}=n,[s,l,i]=e[e.length-4],a=e[e.length-2],c=a[1],f=Math.sqrt(c/s),h=s*l*i*i,u=r.length-a[0]*(c+1)-s-h;this.size=c,this.matrix=mo(r.subarray(u,u+h),l,s,i,f);let m=r.subarray(u+h,u+h+s);this.bias=Float64Array.from({length:c},(M,d)=>m[Math.floor(d/(f*f))]);let p=M=>Float64Array.from(t[`front.below.${M}`].values);this.mean=p("mean"),this.activation=p("activation"),this.precision=ho(p("axes"),p("variances"))}above(t){let n=Float64Array.from(this.bias),e=this.size;for(let r=0;r<e;r++)for(let s=0,l=r*e;s<e;s++)n[s]+=t[r]*this.matrix[l+s];return n}again(t){return this.above(t.map(vt)).map(vt)}find(t,n,e){let r=Math.max(lo,n),s=$t(2*r,1e-7,.2),l=e**2/(e**2+r**2),i=Math.max(1e-30,q(t)),a=t.map(d=>d/i),c=t.map(d=>$t(d,s,1-s)),f=c.map(St),h=this.mean.map(d=>St(vt(d))),u=this.above(this.activation),m=c.map((d,x)=>(Fe(d)-u[x])*f[x]),M=this.step(this.mean,m,{slant:h,slope:f,along:a,sigma:r,share:l}).map((d,x)=>Fe($t(this.activation[x]+(d-this.mean[x])*h[x],Ee,1-Ee)));for(let d=0,x=1/0;d<co&&x>=fo;d++){let b=this.again(M),g=M;M=this.step(g,t.map((y,w)=>y-b[w]),{slant:g.map(y=>St(vt(y))),slope:b.map(St),along:a,sigma:r,share:l}),x=Math.sqrt(M.reduce((y,w,A)=>y+(w-g[A])**2,0)/this.size)}return M}step(t,n,{slant:e,slope:r,along:s,sigma:l,share:i}){let a=this.size,c=new Float64Array(a*a),f=Float64Array.from(n);for(let d=0;d<a;d++){let x=t[d]-this.mean[d];for(let b=0,g=d*a;b<a;b++)c[g+b]=e[d]*this.matrix[g+b]*r[b],f[b]+=x*c[g+b]}let h=i*T(s,f);f.forEach((d,x)=>{f[x]=d-h*s[x]});let u=d=>c.subarray(d*a,(d+1)*a),m=s.map((d,x)=>T(u(x),s)),p=new Float64Array(a*a);mt(a,a,a,c,c,p,!1);for(let d=0;d<a;d++)for(let x=0,b=d*a;x<a;x++)p[b+x]=(p[b+x]-i*m[d]*m[x])/l**2+this.precision[b+x];return uo(p,s.map((d,x)=>T(u(x),f)/l**2)).map((d,x)=>this.mean[x]+d)}};function ho(o,t){let n=t.length,e=new Float64Array(n*n);return mt(n,n,n,o.map((r,s)=>r/Math.max(1e-12,t[s%n])),o,e,!1),e}function uo(o,t){let n=t.length,e=Float64Array.from(t),r=s=>s*n;for(let s=0;s<n;s++)for(let l=0,i=r(s);l<=s;l++){let a=r(l),c=o[i+l];for(let f=0;f<l;f++)c-=o[i+f]*o[a+f];o[i+l]=s===l?Math.sqrt(c):c/o[a+l]}for(let s=0;s<n;s++){for(let l=0;l<s;l++)e[s]-=o[r(s)+l]*e[l];e[s]/=o[r(s)+s]}for(let s=n-1;s>=0;s--){e[s]/=o[r(s)+s];for(let l=0;l<s;l++)e[l]-=o[r(s)+l]*e[s]}return e}function mo(o,t,n,e,r){let s=r*r,l=n*s,i=e>>1,a=new Float64Array(t*s*l);for(let c=0;c<l;c++){let f=Math.floor(c/s),h=Math.floor(c%s/r),u=c%r;for(let m=0;m<t;m++)for(let p=0;p<e;p++)for(let M=0;M<e;M++){let d=h+p-i,x=u+M-i;d<0||x<0||d>=r||x>=r||(a[(m*s+d*r+x)*l+c]=o[((f*t+m)*e+p)*e+M])}}return a}var Ne=6,Oe=(o,t,n)=>Math.min(n,Math.max(t,o));function po({shapes:o,weights:t}){let[n,e]=o[o.length-2],r=t.length-n*(e+1);return{weight:t.subarray(r,r+n*e),bias:t.subarray(r+n*e)}}var st=class{constructor(t,n){let e=r=>t[`front.${r}`];this.head=po(n),this.axes=e("axes"),this.turned={shape:this.axes.shape,values:go(this.axes.values,this.axes.shape[0])},this.deep=e("deep"),this.mean=Float64Array.from(e("mean").values),this.variances=Float64Array.from(e("variances").values),this.variance=this.variances.reduce((r,s)=>r+s,0)/this.variances.length,this.norms=e("norms").values,this.centre=e("centre").values,this.spread=e("spread").values,this.offset=e("offset").values,this.along=Q(this.mean,this.axes),this.below=e("below.mean")?new Et(t,n):null}features(t){let{mean:n,variances:e,norms:r}=this,{direction:s,noise:l}=t,i=n.length,a=q(n),c=(l*a)**2,{top:f,precision:h}=Se(t,this.head,a),u=Q(s,this.axes),m=f,p=h;u.forEach((x,b)=>{m+=x*this.along[b]/(e[b]+c),p+=x*x/(e[b]+c)});let M=Math.sqrt(Math.max(1e-6,1-i*l*l));p=Math.max(1e-30,p);let d=Oe(m/p*M,r[0],r[1])/M;return{features:s.map(x=>x*d),noise:l*d,doubt:1/Math.sqrt(p)}}rescaled(t,n=.01){let e=Q(t,this.axes),r=0,s=0;return e.forEach((l,i)=>{r+=l*this.along[i]/(this.variances[i]+n*n),s+=l*l/(this.variances[i]+n*n)}),t.map(l=>l*r/Math.max(1e-30,s))}wiener(t,n){let e=this.variances.map(i=>i/(i+n*n)),r=e.reduce((i,a)=>Math.min(i,a)),s=t.map((i,a)=>i-this.mean[a]),l=Q(Q(s,this.axes).map((i,a)=>i*(e[a]-r)),this.turned);return s.map((i,a)=>this.mean[a]+r*i+l[a])}forward(t,n,e=0){let r=this.standard(t,n,e),s=r.map(i=>Oe(i,-Ne,Ne)),l=Q((this.below?r:s).subarray(r.length-this.mean.length),this.deep);return{inputs:s,linear:l.map((i,a)=>i+this.offset[a])}}standard(t,n,e){let r=this.below?.find(t,n,e),s=this.below&&r?[...this.below.again(r),...r]:this.wiener(t,n);return Float64Array.from(s,(l,i)=>(l-this.centre[i])/this.spread[i])}},go=(o,t)=>o.map((n,e)=>o[e%t*t+Math.floor(e/t)]);var _e=["decoder"];function Mo(o,t,n){let e=t.length,r=o.length/e,s=(n.length-1)/n.length,l=Array.from(t.keys()).filter(f=>!n.includes(f)),i=s/Math.max(1,l.length),a=Float64Array.from({length:r},(f,h)=>l.reduce((u,m)=>u+i*o[m*r+h],0)),c=l.reduce((f,h)=>f+i*t[h],0);return n.map(f=>a.map((h,u)=>{let m=(o[f*r+u]-h)/(t[f]-c);return Number.isFinite(m)?m:0}))}function Ie(o,t,n){return{iterations:1,single:!0,*run(e){let{victim:r,machine:s,batch:l}=e,{weight:i,bias:a}=C(e),c=new st(n,r),f=new Float32Array(l*r.inputs),h=nt(e);Mo(i,a,h).forEach((u,m)=>{let{inputs:p,linear:M}=c.forward(c.rescaled(u),0),d=At(n,p,M,r.shape,s);f.set(d.map(z),m*r.inputs)}),yield{iteration:0,restart:0,pictures:f,loss:0,terms:{},labels:h}}}}var ke=[],Te=6,yo=.2;function xo(o,t,n){if(o.length<=t)return Float64Array.from(o);let e=new Float64Array(t);return new R(n).order(o.length).forEach((r,s)=>{e[r%t]+=o[s]}),e}function je(o,t,n){let e=$(o,`${t}.into`,n),r=Math.ceil(e.length/2);return $(o,`${t}.out`,e.map((s,l)=>l<r||s>0?s:yo*s))}var ze=(o,t)=>Float64Array.from(o,(n,e)=>Math.min(Te,Math.max(-Te,t(n,e))));function bo(o){let{weight:t,bias:n}=C(o),e=n,r=Math.max(1e-12,q(e)),s=Float64Array.from(e,f=>f/r),l=lt(s,t).map(f=>f/r),i=l.length,a=0;for(let f=0;f<t.length;f++)a+=(t[f]-s[Math.floor(f/i)]*l[f%i]*r)**2;let c=Math.min(10,Math.max(1e-5,Math.sqrt(a/t.length)/r));return{features:l,size:r,known:[...s,Math.log10(c)]}}function Re(o,t,n){return{iterations:1,single:!0,*run(e){let{features:r,size:s,known:l}=bo(e),{centre:i,spread:a}=n,c=e.cut(e.update),f=c.length/2-1,h=je(n,"bootstrap",[...ze(r,(u,m)=>(u-i.values[m])/a.values[m]),...l]);for(let u=0;u<f;u++){let m=2*(f-1-u),p=n[`scale${u}`].values,M=Float32Array.from([...c[m],...c[m+1]]),d=ze(xo(M,p.length,u),(x,b)=>x/s/p[b]);h=je(n,`pieces.${u}`,[...h,...d,...l])}yield{iteration:0,restart:0,pictures:Float32Array.from(h,z),loss:0,terms:{}}}}}var qe=["steps","restarts","init","lr","tv","objective","signed","decay","box"];function Pe(o,t){let n=I(o.steps,4800),e=I(o.restarts,1),r=o.objective??"cosine",s={count:n,lr:I(o.lr,.1),signed:D(o.signed,!0),decay:D(o.decay,!0),box:D(o.box,!0)};return{iterations:e*(n+1),single:!1,*run(l,i){let{victim:a,batch:c,machine:f}=l,h={distance:gt(l,r),name:r,tv:I(o.tv,.01)},u=new ot(a,c,h,f),m=nt(l),p=K(m,a.classes);yield*yt(e,n+1,function*(M){let d=dt(i,M),x=t?null:xt(o.init??"randn",l,d);for(let b of t?.run(l,d)??[])x=b?.pictures.slice()??x;if(x)for(let b of te((g,y)=>u.evaluate(g,p,y),x,a,s,f))yield{...b,labels:m}})}}}var De=[.45,.12],P=4;function $e(o){if(o<.5)return-$e(1-o);let t=0;for(let n=0;n<50;n++){let e=Math.exp(-t*t/2)/Math.sqrt(2*Math.PI),r=t;for(let l=t,i=3;Math.abs(l)>1e-17*r;i+=2)r+=l*=t*t/i;let s=(o-.5-e*r)/e;if(t+=s,Math.abs(s)<1e-15)break}return t}function wo(o,{mean:t,std:n}){let e=i=>t.reduce((a,c,f)=>a+i(f)/t.length,0),r=e(i=>(De[0]-t[i])/n[i]),s=e(i=>De[1]/n[i]),l=Array.from({length:o-1},(i,a)=>r+s*$e((a+1)/o));return Float32Array.from([l[0]-10*s,...l])}function Ao(o,[t,n,e]){let r=new Float32Array(o.length+t*P*P),s=n/P,l=e/P;r.set(o);for(let i=0;i<o.length;i++){let a=Math.floor(i/(n*e)),c=Math.floor(i/e)%n,f=i%e;r[o.length+(a*P+Math.floor(c/s))*P+Math.floor(f/l)]+=o[i]*o[i]/(s*l)}for(let i=o.length;i<r.length;i++)r[i]+=1;return r}function Ge(o,t){let n=I(o.bins,256),e=I(o.gain,.001),r=o.units!=="cumulative",{shape:s,std:l}=t,i=t.inputs,a=s[1]*s[2],c=wo(n,t),f=i+s[0]*P*P,h=c.map((p,M)=>M+1<n?c[M+1]-p:(p-c[M-1])*(n-1)),u=(p,M)=>{let d=Math.max(0,M-c[p]);return r?Math.min(d,h[p]):d},m=(p,M)=>M>c[p]&&(!r||M-c[p]<h[p]);return{names:["body.bins.rows.weight","body.bins.rows.bias",...t.names.map(p=>p.replace("body.","body.body."))],shapes:[[n,f],[n],...t.shapes],count:n*(f+1)+t.count,facts:{sparse:r},gradient(p,M,d){let x=M.length,b=new Float32Array(n*(f+1)+t.count),g=new Float32Array(p.length),y=p.slice();t.normalise(p,g);let w=Array.from({length:x},(O,v)=>g.subarray(v*i,(v+1)*i).reduce((N,E)=>N+E/i,0));w.forEach((O,v)=>{let N=e*c.reduce((E,_,j)=>E+u(j,O),0);for(let E=0;E<i;E++)y[v*i+E]+=N*l[Math.floor(E/a)]});let A=new V(t,x,d),S=d.room(t.count);A.gradient(y,K(M,t.classes),S),b.set(S,n*(f+1));let F=A.pull();return w.forEach((O,v)=>{let N=F.subarray(v*i,(v+1)*i),E=e*N.reduce((j,k)=>j+k,0),_=Ao(g.subarray(v*i,(v+1)*i),s);for(let j=0;j<n;j++)if(m(j,O)){for(let k=0;k<f;k++)b[j*f+k]+=E*_[k];b[n*f+j]+=E}}),b}}}var Ve=["significance"],vo=1e-6,Le=.05,So=.01,Eo=37,Ue=(o,t)=>o.map((n,e)=>n-(o[e+t]??0));function Fo(o,t,n){let e=o.length/t,r=Array.from({length:t},(l,i)=>{let a=o.subarray(i*e,(i+1)*e);return T(a,a)}),s=r.reduce((l,i)=>Math.min(l,i));return r.map(l=>l-s>(n+3)*Math.sqrt(2/e)*s)}function No(o,[t,n,e]){let r=t*P*P,s=t*n*e,l=new Float64Array(r),i=P*P/(n*e);for(let a=0;a<s;a++){let c=Math.floor(a/(n*e)),f=Math.floor(a/e)%n,h=a%e;l[(c*P+Math.floor(f*P/n))*P+Math.floor(h*P/e)]+=i*o[a]*o[a]}return l.reduce((a,c,f)=>a+Math.abs(o[s+f]-1-c),0)/r}function Oo({victim:o,update:t,cut:n,server:e},r){let[s,l]=n(t),i=l.length,a=s.length/i,c=e?.sparse?s:Ue(s,a),f=e?.sparse?l:Ue(l,1),{mean:h,std:u,shape:m}=o,p=m[1]*m[2],M=Math.max(...u)**2,d=f.reduce((g,y)=>Math.max(g,Math.abs(y)),0),x=Fo(c,i,r),b=[];for(let g=0;g<i;g++){if(!x[g]||Math.abs(f[g])<=vo*d)continue;let y=Float32Array.from(c.subarray(g*a,(g+1)*a),F=>F/f[g]),w=y.slice(0,o.inputs).map((F,O)=>{let v=Math.floor(O/p);return F*u[v]+h[v]}),A=w.filter(F=>F<-Le||F>1+Le).length/w.length,S=No(y,m)*M;b.push({row:g,picture:w.map(z),error:A<So&&S<1/0?S:1/0})}return b.sort((g,y)=>g.error===y.error?g.row-y.row:g.error-y.error)}var He=({error:o})=>o<10**(-Eo/10);function Be(o){let t=I(o.significance,6);return{iterations:1,single:!0,*run(n){let{batch:e,victim:{inputs:r}}=n,s=Oo(n,t),l=s.slice(0,e),i=new Float32Array(e*r).fill(.5);l.forEach(({picture:f},h)=>i.set(f,h*r));let a=l.reduce((f,{error:h})=>f+Math.min(1,h),0),c={found:s.length,trusted:s.filter(He).length,trust:s.map(He),rows:s.map(f=>f.row),error:s.map(f=>f.error),pictures:e};yield{iteration:0,restart:0,pictures:i,loss:a,terms:{},report:c}}}}function _o(o,t,n,e){let r=n*e/4,s=new Float64Array(o.length),l=t*r;for(let i=0,a=0;i<t;i++)for(let c=0;c<n;c+=2)for(let f=0;f<e;f+=2,a++){let h=(i*n+c)*e+f,u=o[h],m=o[h+1],p=o[h+e],M=o[h+e+1];s[a]=(u+m+p+M)/2,s[l+a]=(u+m-p-M)/2,s[2*l+a]=(u-m+p-M)/2,s[3*l+a]=(u-m-p+M)/2}return s}function Io(o,t,n,e){let r=t*n*e/4,s=new Float64Array(o.length);for(let l=0,i=0;l<t;l++)for(let a=0;a<n;a+=2)for(let c=0;c<e;c+=2,i++){let f=(l*n+a)*e+c,h=o[i],u=o[r+i],m=o[2*r+i],p=o[3*r+i];s[f]=(h+u+m+p)/2,s[f+1]=(h+u-m-p)/2,s[f+e]=(h-u+m-p)/2,s[f+e+1]=(h-u-m+p)/2}return s}function To(o){let t=o.slice().sort(),n=t.length>>1;return t.length%2?t[n]:(t[n-1]+t[n])/2}function We(o,[t,n,e]){let r=[],s=o;for(let a=0,c=n,f=e;a<2;a++,c/=2,f/=2){let h=_o(s,t,c,f);r.push({made:h,h:c,w:f}),s=h.slice(0,h.length/4)}let l=r[0].made.slice(3*o.length/4).map(Math.abs),i=To(l)/.6745*Math.sqrt(2*Math.log(o.length));for(let{made:a,h:c,w:f}of r.reverse()){a.set(s);for(let h=a.length/4;h<a.length;h++)a[h]=Math.sign(a[h])*Math.max(0,Math.abs(a[h])-i);s=Io(a,t,c,f)}return s}function Ke(o,t){let n=0,e=0;for(let r=0;r<o.length;r++)n+=(o[r]-t[r])**2,e+=t[r]**2;return 2*Math.log1p(n/Math.max(1e-12,e))}var Xe=["feature","strength"],Ye=12,jo=4,Je=o=>1/(1+Math.exp(-o));function zo(o,t){let n=$(o,"time.0.periodic",[t]).map(Math.sin),e=$(o,"time.1.entry",[...$(o,"time.0.linear",[t]),...n]),r=Je(o["time.1.rate"].values[0]),s=new Float64Array(e.length);for(let a=0;a<jo;a++){let c=$(o,"time.1.recurrent",s);s=s.map((f,h)=>f+r*(Math.tanh(e[h]+c[h])-f))}let l=$(o,"time.1.project",s),i=$(o,"time.1.gate",l);return l.map((a,c)=>Je(i[c])*a)}function Ce(o,t,n){return{iterations:1,single:!0,*run(e){let{victim:r,machine:s}=e,{weight:l,bias:i}=C(e),a=new st(n,r),c={weight:l,bias:i},f=(o.feature==="spe"?Ae:we)(c),{features:h,noise:u,doubt:m}=a.features(f),p=Math.sqrt(a.variance),M=h.map((E,_)=>(E-a.mean[_])/p),d=r.shape[1]/4,x=We(M,[M.length/(d*d),d,d]),b=f.empty?Ye:Ke(M,x),{inputs:g,linear:y}=a.forward(h,u,m),w=[...M,...x].map(E=>3*Math.tanh(E/3)),{values:A}=n.strengths,S=o.strength==="constant"?A.reduce((E,_)=>E+_,0)/A.length:o.strength==="true"?2*Math.log1p(u**2/a.variance):b,F=zo(n,Math.min(Ye,S)),O=At(n,[...g,...w],y,r.shape,s,F),v=Float32Array.from(O,z),N=[f.delta.indexOf(Math.min(...f.delta))];yield{iteration:0,restart:0,pictures:v,loss:0,terms:{},labels:N}}}}var Qe=(o,t)=>({shapes:t.shapes,names:t.names,count:t.count,facts:null,gradient(n,e,r){let s=r.room(t.count);return new V(t,e.length,r).gradient(n,K(e,t.classes),s),Float32Array.from(s)}});var ct={identity:{value:o=>o,slope:()=>1,bend:()=>0},relu:{value:o=>o>0?o:0,slope:o=>o>0?1:0,bend:()=>0},"leaky-relu":{value:o=>o>0?o:.01*o,slope:o=>o>0?1:.01,bend:()=>0},sigmoid:{value:o=>1/(1+Math.exp(-o)),slope:o=>o*(1-o),bend:o=>1-2*o},tanh:{value:Math.tanh,slope:o=>1-o*o,bend:o=>-2*o}};function Ze({shape:o,mean:t,variance:n},e,r){let[s,l,i]=o,a=l*i,c=s*a,f=Float64Array.from({length:s},(M,d)=>t?.[d]??0),h=Float64Array.from({length:s},(M,d)=>1/Math.sqrt((n?.[d]??1)+1e-5)),u=r.room(e*c),m=r.room(e*c),p=M=>{for(let d=0;d<e*s;d++)M(d%s,d*a,(d+1)*a)};return{shape:o,inputs:c,outputs:c,fan:0,shapes:[[s],[s]],count:2*s,see(M,d=!1){let x=d?m:u;return p((b,g,y)=>{let w=d?0:f[b];for(let A=g;A<y;A++)x[A]=(M[A]-w)*h[b]}),x},push(M,d,x,{bias:b=!0,add:g=!1}={}){p((y,w,A)=>{let S=M[y],F=b?M[s+y]:0;for(let O=w;O<A;O++)x[O]=S*d[O]+F+(g?x[O]:0)})},pull(M,...d){M.fill(0,0,e*c);for(let x=0;x<d.length;x+=2)p((b,g,y)=>{let w=d[x][b]*h[b],A=d[x+1];for(let S=g;S<y;S++)M[S]+=w*A[S]})},outer(M,d,x){x.fill(0,0,2*s),p((b,g,y)=>{let w=0,A=0;for(let S=g;S<y;S++)w+=M[S]*d[S],A+=M[S];x[b]+=w,x[s+b]+=A})}}}function tn({inputs:o,units:t,bias:n=!0},e,{rows:r,dots:s}){let l=o*t;return{shape:[t,1,1],inputs:o,outputs:t,fan:o,shapes:n?[[t,o],[t]]:[[t,o]],count:l+(n?t:0),see:i=>i,push(i,a,c,f={}){if(s(e,t,o,a,i,c,f.add??!1),n&&(f.bias??!0))for(let h=0;h<e;h++)for(let u=0;u<t;u++)c[h*t+u]+=i[l+u]},pull(i,...a){for(let c=0;c<a.length;c+=2)r(e,o,t,a[c+1],t,1,a[c],i,c>0)},outer(i,a,c){if(r(t,o,e,i,1,t,a,c,!1),!!n)for(let f=0;f<t;f++){let h=0;for(let u=0;u<e;u++)h+=i[u*t+f];c[l+f]=h}}}}function en(o,{shape:[t,n,e],kernel:r},s){let l=Math.floor(n/r),i=Math.floor(e/r),a=t*n*e,c=t*l*i,f=s*t,h=new Int32Array(o==="max"?s*c:0),u=1/(r*r),m=d=>{for(let x=0,b=0;x<f;x++)for(let g=0;g<l;g++)for(let y=0;y<i;y++,b++)d(b,(x*n+g*r)*e+y*r)},p=(d,x)=>{for(let b=0;b<r;b++)for(let g=0;g<r;g++)x(d+b*e+g)},M=d=>m((x,b)=>{h[x]=b,p(b,g=>{d[g]>d[h[x]]&&(h[x]=g)})});return{shape:[t,l,i],inputs:a,outputs:c,fan:0,shapes:[],count:0,see(d,x=!1){return o==="max"&&!x&&M(d),d},push(d,x,b,{add:g=!1}={}){m((y,w)=>{let A=0;o==="max"?A=x[h[y]]:p(w,S=>{A+=u*x[S]}),b[y]=g?b[y]+A:A})},pull(d,x,b){d.fill(0,0,s*a),m((g,y)=>{o==="max"?d[h[g]]+=b[g]:p(y,w=>{d[w]+=u*b[g]})})},outer(){}}}var ko=[.4914,.4822,.4465],Ro=[.247,.2435,.2616],on={lenet:({activation:o="sigmoid",init:t="uniform"})=>({plan:[2,2,1].flatMap(n=>[["convolution",{filters:12,kernel:5,stride:n,padding:2}],[o]]),uniform:t==="uniform"}),mlp:({width:o,depth:t,shrink:n,activation:e="relu",bias:r})=>{let s=I(o,256);return{plan:[...Array.from({length:I(t,2)},()=>{let i=s;return D(n,!1)&&(s=Math.max(1,s>>1)),[["dense",{units:i,bias:D(r,!0)}],[e]]}).flat(),["bias",D(r,!0)]]}},convnet:({width:o})=>{let t=I(o,64);return{plan:[t,2*t,2*t,4*t,4*t,4*t,0,4*t,4*t,0].flatMap(r=>r?[["convolution",{filters:r,kernel:3,padding:1}],["batchNorm"],["relu"]]:[["max",3]]),mean:ko,std:Ro}}},qo=Object.keys(on);function rn(o,{shape:t,classes:n,seed:e=0,weights:r}){let{name:s,options:l}=W(o),{plan:i,...a}=on[s](l);return Po(i,{shape:t,classes:n,seed:e,weights:r,...a})}function Po(o,{shape:t,classes:n,uniform:e=!1,mean:r=[0],std:s=[1],seed:l=0,weights:i}){let[a,c,f]=t,h=c*f,u=a*h,m=o.every(([y,w])=>y!=="bias"||w),M=[...o.filter(([y])=>y!=="bias"),["dense",{units:n,bias:m}]],d=nn(M,t,0,{room:()=>new Float32Array(0),rows(){},dots(){}}),x=y=>Array.from({length:a},(w,A)=>y.length===a?y[A]:$o(y)),b=x(r),g=x(s);return{shape:t,inputs:u,classes:n,mean:b,std:g,count:d.reduce((y,{layer:w})=>y+w.count,0),shapes:d.flatMap(({layer:y})=>y.shapes),names:Do(M,d.map(({layer:y})=>y)),weights:i??Lo(d.map(({layer:y})=>y),e,new R(l)),stages:(y,w)=>nn(M,t,y,w),normalise(y,w){for(let A=0;A<y.length;A++){let S=Math.floor(A/h)%a;w[A]=(y[A]-b[S])/g[S]}},denormalise(y,w){for(let A=0;A<y.length;A++)w[A]=y[A]/g[Math.floor(A/h)%a]}}}function Do(o,t){let n=o.flatMap(([e],r)=>e in ct?[]:[r+ +(o[0][0]==="dense")]);return t.flatMap(({shapes:e},r)=>e.map((s,l)=>`${r+1<t.length?`body.${n[r]}`:"head"}.${l?"bias":"weight"}`))}var $o=o=>o.reduce((t,n)=>t+n,0)/o.length;function nn(o,t,n,e){let r=[],s=t,l=0;for(let[i,a]of o){if(i in ct){r[r.length-1].activation=ct[i];continue}let c=Go(i,a,s,n,e);r.push({layer:c,activation:ct.identity,at:l}),s=c.shape,l+=c.count}return r}function Go(o,t,n,e,r){return o==="convolution"?wt({shape:n,...t},e,r):o==="dense"?tn({inputs:n[0]*n[1]*n[2],...t},e,r):o==="batchNorm"?Ze({shape:n,...t},e,r):en(o==="max"?"max":"average",{shape:n,kernel:t},e)}function Lo(o,t,n){let e=o.flatMap(({shapes:l,fan:i})=>l.map((a,c)=>{let f=a.reduce((u,m)=>u*m,1),h=1/Math.sqrt(i);return i?n.uniforms(f,-h,h):new Float32Array(f).fill(c?0:1)})),r=t?e.map(l=>n.uniforms(l.length,-.5,.5)):e,s=new Float32Array(r.reduce((l,i)=>l+i.length,0));return r.reduce((l,i)=>(s.set(i,l),l+i.length),0),s}var Uo={ig:{options:qe,make:Pe},dlg:{options:he,make:ue},analytic:{options:ne,make:oe},venom:{options:Xe,make:Ce,inverter:!0,alone:!0},fgla:{options:_e,make:Ie,inverter:!0},git:{options:ke,make:Re,inverter:!0,alone:!0},imprint:{options:Ve,make:Be}},Ho={honest:Qe,imprint:Ge};function Gt(o,t={}){let{name:n,options:e}=W(o),{init:r}=e,s=r&&!fe.includes(r)?Gt(r,t):null;return Uo[n].make(e,s,t[n])}function sn(o,t){let{name:n,options:e}=W(o);return Ho[n](e,t)}function an(o,t,n={},e=Xt()){let r=(O,v)=>Number(o[O]??v),s=r("seed",0),l=r("batch_size",1),i=r("image_size",32),a=r("num_classes",10),c=String(o.model??"lenet"),f=W(String(o.weights??"init")),h=rn(c,{shape:[3,i,i],classes:a,seed:Number(f.options.seed??0)}),u=new R(it(s,"labels")),m=Array.from({length:l},()=>u.whole(a)),p=It(String(o.defense??"none")),M=sn(String(o.server??"honest"),h),d=Ct(M.shapes),x=h.inputs,b=new R(it(s,"defense")),g=M.gradient(t,m,e),w=Wt(p,l,O=>M.gradient(t.subarray(O*x,(O+1)*x),[m[O]],e),()=>g.slice(),d,b),A=String(o.knowledge??"labels").split("+"),S={victim:h,batch:l,update:w,cut:d,machine:e,labels:A.includes("labels")?m:null,defense:A.includes("defense")?p:null,server:M.facts},F=Gt(String(o.attack??"ig"),n);return{victim:h,sent:M,truth:t,labels:m,clean:g,observation:S,attack:F,seed:it(s,"attack")}}function ln({observation:o},t){let n=o.update.slice(),e=new R(it(t,"control noise 0"));for(let r of o.cut(n)){let s=e.normals(r.length),l=a=>Math.sqrt(a.reduce((c,f)=>c+f*f,0)),i=l(r)/Math.max(l(s),1e-12);r.forEach((a,c)=>{r[c]=s[c]*i})}return{...o,update:n}}function Vo(o){return Number.isInteger(o)&&Math.abs(o)<1e16?`${o}.0`:Math.abs(o)>=1e-4?String(o):o.toExponential().replace(/e([+-])(\\d)$/,"e$10$2")}function Bo(o,{defaults:t,floats:n}){let e=Object.entries(t).map(([i,a])=>[i,typeof a=="number"?Number(o[i]??a):String(o[i]??a)]),r=Object.fromEntries(e.filter(([i,a])=>i!=="server"||a!=="honest")),s=Object.keys(r).sort().map(i=>{let a=r[i];return`${JSON.stringify(i)}:${n.includes(i)?Vo(a):JSON.stringify(a)}`}),l=Array.from(pt(`{${s.join(",")}}`),i=>i.toString(16).padStart(8,"0"));return{scenario:r,scenario_hash:l.join("")}}function Wo({sent:{names:o,shapes:t},clean:n,observation:e}){let r=e.cut(n),s=e.cut(e.update);return t.map((l,i)=>({name:o[i],shape:l,numel:r[i].length,norm_before:Math.sqrt(T(r[i],r[i])),norm_after:Math.sqrt(T(s[i],s[i])),noise_share:ut(r[i],s[i])}))}function Ko(o){if(!o)return{verdict:null,control:null,gain:null};let{control:{name:t,psnr:n,ssim:e,mse:r},gain:s,...l}=o,i=l.pictures.length,a=f=>({mean:f,low:null,high:null,n:i}),c=l.pictures.reduce((f,h)=>f+(h.ssim-h.control_ssim)/i,0);return{verdict:l,control:{name:t,psnr:n,ssim:e,mse:r},gain:{psnr:a(s),ssim:a(c)}}}function cn({experiment:o,settings:t,fields:n,kept:e,done:r,seconds:s,last:l},i,a){return{...n?Bo(t,n):{scenario:t,scenario_hash:null},scores:a,seconds:s,iterations:r,stopped:!1,seed:Number(t.seed??0),labels:o.labels,guessed_labels:l?.labels??null,history:e.map(({iteration:f,seconds:h,restart:u,loss:m,terms:p,psnr:M,ssim:d})=>({iteration:f,seconds:h,restart:u,loss:m,...p,psnr:M,ssim:d})),update:Wo(o),report:l?.report??{},...Ko(i),device:"browser",versions:{browser:globalThis.navigator?.userAgent??""}}}var ft=11,Yo=1.5,Jo=100;function B(o,t){let n=0;for(let e=0;e<o.length;e++)n+=(z(o[e])-z(t[e]))**2;return n/o.length}var tt=(o,t)=>-10*Math.log10(Math.max(B(o,t),10**(-Jo/10))),fn=(()=>{let o=Array.from({length:ft},(n,e)=>Math.exp(-((e-5)**2)/(2*Yo**2))),t=o.reduce((n,e)=>n+e,0);return o.map(n=>n/t)})();function Xo(o,t,n){let e=n-ft+1,r=t-ft+1,s=new Float64Array(t*e),l=new Float64Array(r*e);for(let i=0;i<t;i++)for(let a=0;a<e;a++)for(let c=0;c<ft;c++)s[i*e+a]+=fn[c]*o[i*n+a+c];for(let i=0;i<r;i++)for(let a=0;a<ft;a++)for(let c=0;c<e;c++)l[i*e+c]+=fn[a]*s[(i+a)*e+c];return l}function at(o,t,[n,e,r]){let s=e*r,l=.01**2,i=.03**2,a=0,c=0;for(let f=0;f<n;f++){let h=Float64Array.from({length:s},(g,y)=>z(o[f*s+y])),u=Float64Array.from({length:s},(g,y)=>z(t[f*s+y])),m=g=>Xo(h.map((y,w)=>g(w)),e,r),p=m(g=>h[g]),M=m(g=>u[g]),d=m(g=>h[g]*h[g]),x=m(g=>u[g]*u[g]),b=m(g=>h[g]*u[g]);for(let g=0;g<p.length;g++,c++){let y=2*p[g]*M[g]+l,w=2*(b[g]-p[g]*M[g])+i;a+=y*w/((p[g]**2+M[g]**2+l)*(d[g]-p[g]**2+(x[g]-M[g]**2)+i))}}return a/c}var G=(o,t)=>Array.from({length:o.length/t},(n,e)=>o.subarray(e*t,(e+1)*t));function et(o,t,n=t.length){let e=G(o,n),r=G(t,n),s=r.length;if(s===1)return o;let l=r.map(f=>e.map(h=>B(f,h))),i=new Float64Array(1<<s).fill(1/0),a=new Int8Array(1<<s);i[0]=0;for(let f=0;f<1<<s;f++){let h=Co(f);for(let u=0;u<s&&h<s;u++){let m=f|1<<u,p=i[f]+l[h][u];m!==f&&p<i[m]&&(i[m]=p,a[m]=u)}}let c=new Float32Array(o.length);for(let f=(1<<s)-1,h=s-1;h>=0;h--)c.set(e[a[f]],h*n),f^=1<<a[f];return c}function Co(o){let t=0;for(;o;o&=o-1)t++;return t}var hn=["Nothing","Colours and layout","Recognisable","Faithful"],Qo="Too short to tell",Zo=.05,tr=.02,ht=[.1,.85,.95],un=.25,er=.01,nr=99,or=.1,rr=6,sr=(o,t)=>o.filter(n=>t.every(e=>B(n,e)>er)).slice(0,nr);function mn(o,t,n){let e=B(o,t);return 1+n.filter(r=>B(o,r)<=e).length}function ar({rank:o,control_rank:t,candidates:n,structure:e,pixels:r},s){if(o<=Math.max(1,tr*n)&&e>=ht[1]){let a=e>=ht[2]?3:2;return Ft(a,a===3?"copy":"recognised","structure",e,ht[a-1])}let l=Math.max(1,Zo/s*n);if(o>l)return Ft(0,"not-found","rank",o,l);if(o>=t)return Ft(0,"guesswork","rank",o,t-1);let i=(a,c,f)=>Ft(+(c>=f),c>=f?"layout":"no-gain",a,c,f);return e/ht[0]>=r/un?i("structure",e,ht[0]):i("pixels",r,un)}var Ft=(o,t,n,e,r)=>({level:o,code:t,number:n,value:e,threshold:r});function pn(o){let t=i=>Math.min(...i.map(a=>a.loss)),e=[...new Set(o.map(i=>i.restart))].map(i=>o.filter(a=>a.restart===i)).sort((i,a)=>t(i)-t(a))[0]??[];if(e.length<rr)return null;let r=e[0].iteration,s=e[e.length-1].iteration,l=t(e.filter(i=>i.iteration<=r+.75*(s-r)));return!(l>0&&1-t(e)/l>or)}function dn(o,t,n,e,r,s){let l=s[0]*s[1]*s[2],i=G(t,l),a=sr(e,i),c=G(et(o,t,l),l),f=G(et(n,t,l),l),h=i.map((g,y)=>{let w=at(f[y],g,s),A=B(f[y],g),S=at(c[y],g,s),F=B(c[y],g);return{ssim:S,mse:F,control_ssim:w,control_mse:A,rank:mn(c[y],g,a),control_rank:mn(f[y],g,a),candidates:a.length+1,structure:(S-w)/Math.max(1e-6,1-w),pixels:1-F/Math.max(1e-10,A)}}),u=h.map(g=>ar(g,i.length)),m=Math.max(...u.map(g=>g.level)),p=h.reduce((g,y,w)=>(u[w].level-u[g].level||y.structure-h[g].structure)>0?w:g,0),M=m===0&&r===!1,d=h[p],x=M?"too-short":u[p].code,b=g=>g.reduce((y,w)=>y+w,0)/g.length;return{level:m,word:M?Qo:hn[m],levels:u.map(g=>g.level),reason:{...u[p],code:x,picture:p,...d},rank:d.rank,control_rank:d.control_rank,candidates:d.candidates,settled:r,gain:b(i.map((g,y)=>tt(c[y],g)-tt(f[y],g))),control:{name:"noise",psnr:b(i.map((g,y)=>tt(f[y],g))),ssim:b(h.map(g=>g.control_ssim)),mse:b(h.map(g=>g.control_mse))},pictures:u.map((g,y)=>({level:g.level,word:hn[g.level],code:g.code,...h[y]}))}}var gn=64,ir=o=>new Set(Array.from({length:gn},(t,n)=>Math.round((o-1)*(n/(gn-1))**2)));function Lt(o,t){let n=t*t,e=o.length/(3*n),r=e*t,s=new Uint8ClampedArray(4*n*e).fill(255);for(let l=0;l<e;l++)for(let i=0;i<3;i++)for(let a=0;a<n;a++)s[4*(Math.floor(a/t)*r+l*t+a%t)+i]=255*o[(3*l+i)*n+a];return s}var Mn=o=>o.reduce((t,n)=>t+n,0)/o.length,Nt=class{constructor({settings:t,truth:n,others:e,inverters:r={},fields:s}){this.settings=t,this.fields=s,this.others=e,this.experiment=an(t,n,Object.fromEntries(Object.entries(r).map(([l,i])=>[l,pe(i)]))),this.shape=this.experiment.victim.shape,this.size=this.experiment.victim.inputs,this.kept=[],this.last=null,this.began=performance.now(),this.done=0,this.seconds=0}still(){let{sent:t,truth:n,labels:e,clean:r,observation:s,attack:l}=this.experiment;return{total:Math.max(1,l.iterations-1),single:l.single,labels:e,numel:t.count,truth:Lt(n,this.shape[1]),wire:this.wire(r,s.update)}}wire(t,n){let{sent:{shapes:e},observation:{cut:r}}=this.experiment;return{sent:Tt(n,e,r),clean:Tt(t,e,r),numel:n.length,share:ut(t,n)}}*attack(){let{attack:t,observation:n,seed:e}=this.experiment,r=ir(t.iterations);this.began=performance.now();for(let s of t.run(n,e))s&&(this.last=s,this.done++,r.has(s.iteration)&&this.kept.push(this.moment(s,!0))),yield;this.seconds=(performance.now()-this.began)/1e3}moment({iteration:t,restart:n,pictures:e,loss:r,terms:s},l){let{truth:i}=this.experiment,a=G(i,this.size),c=et(e,i,this.size),f=G(c,this.size),h=p=>Mn(f.map((M,d)=>p(M,a[d],this.shape))),u=Lt(c,this.shape[1]),m=(performance.now()-this.began)/1e3;return{iteration:t,seconds:m,restart:n,loss:r,terms:s,psnr:h(tt),ssim:h(at),pixels:u,kept:l}}probe(t){let n=[performance.now()];for(let r=this.attack();!r.next().done&&(this.done===n.length&&n.push(performance.now()),!(n.length>4&&n[n.length-1]-n[0]>t)););let e=n.slice(1).map((r,s)=>r-n[s]);return Math.min(...e.slice(Math.floor(e.length/2)))/1e3}now(){let{last:t,kept:n}=this;return t&&n[n.length-1]?.iteration!==t.iteration?[this.moment(t,!1)]:[]}each(){let{truth:t}=this.experiment,n=this.last,e=G(t,this.size);return G(et(n.pictures,t,this.size),this.size).map((s,l)=>{let i=at(s,e[l],this.shape);return{psnr:tt(s,e[l]),ssim:i,mse:B(s,e[l]),lpips:null,fmse:null,recovered:null,success:i>.5}})}scores(){let t=this.each(),n=e=>Mn(t.map(r=>Number(r[e])));return{psnr:n("psnr"),ssim:n("ssim"),mse:n("mse"),lpips:null,fmse:null,recovered:null,success:n("success")}}trace(t){return cn(this,t,this.each())}*judge(){if(!this.others||!this.last)return null;let{attack:t,seed:n,truth:e}=this.experiment,{others:r,size:s}=this,l=this.last.pictures.slice(),i=ln(this.experiment,Number(this.settings.seed??0)),a=l,c=0;for(let m of t.run(i,n))if(m&&(a=m.pictures,c++),yield c/this.done,c>=this.done)break;let f=t.single||pn(this.kept),h=dn(l,e,a.slice(),G(r,s),f,this.shape),u=Lt(et(a,e,s),this.shape[1]);return{...h,control:{...h.control,pixels:u}}}};var yn=160,lr=700,Y=o=>postMessage(o);function cr(o){let t=new Nt(o);if(o.only==="probe")return Y({state:"probe",each:t.probe(lr)});let n=t.still();if(o.only==="wire")return Y({state:"wire",wire:n.wire});Y({state:"running",still:n,moments:[]});let e=0,r=performance.now(),s=()=>{let a=[...t.kept.slice(e),...t.now()];return e=t.kept.length,r=performance.now(),a};for(let a=t.attack();!a.next().done;)performance.now()-r>yn&&Y({state:"running",moments:s()});let l={seconds:t.seconds,iterations:t.done,scores:t.scores()};Y({state:"judging",share:0,moments:s(),...l});let i=t.judge();for(;;){let{done:a,value:c}=i.next();if(a)return Y({state:"done",moments:[],verdict:c,trace:t.trace(c),...l});performance.now()-r>yn&&(r=performance.now(),Y({state:"judging",share:c,moments:[]}))}}addEventListener("message",o=>{try{cr(o.data)}catch(t){Y({state:"failed",message:t instanceof Error?t.message:String(t)})}});})();\n';

  // gi_core/web/engine/run.js
  var QUIET = 3e3;
  var source = "";
  var calm = () => new Promise((resolve) => "requestIdleCallback" in window ? requestIdleCallback(resolve, { timeout: QUIET }) : setTimeout(resolve, QUIET));
  function thread() {
    source ||= URL.createObjectURL(new Blob([worker_default], { type: "text/javascript" }));
    return new Worker(source);
  }
  function pixels(image2, wide, high, side) {
    const canvas = document.createElement("canvas"), places = side * side;
    canvas.width = wide;
    canvas.height = high;
    const drawn = context(canvas);
    drawn.drawImage(image2, 0, 0, wide, high);
    const { data } = drawn.getImageData(0, 0, wide, high), across = wide / side;
    const all2 = new Float32Array(3 * wide * high);
    for (let i = 0; i < all2.length; i++) {
      const tile = Math.floor(i / (3 * places)), c = Math.floor(i / places) % 3, at2 = i % places;
      const x = tile % across * side + at2 % side, y = Math.floor(tile / across) * side + Math.floor(at2 / side);
      all2[i] = data[4 * (y * wide + x) + c] / 255;
    }
    return all2;
  }
  function strip(bytes3, side) {
    const canvas = document.createElement("canvas"), wide = bytes3.length / (4 * side);
    canvas.width = wide;
    canvas.height = side;
    context(canvas).putImageData(new ImageData(bytes3, wide, side), 0, 0);
    return canvas.toDataURL("image/png");
  }
  async function truthOf({ pictures: pictures2 }, { image: image2, side }) {
    const all2 = new Float32Array(3 * side * side * pictures2.length), found2 = await Promise.all(pictures2.map(image2));
    found2.forEach((picture4, i) => all2.set(pixels(picture4, side, side, side), i * 3 * side * side));
    return all2;
  }
  async function invertersFor({ settings }, { inverters = {}, trained: trained2 }) {
    const read = async ({ prefix, file }) => ({ prefix, bytes: await trained2?.(file) });
    const names = invertersOf(String(settings.attack ?? "ig"));
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await Promise.all(inverters[name].map(read))])));
  }
  function story(id, { settings, pictures: pictures2 }, side) {
    let still = {};
    let kept = [];
    let film = {};
    return (told3) => {
      const { state, moments = [], share, message, seconds = null, scores = null, verdict = null, trace = null } = told3;
      if (state === "failed") return { id, state, message };
      if (told3.still)
        still = {
          ...told3.still,
          truth: strip(told3.still.truth, side),
          scenario: settings,
          layers: [],
          opinions: [],
          pictures: pictures2.map((p) => "sample" in p ? p.sample : "your-picture.png"),
          size: { batch: pictures2.length, width: side, height: side, side }
        };
      const fresh = moments.map(({ pixels: pixels2, ...rest }) => ({ ...rest, src: strip(pixels2, side) }));
      kept = kept.concat(fresh.filter((f) => f.kept));
      if (fresh.length) {
        const frames = [...kept, ...fresh.filter((f) => !f.kept)];
        const history = Object.fromEntries(["iteration", "seconds", "loss", "psnr", "ssim"].map((name) => [name, frames.map((frame2) => frame2[name])]));
        film = { frames, history };
      }
      return {
        id,
        ...still,
        ...film,
        state,
        judging: share,
        seconds,
        scores,
        verdict: verdict && { ...verdict, control: { ...verdict.control, src: strip(verdict.control.pixels, side) } },
        where: "device",
        trace
      };
    };
  }
  async function probe(settings, side) {
    if (!unknown(settings)) return;
    await calm();
    const truth2 = Float32Array.from({ length: 3 * side * side * Number(settings.batch_size ?? 1) }, Math.random);
    const worker = thread(), each = await new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data.each ?? null);
      worker.onerror = () => resolve(null);
      worker.postMessage({ settings, truth: truth2, others: null, only: "probe" });
    });
    worker.terminate();
    if (each) timed(settings, each);
  }
  function device(page5) {
    const { side } = page5, shipped = Object.keys(page5.inverters ?? {});
    const running = /* @__PURE__ */ new Map();
    let line = null;
    let probing = Promise.resolve();
    const others = () => line ??= page5.lineUp().then((sheet2) => {
      const { width, height } = (
        /** @type {ImageBitmap} */
        sheet2
      );
      return pixels(sheet2, width, height, side);
    }).catch(() => {
      line = null;
      return null;
    });
    const end = (id) => {
      running.get(id)?.thread.terminate();
      running.delete(id);
    };
    return {
      /** @param {Record<string, any>} settings */
      can: (settings) => runsHere(settings, side, shipped),
      /** @param {SetUp & { id: string }} request */
      async start({ id, ...setUp }) {
        const worker = thread(), tell = story(id, setUp, side);
        let last = { id };
        const told3 = (message) => {
          last = { ...last, ...message };
          page5.told({ request: id, run: message });
        };
        running.set(id, { thread: worker, stopped: () => told3({ ...last, state: "stopped" }) });
        worker.onmessage = ({ data }) => {
          told3(tell(data));
          if (!["done", "failed"].includes(data.state)) return;
          if (data.state === "done") learn(setUp.settings, data.seconds, data.iterations);
          end(id);
        };
        worker.onerror = () => {
          told3(tell({ state: "failed", message: words["explore.no_answer"] }));
          end(id);
        };
        const needed = Promise.all([truthOf(setUp, page5), others(), invertersFor(setUp, page5)]);
        needed.then(([truth2, others2, inverters]) => worker.postMessage({ ...setUp, fields: page5.fields, truth: truth2, others: others2, inverters }), worker.onerror);
        await needed.catch(() => {
        });
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
        const truth2 = await truthOf(setUp, page5), worker = thread();
        return new Promise((resolve) => {
          worker.onmessage = ({ data }) => {
            worker.terminate();
            resolve(data.wire ?? { error: data.message });
          };
          worker.postMessage({ settings: setUp.settings, truth: truth2, others: null, only: "wire" });
        });
      }
    };
  }
  function onDevice(page5, trigger, server) {
    const own = device(page5);
    const stop2 = (name) => async (run) => own.stop(run.id) ? { last: true } : server[name]?.(run);
    return {
      /** @param {string} event @param {any} detail */
      trigger(event, detail) {
        const shared = detail?.room || detail?.follow;
        if (event === "run" && !shared && own.can(detail.settings)) own.start(detail);
        else trigger(event, detail);
      },
      server: {
        ...server,
        stop_run: stop2("stop_run"),
        stop_lane: stop2("stop_lane"),
        explore_estimate: async ({ settings }) => own.can(settings) ? own.estimate(settings) : server.explore_estimate?.({ settings }),
        explore_update: async (setUp) => own.can(setUp.settings) ? own.wire(setUp) : server.explore_update?.(setUp)
      }
    };
  }

  // gi_core/web/lib/letters.js
  function letters(faces) {
    for (const { family, weight, range: range2, base64 } of faces) {
      const bytes3 = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      document.fonts.add(new FontFace(family, bytes3, { weight, unicodeRange: range2 }));
    }
  }

  // gi_core/web/lib/offline.js
  var offline_exports = {};
  __export(offline_exports, {
    bytes: () => bytes,
    link: () => link,
    repeat: () => repeat,
    shelf: () => shelf
  });
  var FIRST = 13312;
  function bytes(size2, text) {
    const made3 = new Uint8Array(size2);
    for (let i = 0, at2 = 0, held3 = 0, bits = 0; at2 < size2; i++) {
      held3 = held3 << 15 | text.charCodeAt(i) - FIRST;
      for (bits += 15; bits >= 8 && at2 < size2; at2++) {
        bits -= 8;
        made3[at2] = held3 >>> bits;
        held3 &= (1 << bits) - 1;
      }
    }
    return made3;
  }
  var inflated = (packed) => new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();
  function shelf(base) {
    const asked = /* @__PURE__ */ new Map();
    const parsed = /* @__PURE__ */ new Map();
    const heard = /* @__PURE__ */ new Map();
    const load = (name) => new Promise((resolve, reject) => {
      const script = document.createElement("script");
      heard.set(name, resolve);
      script.src = `${base}${name}.js`;
      script.onload = () => script.remove();
      script.onerror = () => {
        script.remove();
        reject(new Error(name));
      };
      document.head.append(script);
    });
    const read = (name) => {
      const made3 = asked.get(name) ?? load(name);
      asked.set(name, made3);
      made3.catch(() => asked.delete(name));
      return made3;
    };
    return {
      /** Called by the files. @param {string} name @param {number} size @param {string} text */
      give: (name, size2, text) => heard.get(name)?.(inflated(bytes(size2, text))),
      /** A file's bytes. @param {string} name */
      read,
      /** A file's JSON, parsed once. @param {string} name @returns {Promise<any>} */
      json(name) {
        const made3 = parsed.get(name) ?? read(name).then((content) => JSON.parse(new TextDecoder().decode(content)));
        parsed.set(name, made3);
        made3.catch(() => parsed.delete(name));
        return made3;
      }
    };
  }
  function link(search, defaults) {
    const settings = { ...defaults };
    for (const [name, value] of new URLSearchParams(search)) {
      if (!(name in defaults)) continue;
      const whole2 = typeof defaults[name] === "number";
      settings[name] = whole2 ? value !== "" && Number.isFinite(Number(value)) ? Number(value) : defaults[name] : value.replaceAll(" ", "+");
    }
    return { settings, notes: [] };
  }
  var quoted = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
  function repeat({ settings, pictures: pictures2 }, defaults) {
    const changed = Object.entries(settings).filter(([name, value]) => String(value) !== String(defaults[name]));
    const names = pictures2.map((one) => "sample" in one ? one.sample : "your-picture.png");
    const options2 = changed.map(([name, value]) => `--${name.replaceAll("_", "-")} ${quoted(String(value))}`);
    const python = (name, value) => typeof defaults[name] === "number" ? String(Number(value)) : `'${value}'`;
    const fields = changed.map(([name, value]) => `${name}=${python(name, value)}`).join(", ");
    const side = settings.image_size ?? defaults.image_size, channels = settings.channels ?? defaults.channels;
    return {
      cli: ["python -m gi_core run", ...options2, ...names.map((name) => `--image ${quoted(name)}`)].join(" "),
      python: [
        "import torch",
        "",
        "import gi_core as gi",
        "from gi_core.data.sources import open_picture",
        "",
        `scenario = gi.Scenario(${fields})`,
        `images = torch.stack([open_picture(i, ${side}, ${channels}) for i in ['${names.join("', '")}']])`,
        "trace = gi.run(scenario, images)",
        "print(trace.scores)",
        ""
      ].join("\n")
    };
  }

  // gi_core/web/lib/rooms.js
  var asleep = /* @__PURE__ */ new Map();
  var AT_ONCE = ["header", "explore"];
  function awaken(name) {
    const mount6 = asleep.get(name);
    asleep.delete(name);
    mount6?.();
  }
  function awakenAll() {
    const [next] = asleep.keys();
    if (next === void 0) return;
    awaken(next);
    setTimeout(awakenAll, 50);
  }
  function whenWanted(name, mount6) {
    const wanted = new URLSearchParams(location.search).get("tab");
    if (AT_ONCE.includes(name) || name === wanted) return mount6();
    if (!asleep.size) setTimeout(awakenAll, 1500);
    asleep.set(name, mount6);
  }

  // gi_core/web/screens/cheat/cheat.js
  var cheat_exports = {};
  __export(cheat_exports, {
    mount: () => mount
  });

  // gi_core/web/lib/icons.js
  var PATHS = {
    lock: '<rect x="3" y="7" width="10" height="7" rx="1"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/>',
    leave: '<path d="M1.5 8h8M6.500 5l3 3-3 3M13.500 2v2.500M13.500 6.800v2.500M13.500 11.500V14"/>',
    eye: '<path d="M1 8s2.600-4.500 7-4.500S15 8 15 8s-2.600 4.500-7 4.500S1 8 1 8z"/><circle cx="8" cy="8" r="2"/>',
    link: '<path d="M6.500 9.500l3-3M7 4.500l1.500-1.500a3 3 0 0 1 4.300 4.300L11.300 8.800"/><path d="M9 11.500l-1.500 1.500a3 3 0 0 1-4.300-4.300L4.700 7.200"/>',
    down: '<path d="M8 2v8M4.500 7L8 10.500 11.500 7M2.500 13.500h11"/>',
    play: '<path d="M4 2.500v11l9-5.500z" fill="currentColor"/>',
    pause: '<path d="M5 3v10M11 3v10" stroke-width="2.500"/>',
    stop: '<rect x="3.500" y="3.500" width="9" height="9" fill="currentColor"/>',
    first: '<path d="M3.500 3v10M13 3L6 8l7 5z" fill="currentColor"/>',
    last: '<path d="M12.500 3v10M3 3l7 5-7 5z" fill="currentColor"/>',
    arrow: '<path d="M1.500 8h12M9.500 4l4 4-4 4"/>',
    plus: '<path d="M8 3v10M3 8h10"/>',
    cross: '<path d="M4 4l8 8M12 4l-8 8"/>',
    hatch: '<path d="M1.500 11.500h13M3 10l3-5M7 10l3-5M11 10l3-5"/>',
    slanted: '<path d="M2 13L7 3M6.500 13l5-10M11 13l3-6"/>',
    left: '<path d="M9.500 4l-4 4 4 4"/>',
    right: '<path d="M6.500 4l4 4-4 4"/>',
    hold: '<circle cx="8" cy="8" r="2.200" fill="currentColor"/><circle cx="8" cy="8" r="5.500" stroke-dasharray="2.500 2"/>',
    theme: '<circle cx="8" cy="8" r="5.500"/><path d="M8 2.500a5.500 5.500 0 0 1 0 11z" fill="currentColor"/>',
    screen: '<rect x="2" y="3" width="12" height="8" rx="1"/><path d="M5.500 13.500h5"/>',
    share: '<path d="M8 9.500V2M5.500 4.300L8 2l2.500 2.300M4 7.500H3V14h10V7.500h-1"/>',
    check: '<path d="M3 8.500l3.500 3.500L13 4.500"/>',
    warn: '<path d="M8 2.200L14.500 13.500h-13zM8 6.500v3.500M8 11.800v.1"/>',
    gear: '<path d="M2 4.500h7M13 4.500h1M2 11.500h1M7 11.500h7"/><circle cx="11" cy="4.500" r="1.800"/><circle cx="5" cy="11.500" r="1.800"/>',
    book: '<path d="M8 4c-1.500-1.200-3.500-1.500-6-1.500v10c2.500 0 4.500.3 6 1.500 1.500-1.200 3.500-1.500 6-1.500v-10c-2.500 0-4.500.3-6 1.500zM8 4v10"/>'
  };
  var icon = (name) => `<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${PATHS[name]}</svg>`;
  var MARKS = [
    '<circle cx="6" cy="6" r="5"/>',
    '<rect x="1.5" y="1.5" width="9" height="9"/>',
    '<path d="M6 0l6 6-6 6-6-6z"/>',
    '<path d="M6 0.5l6 11H0z"/>',
    '<path d="M0 0.5h12l-6 11z"/>',
    '<path d="M4 0h4v4h4v4H8v4H4V8H0V4h4z"/>'
  ];
  var DASHES = ["", "7 4", "2 4", "10 3 2 3", "1 3", "12 5"];
  var mark = (i) => `<svg viewBox="0 0 12 12" aria-hidden="true">${MARKS[i % MARKS.length]}</svg>`;

  // gi_core/web/lib/page.js
  function fill(element, html, table3 = words) {
    const root = document.createElement("div");
    root.className = "gi";
    root.innerHTML = html;
    const each = (name, put4) => root.querySelectorAll(`[data-${name}]`).forEach((node) => {
      const held3 = (
        /** @type {HTMLElement} */
        node
      );
      put4(held3, held3.dataset[name] ?? "");
    });
    each("t", (node, key2) => {
      node.innerHTML = table3[key2] ?? key2;
    });
    each("label", (node, key2) => {
      node.setAttribute("aria-label", table3[key2] ?? key2);
    });
    each("icon", (node, name) => {
      node.insertAdjacentHTML("afterbegin", icon(
        /** @type {import("./icons.js").IconName} */
        name
      ));
    });
    element.replaceChildren(root);
    return root;
  }
  var finder = (root) => (name) => {
    const found2 = root.querySelector(`[data-r="${name}"]`);
    if (!found2) throw new Error(`the page has no part "${name}"`);
    return found2;
  };
  var timer = 0;
  function toast(text) {
    let box2 = document.querySelector(".gi .toast");
    if (!box2) {
      box2 = document.createElement("div");
      box2.className = "toast";
      box2.setAttribute("role", "status");
      document.querySelector(".gi")?.append(box2);
    }
    const shown2 = box2;
    shown2.textContent = text;
    shown2.classList.add("on");
    clearTimeout(timer);
    timer = window.setTimeout(() => shown2.classList.remove("on"), 2200);
  }
  async function copy(text, said) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    toast(said);
  }
  function hand(name, blob) {
    const link3 = document.createElement("a");
    link3.href = URL.createObjectURL(blob);
    link3.download = name;
    link3.click();
    setTimeout(() => URL.revokeObjectURL(link3.href), 5e3);
  }
  var save = (name, base64, type) => hand(name, new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type }));
  var saveText = (name, text, type) => hand(name, new Blob([text], { type: type + ";charset=utf-8" }));
  var squares = (level) => `<span class="squares" role="img" aria-label="${say(words.level_alt, { level })}">` + [1, 2, 3].map((i) => `<i class="${i <= level ? "on" : ""}"></i>`).join("") + "</span>";

  // gi_core/web/lib/format.js
  var formats = /* @__PURE__ */ new Map();
  function format(digits) {
    const key2 = locale + digits;
    const known2 = formats.get(key2);
    if (known2) return known2;
    const made3 = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(key2, made3);
    return made3;
  }
  var measured = (value) => value != null && Number.isFinite(value);
  var number = (value, digits = 1) => measured(value) ? format(digits).format(value) : "–";
  var whole = (value) => measured(value) ? format(0).format(Math.round(value)) : "–";
  function signed(value, digits = 1) {
    const sign2 = Number(Math.abs(value).toFixed(digits)) === 0 ? "±" : value > 0 ? "+" : "−";
    return sign2 + number(Math.abs(value), digits);
  }
  function short(value) {
    if (value == null) return "–";
    if (!Number.isFinite(value)) return "∞";
    if (value === 0) return "0";
    if (value < 0) return "−" + short(-value);
    const point = (text) => text.replace(".", format(1).format(1.5)[1]);
    if (value >= 1e6) return point(value.toExponential(1).replace("e+", "e"));
    if (value >= 100) return whole(value);
    if (value >= 1e-4) return point(String(Number(value.toPrecision(3))));
    return point(value.toExponential(1));
  }
  function twoFigures(value) {
    if (!measured(value)) return "–";
    if (value === 0) return "0";
    const digits = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(value))));
    return new Intl.NumberFormat(locale, { maximumSignificantDigits: 2, maximumFractionDigits: Math.min(20, digits) }).format(value);
  }
  function ordinal(value, table3) {
    const kind2 = new Intl.PluralRules(locale, { type: "ordinal" }).select(value);
    return say(table3["ordinal_" + kind2] ?? table3.ordinal_other, { n: value });
  }
  function duration(seconds, table3) {
    if (seconds < 3) return `${number(Math.max(seconds, 0.1))} s`;
    if (seconds < 90) return `${whole(seconds)} s`;
    if (seconds < 5400) return say(table3.minutes, { n: whole(seconds / 60) });
    return say(table3.hours, { n: number(seconds / 3600) });
  }
  function defense(parts, table3) {
    const told3 = (part) => {
      const text = table3["does_" + part.name];
      if (!text) return part.text;
      const shown2 = Object.entries(part).map(([key2, value]) => [key2, typeof value === "number" && !text.includes(`{${key2}%}`) ? short(value) : value]);
      return say(text, Object.fromEntries(shown2));
    };
    return parts.map(told3).join(", ") || table3.no_defense;
  }
  var escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);
  var csv = (rows) => rows.map((row2) => row2.map((value) => {
    const text = typeof value === "string" && /^[=+@]|^-(?!\d)/.test(value) ? "'" + value : String(value ?? "");
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }).join(",")).join("\r\n") + "\r\n";

  // gi_core/web/lib/shrink.js
  var MEGABYTES = 20;
  var MEGAPIXELS = 40;
  var HEADS = [[137, 80, 78, 71], [255, 216], [82, 73, 70, 70], [71, 73, 70], [66, 77]];
  function refusal(bytes3) {
    const starts = (head) => head.every((byte, i) => bytes3[i] === byte);
    if (bytes3.length > MEGABYTES * 1e6) return ["too_big", { mb: number(bytes3.length / 1e6) }];
    if (!HEADS.some(starts)) return ["not_picture", {}];
    if (starts(HEADS[0]) && bytes3.length >= 24) {
      const view = new DataView(bytes3.buffer, bytes3.byteOffset), width = view.getUint32(16), height = view.getUint32(20);
      if (width * height > MEGAPIXELS * 1e6) return ["too_many_pixels", { size: `${width} × ${height}` }];
    }
    const tail = bytes3.subarray(Math.max(0, bytes3.length - 64));
    const ends = tail.some((byte, i) => byte === 255 && tail[i + 1] === 217);
    return starts(HEADS[1]) && !ends ? ["truncated", {}] : null;
  }
  async function shrink(file, side, words2) {
    const refused = (key2, values) => Error(say(words2[key2], { name: file.name, ...values }));
    if (file.size > MEGABYTES * 1e6) throw refused("too_big", { mb: number(file.size / 1e6) });
    const found2 = refusal(new Uint8Array(await file.arrayBuffer()));
    if (found2) throw refused(...found2);
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      throw refused("not_picture", {});
    }
    const cut = Math.min(bitmap.width, bitmap.height), canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.min(side, cut);
    const drawn = context(canvas);
    drawn.fillStyle = "#fff";
    drawn.fillRect(0, 0, canvas.width, canvas.height);
    drawn.imageSmoothingQuality = "high";
    const x = (bitmap.width - cut) / 2, y = (bitmap.height - cut) / 2;
    drawn.drawImage(bitmap, x, y, cut, cut, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return canvas.toDataURL("image/png");
  }

  // gi_core/web/screens/explore/drop.js
  var filesOf = (held3) => [...held3?.files ?? []].filter(
    (file) => file.type.startsWith("image/") || /\.(png|jpe?g|webp|gif|bmp)$/i.test(file.name)
  );
  function pictures({ target, file, button: button4, wanted, words: words2, taken, refused, most = 8, side = 512 }) {
    const take2 = async (files3) => {
      if (!files3.length) return;
      try {
        const kept = files3.slice(0, most);
        taken(await Promise.all(kept.map(async (one) => ({ file: one, src: await shrink(one, side, words2) }))));
      } catch (error) {
        refused(error instanceof Error ? error.message : String(error));
      }
    };
    const over = (on2) => target.classList.toggle("dropping", on2);
    window.addEventListener("dragover", (event) => {
      if (wanted()) {
        event.preventDefault();
        over(true);
      }
    });
    window.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) over(false);
    });
    window.addEventListener("drop", (event) => {
      if (!wanted()) return;
      event.preventDefault();
      over(false);
      const files3 = filesOf(event.dataTransfer);
      if (files3.length) take2(files3);
      else if (event.dataTransfer?.files.length) take2([...event.dataTransfer.files]);
    });
    window.addEventListener("paste", (event) => {
      if (wanted()) take2(filesOf(event.clipboardData));
    });
    button4.onclick = () => file.click();
    file.onchange = () => {
      take2([...file.files ?? []]);
      file.value = "";
    };
  }
  function cropped(image2, { x, y, size: size2 }, side) {
    const canvas = document.createElement("canvas"), middle = document.createElement("canvas");
    middle.width = middle.height = Math.max(side, 4 * side);
    const wide = context(middle);
    wide.imageSmoothingQuality = "high";
    wide.drawImage(image2, x, y, size2, size2, 0, 0, middle.width, middle.width);
    canvas.width = canvas.height = side;
    const small = context(canvas);
    small.imageSmoothingQuality = "high";
    small.drawImage(middle, 0, 0, side, side);
    return canvas.toDataURL("image/png");
  }
  function inside({ x, y, size: size2 }, whole2) {
    const kept = Math.min(whole2, Math.max(whole2 / 8, size2));
    const clamp2 = (v) => Math.min(whole2 - kept, Math.max(0, v));
    return { x: clamp2(x), y: clamp2(y), size: kept };
  }

  // gi_core/web/screens/explore/film.js
  var calm2 = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  var LASTS = 2300;
  var eased = (share) => 1 - (1 - Math.min(1, Math.max(0, share))) ** 2;
  function player(show3, changed) {
    let playing = 0;
    const stop2 = () => {
      if (!playing) return;
      cancelAnimationFrame(playing);
      playing = 0;
      changed(false);
    };
    return {
      stop: stop2,
      get playing() {
        return playing !== 0;
      },
      /** @param {number} frames @param {() => void} [ended] */
      play(frames, ended = () => {
      }) {
        stop2();
        if (frames < 2 || calm2()) {
          show3(frames - 1);
          return ended();
        }
        const began = performance.now();
        let last = -1;
        const beat = (now) => {
          const share = (now - began) / LASTS, frame2 = Math.min(frames - 1, Math.floor(eased(share) * frames));
          if (frame2 !== last) show3(last = frame2);
          if (share < 1) {
            playing = requestAnimationFrame(beat);
            return;
          }
          playing = 0;
          changed(false);
          ended();
        };
        playing = requestAnimationFrame(beat);
        changed(true);
        show3(0);
      }
    };
  }

  // gi_core/web/screens/cheat/cheat.html
  var cheat_default = '<div class="sheet cheat" data-r="cheat">\n  <div class="story"><h1 data-r="headline" data-testid="cheat-headline"></h1>\n    <button type="button" class="btn s" data-r="back" data-icon="left"><span data-t="cheat.back"></span></button></div>\n  <section class="stage panel" data-r="stage" data-label="cheat.stage">\n    <div class="wash" aria-hidden="true"></div>\n    <div class="lane-h l1"><h2 class="private" data-icon="lock"><span data-r="own-title"></span></h2><span class="small" data-t="cheat.stay"></span></div>\n    <div class="lane-h mid"><h2 data-r="comes"><span data-t="cheat.comes"></span></h2></div>\n    <div class="lane-h l3"><h2 class="attacker" data-icon="eye"><span data-t="cheat.reads"></span></h2></div>\n    <div class="pic prv" data-r="own">\n      <canvas data-r="photos" data-testid="cheat-photos"></canvas>\n      <button type="button" class="drop" data-r="drop" data-testid="cheat-drop" data-icon="plus"><span data-t="cheat.drop"></span></button>\n      <input type="file" class="sr" data-r="file" accept="image/png,image/jpeg,image/webp,image/gif,image/bmp" multiple tabindex="-1" data-label="cheat.drop">\n    </div>\n    <div class="middle">\n      <ol class="model" data-r="model"></ol>\n      <p class="small" data-r="says"></p>\n      <h2 class="leaving" data-icon="leave"><span data-t="cheat.leaves"></span></h2>\n      <div class="bandbox" data-r="bandbox"><canvas data-r="band" role="img" data-label="cheat.band_alt"></canvas></div>\n      <div class="pair"><canvas class="a" data-r="one"></canvas><canvas class="b" data-r="other"></canvas></div>\n      <p class="small" data-r="pair-says" data-testid="cheat-photo"></p>\n      <input type="range" data-r="which" data-testid="cheat-which" min="1" step="1" value="1" data-label="cheat.which">\n    </div>\n    <div class="pic atk">\n      <canvas data-r="readings" data-testid="cheat-readings"></canvas>\n      <div class="veil" data-r="veil" hidden><b data-r="veil-title"></b><p data-r="veil-note"></p>\n        <button type="button" class="btn main" data-r="run" data-testid="cheat-run" data-icon="play"><span data-r="run-text"></span></button>\n        <button type="button" class="btn" data-r="stop" data-icon="stop" hidden><span data-t="cheat.stop"></span></button></div>\n    </div>\n    <div class="cap left small"><span data-r="size"></span><button type="button" class="link" data-r="given" hidden><span data-t="cheat.given"></span></button></div>\n    <div class="cap right small" data-r="tally" role="status" data-testid="cheat-tally"></div>\n    <div class="controls">\n      <div class="field"><span class="tag" data-t="cheat.server"></span><div class="seg" role="radiogroup" data-r="server" data-testid="cheat-server" data-label="cheat.server"></div></div>\n      <div class="field"><span class="tag" data-t="cheat.batch"></span><div class="seg" role="radiogroup" data-r="batch" data-testid="cheat-batch" data-label="cheat.batch"></div></div>\n      <div class="field"><span class="tag" data-t="cheat.clients"></span><div class="seg" role="radiogroup" data-r="clients" data-testid="cheat-clients" data-label="cheat.clients"></div></div>\n      <label class="field noise"><span class="tag"><span data-t="cheat.noise"></span> <b data-r="noise-read"></b></span><input type="range" data-r="noise" data-testid="cheat-noise" min="0" step="1" value="0"></label>\n      <label class="field net"><span class="tag" data-t="cheat.network"></span><select data-r="network" data-testid="cheat-network"></select></label>\n      <p class="small theory" data-r="theory"></p>\n    </div>\n    <div class="check" data-r="check">\n      <div class="level"><h2 data-r="level" role="status" data-testid="cheat-level"></h2>\n        <button type="button" class="btn main" data-r="inspect" data-testid="cheat-inspect"><span data-t="cheat.inspect"></span></button>\n        <p class="small" data-t="cheat.inspect_note"></p></div>\n      <ul class="findings" data-r="findings" data-testid="cheat-findings"></ul>\n      <div class="advice" data-r="advice"></div>\n    </div>\n  </section>\n</div>\n';

  // gi_core/web/screens/cheat/model.js
  var TOLD = ["architecture", "repeated rows", "bias order", "rows of one picture", "effective rank"];
  var SHOWN = 3;
  var keyOf = ({ server, network, batch, clients, noise: noise2 }) => [server, network, batch, clients, Number(noise2)].join(" ");
  var recordedFor = (rounds, choice) => rounds.find((round) => keyOf(round.choice) === keyOf(choice))?.reading ?? null;
  function secondsOf(rounds, choice) {
    const like = rounds.filter((round) => round.choice.network === choice.network && round.choice.server === choice.server);
    if (!like.length) return null;
    const each = like.map(({ choice: c, seconds }) => seconds / (c.batch * c.clients)).sort((a, b) => a - b);
    return Math.max(1, each[Math.floor(each.length / 2)] * choice.batch * choice.clients);
  }
  function headline(choice, reading, own) {
    const count = choice.batch;
    if (!reading) return [own ? "cheat.headline_own" : "cheat.headline_unrun", { count }];
    if (choice.server === "honest") return ["cheat.headline_honest", { count }];
    return [reading.read ? "cheat.headline" : "cheat.headline_none", { read: reading.read, count }];
  }
  function tally(choice, reading) {
    if (choice.server === "honest") return ["cheat.tally_honest"];
    const blended = reading.tiles.filter((tile) => tile.state === "blend").length;
    const drowned = reading.tiles.length - reading.read - blended;
    return [
      ...reading.exact === reading.read ? ["cheat.tally_exact"] : ["cheat.tally_read"],
      ...blended ? ["cheat.tally_blend"] : [],
      ...drowned ? ["cheat.tally_lost"] : []
    ];
  }
  function counts(reading) {
    const blended = reading.tiles.filter((tile) => tile.state === "blend").length;
    return { read: reading.read, blended, lost: reading.tiles.length - reading.read - blended };
  }
  function caption(tile, number2, choice) {
    const values = { number: number2, psnr: tile?.psnr, step: tile?.step, crowd: tile?.crowd };
    if (!tile || choice.server === "honest") return ["cheat.photo", values];
    if (tile.state !== "read") return [`cheat.photo_${tile.state}`, values];
    return [tile.step === 0 ? "cheat.photo_same" : "cheat.photo_read", values];
  }
  function told({ findings }) {
    const place2 = (f) => (TOLD.indexOf(f.check) + TOLD.length + 1) % (TOLD.length + 1);
    const known2 = new Map([...findings].reverse().map((finding) => [finding.check, finding]));
    const order = [...known2.values()].sort((a, b) => Number(a.level === "amber") - Number(b.level === "amber") || place2(a) - place2(b));
    return { shown: order.slice(0, SHOWN), more: Math.max(0, order.length - SHOWN) };
  }
  var offered = (batches, have) => [.../* @__PURE__ */ new Set([...batches.filter((batch) => batch <= have), have])].slice(-4);
  var columnsOf = (count) => Math.ceil(Math.sqrt(count));
  function photoAt(x, y, count) {
    const columns = columnsOf(count), found2 = Math.floor(y * columns) * columns + Math.floor(x * columns);
    return x >= 0 && x < 1 && y >= 0 && found2 < count ? found2 : null;
  }

  // gi_core/web/screens/cheat/grid.js
  var SIZE = 896;
  var HATCH = 14;
  async function cutSheet({ src, side, columns }, count) {
    const bitmap = await image(src);
    return Array.from({ length: count }, (_, i) => ({ image: bitmap, x: i % columns * side, y: Math.floor(i / columns) * side, side }));
  }
  function put(drawn, place2, x, y, size2) {
    drawn.imageSmoothingQuality = "high";
    drawn.drawImage(place2.image, place2.x, place2.y, place2.side, place2.side, x, y, size2, size2);
  }
  function hatch(drawn, x, y, size2) {
    drawn.save();
    drawn.beginPath();
    drawn.rect(x, y, size2, size2);
    drawn.clip();
    drawn.strokeStyle = token("panel");
    drawn.globalAlpha = 0.75;
    drawn.lineWidth = 3;
    drawn.beginPath();
    for (let at2 = -size2; at2 < size2; at2 += HATCH) {
      drawn.moveTo(x + at2, y + size2);
      drawn.lineTo(x + at2 + size2, y);
    }
    drawn.stroke();
    drawn.restore();
  }
  function ring(drawn, x, y, size2) {
    for (
      const [colour, width] of
      /** @type {[string, number][]} */
      [["ink", 14], ["panel", 6]]
    ) {
      drawn.strokeStyle = token(colour);
      drawn.lineWidth = width;
      drawn.strokeRect(x + 4, y + 4, size2 - 8, size2 - 8);
    }
  }
  function box(i, count) {
    const columns = columnsOf(count), size2 = SIZE / columns;
    return { x: i % columns * size2, y: Math.floor(i / columns) * size2, size: size2 };
  }
  function empty(canvas) {
    if (canvas.width !== SIZE) canvas.width = canvas.height = SIZE;
    const drawn = context(canvas);
    drawn.clearRect(0, 0, SIZE, SIZE);
    return drawn;
  }
  function drawPhotos(canvas, photos, chosen2) {
    const drawn = empty(canvas), at2 = box(chosen2, photos.length);
    photos.forEach((photo, i) => {
      const { x, y, size: size2 } = box(i, photos.length);
      put(drawn, photo, x, y, size2);
    });
    if (photos.length) ring(drawn, at2.x, at2.y, at2.size);
  }
  function drawReadings(canvas, photos, readings, tiles2, lit, chosen2) {
    const drawn = empty(canvas), at2 = box(chosen2, tiles2.length);
    tiles2.forEach((tile, i) => {
      const { x, y, size: size2 } = box(i, tiles2.length), place2 = placeOf(tile, photos[i], readings);
      if (i >= lit || !place2) {
        drawn.fillStyle = token("sunk");
        drawn.fillRect(x, y, size2, size2);
        if (i < lit) frame(drawn, x, y, size2);
        if (i < lit && tile.state === "blend") hatch(drawn, x, y, size2);
        return;
      }
      put(drawn, place2, x, y, size2);
      if (tile.state === "blend") hatch(drawn, x, y, size2);
    });
    if (tiles2.length) ring(drawn, at2.x, at2.y, at2.size);
  }
  function frame(drawn, x, y, size2) {
    drawn.strokeStyle = token("line");
    drawn.lineWidth = 3;
    drawn.strokeRect(x + 1.5, y + 1.5, size2 - 3, size2 - 3);
  }
  function placeOf(tile, photo, readings) {
    if (tile.at !== void 0) return readings[tile.at] ?? null;
    return tile.state === "read" ? photo : null;
  }
  function drawOne(canvas, place2) {
    if (canvas.width !== 224) canvas.width = canvas.height = 224;
    const drawn = context(canvas);
    drawn.fillStyle = token("sunk");
    drawn.fillRect(0, 0, 224, 224);
    if (place2) put(drawn, place2, 0, 0, 224);
  }

  // gi_core/web/screens/cheat/inspection.js
  var RECORDED = "lenet";
  var inspectionKey = ({ choice, own }) => `${choice.server} ${choice.network} ${own ? `${own.length} ${own[0].length}` : ""}`;
  var inspectionOf = (state) => state.inspections.get(inspectionKey(state)) ?? (state.own || state.choice.network !== RECORDED ? null : state.recorded.inspections[state.choice.server] ?? null);

  // gi_core/web/screens/cheat/seg.js
  function segments(group2, values, name, choose) {
    const buttons2 = values.map((value) => {
      const button4 = document.createElement("button");
      button4.type = "button";
      button4.setAttribute("role", "radio");
      button4.setAttribute("aria-checked", "false");
      button4.dataset.value = String(value);
      button4.textContent = name(value);
      button4.onclick = () => choose(value);
      return button4;
    });
    group2.replaceChildren(...buttons2);
    group2.onkeydown = (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      const at2 = buttons2.findIndex((button4) => button4.getAttribute("aria-checked") === "true");
      const next = (at2 + by + values.length) % values.length;
      choose(values[next]);
      buttons2[next].focus();
    };
  }
  function hold(group2, value) {
    const buttons2 = (
      /** @type {HTMLElement[]} */
      [...group2.children]
    );
    for (const button4 of buttons2) {
      const on2 = button4.dataset.value === String(value);
      button4.setAttribute("aria-checked", String(on2));
      button4.tabIndex = on2 ? 0 : -1;
    }
  }

  // gi_core/web/lib/verdict.js
  var standing = (verdict) => verdict.reason?.code === "too-short" ? "short" : verdict.level;

  // gi_core/web/screens/explore/model.js
  var MIXED = [1, 2, 4, 8];
  var NONE = 0;
  var DEFENSES2 = {
    noise: {
      stops: [0, 1e-4, 3e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.3, 1],
      text: (s) => `clip+gaussian:sigma=${s}`
    },
    clip: { stops: [0, 10, 3, 1, 0.3, 0.1, 0.01, 1e-3], text: (s) => `clip:norm=${s}` },
    topk: { stops: [0, 0.5, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3], text: (s) => `topk:keep=${s}` },
    quantize: { stops: [0, 8, 7, 6, 5, 4, 3, 2], text: (s) => `quantize:bits=${s}` }
  };
  var defenseText = (defense2, strength3) => strength3 === NONE ? "none" : DEFENSES2[defense2].text(strength3);
  function wireOf(text, sets = [], usual = {}) {
    if (text === "none") return { defense: "noise", strength: 0 };
    const found2 = /^(clip(?::norm=1(?:\.0)?)?\+gaussian|clip|topk|quantize)(?::(?:sigma|norm|keep|bits)=([\d.e-]+))?$/.exec(text);
    if (!found2) return null;
    const defense2 = found2[1].includes("gaussian") ? "noise" : found2[1], strength3 = Number(found2[2] ?? usual[defense2]);
    const recorded = sets.some((set) => set.defense === defense2 && set.strengths.includes(strength3));
    return recorded || DEFENSES2[defense2].stops.includes(strength3) ? { defense: defense2, strength: strength3 } : null;
  }
  var noisePlace = (z) => z <= 0 ? 0 : 14 + 86 * (Math.log10(z) + 4) / 4;
  function place(defense2, stops, strength3) {
    if (defense2 === "noise") return Math.min(100, Math.max(0, noisePlace(strength3)));
    return 100 * Math.max(0, stops.indexOf(strength3)) / Math.max(1, stops.length - 1);
  }
  var nearest = (defense2, stops, percent2) => stops.reduce(
    (best2, stop2) => Math.abs(place(defense2, stops, stop2) - percent2) < Math.abs(place(defense2, stops, best2) - percent2) ? stop2 : best2,
    stops[0]
  );
  var closest = (defense2, stops, strength3) => stops.includes(strength3) ? strength3 : defense2 === "noise" ? nearest(defense2, stops, noisePlace(strength3)) : stops.reduce((best2, stop2) => Math.abs(stop2 - strength3) < Math.abs(best2 - strength3) ? stop2 : best2, stops[0]);
  function magnetic(defense2, stops, percent2) {
    const at2 = place(defense2, stops, nearest(defense2, stops, percent2));
    return Math.abs(at2 - percent2) < 2 ? at2 : percent2;
  }
  function labelled(defense2, stops) {
    if (defense2 === "noise") return [0, 1e-4, 1e-3, 0.01, 0.1, 1];
    const every = Math.ceil(stops.length / 6);
    return stops.filter((_, i) => i % every === 0);
  }
  var ALIKE = 1;
  function gain(film) {
    const own = film?.frames.at(-1)?.psnr ?? null, control = film?.controlScore?.psnr ?? null;
    return own === null || control === null ? null : own - control;
  }
  var proven = (mixed2) => 0.33 / mixed2;
  function setOf(sets, { network, defense: defense2, mixed: mixed2, picture: picture4, own, expert, batch }) {
    if (own || Object.keys(expert).length) return null;
    const fitting2 = sets.filter((s) => s.network === network && s.defense === defense2 && s.mixed === mixed2);
    if (batch) return fitting2.find((s) => String(s.pictures) === String(batch)) ?? null;
    return fitting2.find((s) => s.pictures[0] === picture4) ?? fitting2.find((s) => s.pictures.includes(picture4)) ?? (mixed2 > 1 ? fitting2[0] : null) ?? null;
  }
  var stopsOf = (set, defense2) => set ? set.strengths : DEFENSES2[defense2].stops;
  var cellOf = (set, strength3) => set?.cells?.find((cell) => cell.strength === strength3) ?? null;
  function settingsOf({ network, defense: defense2, strength: strength3, mixed: mixed2, own, expert }, cell, offered5) {
    if (cell && !own && !Object.keys(expert).length) return { ...offered5.defaults, ...cell.scenario };
    const bare2 = strength3 === NONE && mixed2 === 1 ? offered5.bare[network] : void 0;
    return {
      ...offered5.defaults,
      model: network,
      batch_size: mixed2,
      defense: defenseText(defense2, strength3),
      attack: bare2 ?? offered5.attacks[network] ?? offered5.attacks.any,
      ...expert
    };
  }
  function picturesOf({ picture: picture4, own, mixed: mixed2, batch }, set, samples, count = mixed2) {
    if (set && !own) return set.pictures.map((sample) => ({ sample }));
    if (batch) return batch.map((name) => name.startsWith("data:") ? { data: name } : { sample: name });
    const others = [picture4, ...samples.filter((name) => name !== picture4)];
    const given = own ? own.map((data) => ({ data })) : [];
    const all2 = [...given, ...(own ? others.slice(1) : others).map((sample) => ({ sample }))];
    return Array.from({ length: count }, (_, i) => all2[i % all2.length]);
  }
  var equal = (a, b) => Object.keys({ ...a, ...b }).every((name) => String(a[name]) === String(b[name]));
  var keyOf2 = (settings, pictures2) => JSON.stringify([settings, pictures2]);
  var hidden = (set) => set?.cells?.find((_, i, cells) => cells.slice(i).every((c) => standing(c.verdict) === 0))?.strength ?? null;
  function priceOf(set, hides) {
    const until = set?.cells?.slice(0, 1 + set.cells.findIndex((c) => c.strength === hides)) ?? [], known2 = until.findLast((c) => c.strength !== NONE && c.accuracy_cost !== null);
    return known2 ? { strength: known2.strength, share: Number(known2.accuracy_cost) } : null;
  }
  function nearestSet(sets, { defense: defense2, mixed: mixed2, picture: picture4 }, model) {
    const far = (set) => 8 * Number(set.network !== model.split(":")[0]) + 2 * Math.abs(Math.log2(set.mixed / mixed2)) + 2 * Number(set.defense !== defense2) + Number(set.pictures[0] !== picture4);
    return sets.reduce((best2, set) => best2 && far(best2) <= far(set) ? best2 : set, null);
  }
  var spread2 = (frames, count) => frames < 3 ? Array(count).fill(frames - 1) : Array.from({ length: count }, (_, i) => Math.round(i * (frames - 1) / (count - 1)));
  function range(seconds) {
    const round = (s) => s < 10 ? Math.max(1, Math.round(s)) : s < 60 ? Math.round(s / 5) * 5 : Math.round(s / 30) * 30;
    return [round(0.75 * seconds), Math.max(round(0.75 * seconds) + 1, round(1.6 * seconds))];
  }
  function layout(n) {
    const columns = n === 2 ? 2 : Math.ceil(Math.sqrt(n));
    return { columns, side: columns, top: n === 2 ? 0.5 : 0 };
  }

  // gi_core/web/screens/explore/stage.js
  var FACTOR = 4;
  var ROWS = 12;
  var COLUMNS = 64;
  function square(canvas, side) {
    if (canvas.width !== side || canvas.height !== side) {
      canvas.width = side;
      canvas.height = side;
    }
  }
  function sheet(canvas, tiles2, gap2 = 1) {
    const first = tiles2.find((tile) => tile);
    if (!first) return false;
    const { columns, side, top } = layout(tiles2.length), step2 = first.side + (tiles2.length > 1 ? gap2 : 0);
    square(canvas, side * step2 - (tiles2.length > 1 ? gap2 : 0));
    const drawn = context(canvas);
    drawn.clearRect(0, 0, canvas.width, canvas.height);
    drawn.imageSmoothingEnabled = false;
    tiles2.forEach((tile, i) => {
      if (!tile) return;
      const x = i % columns * step2, y = Math.floor((top + Math.floor(i / columns)) * step2);
      drawn.drawImage(tile.image, tile.x, tile.y, tile.side, tile.side, x, y, first.side, first.side);
    });
    return true;
  }
  function contrast(canvas, truth2, guess) {
    if (truth2.width !== guess.width || truth2.height !== guess.height) return square(canvas, 1);
    difference(canvas, truth2, guess, FACTOR);
  }
  var unpacked = /* @__PURE__ */ new Map();
  function bytes2(base64) {
    const known2 = unpacked.get(base64);
    if (known2) return known2;
    const made3 = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    if (unpacked.size > 200) unpacked.clear();
    unpacked.set(base64, made3);
    return made3;
  }
  function drawBand(canvas, band, lead2) {
    if (!canvas.clientWidth) return;
    const width = Math.round(canvas.clientWidth / 4), inside2 = Math.min(width, Math.round(lead2 / 4));
    if (canvas.width !== width || canvas.height !== ROWS) {
      canvas.width = width;
      canvas.height = ROWS;
    }
    const drawn = context(canvas), pixels2 = drawn.createImageData(width, ROWS);
    const part = (cells, from, to, low, high) => {
      const a = rgb(token(low)), z = rgb(token(high));
      for (let x = from; x < to; x++)
        for (let y = 0; y < ROWS; y++) {
          const share = cells[y * COLUMNS + Math.min(COLUMNS - 1, Math.floor((x - from) * COLUMNS / Math.max(1, to - from)))] / 255;
          pixels2.data.set([...a.map((q, i) => q + (z[i] - q) * share), 255], 4 * (y * width + x));
        }
    };
    part(bytes2(band.clean ?? band.sent), 0, inside2, "private-tint", "private");
    part(bytes2(band.sent), inside2, width, "leaving-tint", "leaving");
    drawn.putImageData(pixels2, 0, 0);
  }

  // gi_core/web/screens/cheat/view.js
  function draw(find, state) {
    const { choice, reading, own } = state;
    put2(find("headline"), t(...headline(choice, reading, Boolean(own))));
    find("own-title").textContent = t(own ? "cheat.own_title" : "cheat.title", { count: choice.batch });
    find("size").textContent = t(own ? "cheat.size_own" : "cheat.size", { side: own ? state.catalog.side : 224 });
    find("given").hidden = !own;
    find("noise-read").textContent = choice.noise ? twoFigures(choice.noise) : t("cheat.noise_none");
    find("noise").setAttribute("aria-valuetext", find("noise-read").textContent);
    const [low, high] = [find("noise").value, find("noise").max].map(Number);
    find("noise").style.setProperty("--at", `${100 * low / high}%`);
    drawModel(find, state);
    drawCheck(find, state);
    if (!state.photos.length) return;
    drawGrids(find, state);
    drawVeil(find, state);
  }
  function put2(box2, html) {
    if (box2.dataset.told === html) return;
    box2.dataset.told = html;
    box2.innerHTML = html;
  }
  function drawModel(find, { choice, reading }) {
    const network = `<li>${t(`cheat.net_${choice.network}`)}</li>`, answer = `<li>${t("cheat.answer")}</li>`;
    const size2 = reading?.layer || choice.server === "honest" ? reading?.layer ?? 0 : 38547712;
    const layer = `<li class="slipped">${t("cheat.imprint", { numbers: number(size2 / 1e6) })}</li>`;
    const asleep2 = `<li class="asleep">${t("cheat.asleep", { network: t(`cheat.net_${choice.network}`) })}</li>`;
    put2(find("model"), {
      honest: network + answer,
      stealthy: layer + network + answer,
      greedy: layer + answer + asleep2
    }[choice.server] ?? "");
    put2(find("says"), t(`cheat.says_${choice.server}`));
    const band = find("bandbox"), held3 = Boolean(reading?.wire);
    band.classList.toggle("unknown", !held3);
    if (reading) drawBand(find("band"), reading.wire, lead(find));
  }
  var lead = (find) => parseFloat(getComputedStyle(find("cheat")).getPropertyValue("--lead")) || find("band").clientWidth / 2;
  function named(canvas, says) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", says);
  }
  function drawGrids(find, state) {
    const { choice, reading, chosen: chosen2 } = state, photos = state.photos.slice(0, choice.batch);
    const tiles2 = reading?.tiles ?? [], tile = tiles2[chosen2];
    drawPhotos(find("photos"), photos, chosen2);
    drawReadings(find("readings"), photos, state.readings, tiles2, state.lit, chosen2);
    drawOne(find("one"), photos[chosen2] ?? null);
    drawOne(find("other"), tile && chosen2 < state.lit ? placeOf(tile, photos[chosen2], state.readings) : null);
    const [key2, values] = caption(tile, chosen2 + 1, choice), said = t(key2, { ...values, psnr: number(values.psnr) });
    put2(find("pair-says"), said);
    find("which").max = String(photos.length);
    find("which").value = String(chosen2 + 1);
    find("which").style.setProperty("--at", `${100 * chosen2 / Math.max(1, photos.length - 1)}%`);
    find("which").setAttribute("aria-valuetext", said.replace(/<[^>]*>/g, ""));
    named(find("photos"), t("cheat.photos_alt", { count: photos.length }));
    const read = reading?.read ?? 0;
    named(find("readings"), t("cheat.readings_alt", { read, count: photos.length }));
    named(find("one"), t("cheat.one_alt", { number: chosen2 + 1 }));
    named(find("other"), t("cheat.other_alt", { number: chosen2 + 1 }));
    const lines = reading ? tally(choice, reading).map((line) => t(line, counts(reading))) : [];
    put2(find("tally"), reading && state.lit >= tiles2.length ? lines.join("; ") : "");
    put2(find("theory"), reading?.expected == null ? "" : t(reading.others ? "cheat.theory_many" : "cheat.theory", {
      rows: reading.rows,
      expected: Math.round(100 * reading.expected),
      all: whole(tiles2.length + reading.others),
      others: reading.others,
      others_read: reading.others_read
    }));
  }
  function drawVeil(find, state) {
    const { reading, waiting, refused, own, catalog, choice } = state;
    find("veil").hidden = Boolean(reading);
    if (reading) return;
    const seconds = secondsOf(state.recorded.rounds, choice);
    put2(find("veil-title"), refused || waiting?.text || t(own ? "cheat.veil_own" : "cheat.veil"));
    put2(find("veil-note"), waiting || refused ? "" : t(catalog.served ? own ? "cheat.veil_own_note" : "cheat.veil_note" : "cheat.veil_static"));
    find("run").hidden = Boolean(waiting) || !catalog.served;
    find("stop").hidden = !waiting;
    find("run-text").textContent = t(own ? "cheat.run_own" : "cheat.run", { seconds: seconds ? whole(seconds) : "?" });
  }
  var item = (level, sign2, title, text) => `<li class="${level}">${icon(sign2)}<b>${title}</b><p class="small">${text}</p></li>`;
  function drawCheck(find, state) {
    const found2 = state.looked ? inspectionOf(state) : null;
    const level = found2?.level ?? (state.looking ? "looking" : "unseen");
    find("check").dataset.level = level;
    const sign2 = found2 ? icon(found2.level === "green" ? "check" : "warn") : "";
    put2(find("level"), sign2 + t(`cheat.level_${level}`));
    const { shown: shown2, more } = found2 ? told(found2) : { shown: [], more: 0 };
    const items = shown2.map(({ check, value, level: weight }) => {
      const key2 = `cheat.check_${check.replaceAll(" ", "_")}`, share = Math.round(100 * (value ?? 0));
      const values = { value: short(value), share, numbers: whole(value) };
      return item(weight, "cross", t(key2), t(`${key2}_text`, values));
    });
    if (found2?.level === "green") items.push(item("green", "check", t("cheat.check_none"), t("cheat.check_none_text")));
    if (!found2) items.push(`<li class="none"><p class="small">${t("cheat.check_unseen")}</p></li>`);
    put2(find("findings"), items.join(""));
    put2(find("advice"), `<b>${t(`cheat.advice_${level}`)}</b><p class="small">${t(`cheat.advice_${level}_text`)}${more ? " " + t("cheat.check_more", { more }) : ""}</p>`);
  }

  // gi_core/web/screens/cheat/cheat.js
  var LIGHTING = 900;
  var QUALITY = 0.92;
  var FIRST2 = { server: "stealthy", network: "lenet", batch: 64, clients: 1, noise: 0 };
  function mount(context2) {
    const root = fill(context2.element, cheat_default), find = finder(root);
    const room4 = scene(context2, find);
    controls(room4, find);
    files(room4, root, find);
    looking(room4, find);
    context2.watch("value", () => room4.receive(context2.props.value));
    on("theme", () => room4.redraw());
    on("tab", (name) => name === "cheat" && room4.open());
    draw(find, room4.state);
    if (document.body.dataset.tab === "cheat") room4.open();
  }
  var keyFor = (state) => `${state.own ? "own " : ""}${keyOf(state.choice)}`;
  function scene({ props, trigger, server }, find) {
    const state = {
      choice: { ...FIRST2 },
      photos: [],
      own: null,
      readings: [],
      reading: null,
      lit: 0,
      chosen: 11,
      recorded: { rounds: [], inspections: {} },
      live: /* @__PURE__ */ new Map(),
      inspections: /* @__PURE__ */ new Map(),
      waiting: null,
      refused: "",
      looked: false,
      looking: false,
      catalog: props.catalog
    };
    let opened = false, drawing = 0;
    const redraw = () => {
      cancelAnimationFrame(drawing);
      drawing = requestAnimationFrame(() => draw(find, state));
    };
    const refresh = async () => {
      const known2 = state.own ? null : recordedFor(state.recorded.rounds, state.choice);
      const found2 = state.live.get(keyFor(state)) ?? known2;
      const changed = found2 !== state.reading;
      if (changed) {
        state.readings = found2?.sheet ? await cutSheet(found2.sheet, found2.tiles.length) : [];
        state.reading = found2;
      }
      state.chosen = Math.min(state.chosen, state.choice.batch - 1);
      options(state, find, room4);
      if (changed) light(state, redraw);
      redraw();
    };
    const room4 = {
      state,
      redraw,
      refresh,
      async open() {
        if (opened) return redraw();
        opened = true;
        const told3 = await server.cheat_recorded({});
        state.recorded = { rounds: told3.runs, inspections: told3.inspections };
        if (told3.photos) state.photos = await cutSheet(told3.photos, told3.photos.count);
        room4.given = state.photos;
        await refresh();
      },
      /** @type {Place[]} */
      given: [],
      /** @param {Partial<Choice>} changes */
      choose(changes2) {
        Object.assign(state.choice, changes2);
        state.refused = "";
        return refresh();
      },
      run: () => ask(state, trigger, redraw),
      stop() {
        if (state.waiting) server.cheat_stop({ id: state.waiting.id });
      },
      /** @param {any} message */
      receive(message) {
        hear(state, message);
        return refresh();
      },
      async inspect() {
        state.looked = true;
        await inspection(state, server, redraw);
      }
    };
    return room4;
  }
  function light(state, redraw) {
    const { reading } = state, count = reading?.tiles.length ?? 0, began = performance.now();
    const step2 = (now) => {
      if (state.reading !== reading) return;
      state.lit = calm2() ? count : Math.min(count, Math.ceil(count * (now - began) / LIGHTING));
      redraw();
      if (state.lit < count) requestAnimationFrame(step2);
    };
    state.lit = 0;
    requestAnimationFrame(step2);
  }
  function ask(state, trigger, redraw) {
    const id = `${Date.now()}-${Math.round(1e9 * Math.random())}`;
    state.waiting = { id, key: keyFor(state), text: t("cheat.working") };
    state.refused = "";
    const own = state.own?.slice(0, state.choice.batch) ?? null;
    trigger("run", { id, choice: state.choice, pictures: own?.map((data) => ({ data })) ?? null });
    redraw();
  }
  function hear(state, message) {
    const run = message?.run;
    if (!run || !state.waiting || message.request !== state.waiting.id) return;
    if (run.state === "queued") state.waiting.text = t("cheat.queued", { place: run.place, wait: run.wait });
    else if (run.state === "working") state.waiting.text = t("cheat.working");
    else {
      if (run.state === "done") state.live.set(state.waiting.key, run.reading);
      else state.refused = run.message ?? "";
      state.waiting = null;
    }
  }
  async function inspection(state, server, redraw) {
    redraw();
    if (inspectionOf(state) || !state.catalog.served) return;
    const key2 = inspectionKey(state);
    state.looking = true;
    const told3 = await server.cheat_inspect({
      choice: state.choice,
      pictures: state.own?.slice(0, 8).map((data) => ({ data })) ?? null
    });
    state.looking = false;
    if (told3.error) toast(told3.error);
    else state.inspections.set(key2, told3.inspection);
    redraw();
  }
  function controls(room4, find) {
    const { catalog } = room4.state;
    const named5 = (kind2) => (value) => t(`cheat.${kind2}_${value}`);
    segments(find("server"), catalog.servers, named5("server"), (value) => {
      room4.choose({ server: value }).then(() => {
        if (room4.state.looked) room4.inspect();
      });
    });
    segments(find("clients"), catalog.clients, String, (clients) => room4.choose({ clients }));
    find("noise").max = String(catalog.noises.length - 1);
    find("noise").oninput = () => room4.choose({ noise: catalog.noises[Number(find("noise").value)] });
    for (const name of catalog.networks) find("network").append(new Option(t(`cheat.net_${name}`), name));
    find("network").onchange = () => room4.choose({ network: find("network").value });
    find("back").onclick = () => emit("show", "explore");
    find("run").onclick = () => room4.run();
    find("stop").onclick = () => room4.stop();
    find("inspect").onclick = () => room4.inspect();
  }
  function options(state, find, room4) {
    const batches = offered(state.catalog.batches, state.own?.length ?? 64), group2 = find("batch");
    if (group2.dataset.offered !== batches.join(" ")) {
      segments(group2, batches, String, (batch) => room4.choose({ batch }));
      group2.dataset.offered = batches.join(" ");
    }
    for (
      const name of
      /** @type {const} */
      ["server", "batch", "clients"]
    ) hold(find(name), state.choice[name]);
    find("noise").value = String(state.catalog.noises.indexOf(state.choice.noise));
    find("network").value = state.choice.network;
    drawCheck(find, state);
  }
  function files(room4, root, find) {
    const { state } = room4, { side } = state.catalog, most = Math.min(64, state.catalog.most);
    pictures({
      target: root,
      file: find("file"),
      button: find("drop"),
      words,
      most,
      side,
      wanted: () => document.body.dataset.tab === "cheat",
      taken: async (given) => {
        const taken = await Promise.all(given.map((one) => photograph(one.src, side)));
        state.own = taken.map((one) => one.data);
        state.photos = taken.map((one) => one.place);
        for (const key2 of state.live.keys()) if (key2.startsWith("own ")) state.live.delete(key2);
        room4.choose({ batch: taken.length });
      },
      refused: (message) => toast(message)
    });
    find("given").onclick = () => {
      state.own = null;
      state.photos = room4.given;
      room4.choose({ batch: FIRST2.batch });
    };
  }
  async function photograph(src, side) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    context(canvas).drawImage(await image(src), 0, 0, side, side);
    const data = canvas.toDataURL("image/jpeg", QUALITY);
    return { data, place: { image: await image(data), x: 0, y: 0, side } };
  }
  function looking(room4, find) {
    const look = (found2) => {
      if (found2 === null) return;
      room4.state.chosen = found2;
      room4.redraw();
    };
    for (const name of ["photos", "readings"])
      find(name).addEventListener("click", (event) => {
        const place2 = find(name).getBoundingClientRect();
        const x = (event.clientX - place2.left) / place2.width, y = (event.clientY - place2.top) / place2.height;
        look(photoAt(x, y, room4.state.choice.batch));
      });
    find("which").oninput = () => look(Number(find("which").value) - 1);
  }

  // gi_core/web/screens/compare/compare.js
  var compare_exports = {};
  __export(compare_exports, {
    mount: () => mount2
  });

  // gi_core/web/lib/pictures.js
  var LINE_UP = "line-up.webp";
  var offered2 = { side: 32, samples: [], atlas: { base: "atlas/" }, inverters: { parts: {} } };
  var loaded2 = /* @__PURE__ */ new Map();
  function trained(file) {
    const { open, base } = offered2.inverters;
    const made3 = loaded2.get(file) ?? (open ? open(file) : fetch(base + file).then((answer) => {
      if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
      return answer.arrayBuffer();
    }));
    loaded2.set(file, made3);
    made3.catch(() => loaded2.delete(file));
    return made3;
  }
  var take = (catalog) => {
    offered2 = catalog;
  };
  var atHand = (told3) => ({
    told: told3,
    side: Number(offered2.side),
    inverters: offered2.inverters.parts,
    fields: { defaults: offered2.defaults, floats: offered2.floats },
    trained,
    /** @param {{ sample: string } | { data: string }} one */
    image: (one) => picture("data" in one ? one.data : offered2.samples.find((s) => s.name === one.sample)?.src),
    lineUp: async () => picture((await offered2.atlas.open?.("line-up"))?.[LINE_UP] ?? offered2.atlas.base + LINE_UP)
  });

  // gi_core/web/screens/compare/compare.html
  var compare_default = '<div class="sheet compare" data-testid="compare">\n  <div class="story"><h1 data-t="compare.story"></h1>\n    <select data-r="examples" class="s" data-label="compare.examples"></select></div>\n  <section class="panel" data-label="compare.lanes">\n    <div class="side-by-side" data-r="lanes">\n      <div class="lane first">\n        <h2 class="private" data-icon="lock"><span data-t="compare.private"></span></h2>\n        <div class="pic prv"><canvas data-r="truth" role="img" data-label="compare.private"></canvas></div>\n        <p class="small" data-r="same"></p>\n        <details class="change"><summary data-t="compare.change"></summary>\n          <label><span data-t="compare.picture"></span><select data-r="picture"></select></label>\n          <label><span data-t="compare.network"></span><select data-r="network"></select></label>\n          <label><span data-t="compare.attack"></span><select data-r="attack"></select></label>\n          <button type="button" class="btn s" data-r="anew" data-t="compare.anew"></button></details>\n      </div>\n      <div class="lane slot" data-r="slot">\n        <h2 data-icon="plus"><span data-t="compare.next"></span></h2>\n        <div class="offers">\n          <button type="button" class="offer" data-r="offer" data-testid="add-lane" data-icon="plus"><span></span></button>\n          <select class="offer" data-add="defense" data-label="compare.add_defense"></select>\n          <select class="offer" data-add="batch_size" data-label="compare.add_batch_size"></select>\n          <select class="offer" data-add="attack" data-label="compare.add_attack"></select>\n          <select class="offer" data-add="model" data-label="compare.add_model"></select>\n          <button type="button" class="offer from" data-r="from" data-icon="plus"><span data-t="compare.from_explore"></span></button>\n        </div>\n        <p class="small" data-r="takes"></p>\n        <select class="s" data-r="vary" data-label="compare.vary"></select>\n      </div>\n    </div>\n    <div class="dots" data-r="dots" aria-hidden="true"></div>\n    <div class="together">\n      <button type="button" class="play" data-r="play" data-label="compare.play"></button>\n      <div class="scrubbing">\n        <div class="row"><p data-r="step"></p><span class="legend small" data-r="legend"></span>\n          <button type="button" class="btn s" data-r="stop" hidden data-icon="stop"><span data-t="compare.stop"></span></button>\n          <button type="button" class="btn s" data-r="difference" data-testid="compare-difference"><span data-t="compare.difference"></span> <kbd>D</kbd></button></div>\n        <input type="range" data-r="scrub" min="0" max="1000" value="1000" data-label="compare.scrub">\n        <div class="plot" data-r="plot"></div>\n      </div>\n    </div>\n    <details class="fold" data-r="fold"><summary><b data-t="compare.ranking"></b><span class="small" data-r="places"></span></summary>\n      <div class="scroll" tabindex="0" role="group" data-label="compare.ranking"><table data-r="ranking"></table></div></details>\n    <div class="fold-acts"><button type="button" class="btn s" data-r="repeat"></button>\n      <button type="button" class="btn s" data-r="csv" data-icon="down"><span data-t="compare.table"></span></button></div>\n  </section>\n  <p class="sr" role="status" data-r="status"></p>\n</div>\n';

  // gi_core/web/screens/compare/jobs.js
  var OVER = ["done", "stopped", "failed", "recorded"];
  function jobs(hands) {
    const waiting = [];
    let present = null;
    const next = () => {
      present = waiting.shift() ?? null;
      if (present) hands.start(present);
      hands.changed();
    };
    const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(36)).join("");
    return {
      /** @param {import("./lanes.js").Lane} lane @param {Record<string, any>} settings @param {boolean} repeat */
      add(lane, settings, repeat2) {
        waiting.push({ id: newId(), lane, settings, repeat: repeat2 });
        if (present) hands.changed();
        else next();
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
        const kept = waiting.filter((job) => lane && job.lane !== lane);
        waiting.splice(0, waiting.length, ...kept);
        if (present && (!lane || present.lane === lane)) hands.stop(present);
        hands.changed();
      },
      get busy() {
        return present !== null;
      },
      get left() {
        return waiting.length + (present ? 1 : 0);
      }
    };
  }

  // gi_core/web/lib/chart.js
  function stepScale(total) {
    const top = Math.log1p(Math.max(total, 1) / 10);
    return { at: (step2) => Math.log1p(Math.max(step2, 0) / 10) / top, step: (x) => 10 * Math.expm1(x * top) };
  }
  var linear2 = ([low, high], [from, to]) => (value) => from + (value - low) / (high - low || 1) * (to - from);
  var logarithmic = ([low, high], range2) => {
    const line = linear2([Math.log(low), Math.log(high)], range2);
    return (value) => line(Math.log(value));
  };
  function span(values, step2 = 5) {
    const known2 = values.filter(Number.isFinite);
    if (!known2.length) return [0, step2];
    const low = Math.floor(Math.min(...known2) / step2) * step2;
    return [low, Math.max(low + step2, Math.ceil(Math.max(...known2) / step2) * step2)];
  }
  function ticks([low, high], count) {
    const rough = (high - low) / Math.max(1, count), size2 = 10 ** Math.floor(Math.log10(rough));
    const step2 = size2 * ([1, 2, 5, 10].find((part) => part * size2 >= rough * (1 - 1e-9)) ?? 10);
    const first = Math.ceil(low / step2 - 1e-9);
    const found2 = Math.floor(high / step2 + 1e-9) - first + 1;
    return Array.from({ length: found2 }, (_, i) => Number(((first + i) * step2).toPrecision(12)));
  }
  function path(points) {
    const known2 = points.filter((point) => point.every(Number.isFinite));
    return known2.length ? "M" + known2.map((point) => point.map((v) => v.toFixed(1)).join(",")).join(" L") : "";
  }

  // gi_core/web/screens/compare/lanes.js
  var MOST3 = 6;
  var FIELDS = [
    "model",
    "weights",
    "mode",
    "batch_size",
    "local_steps",
    "clients",
    "defense",
    "attack",
    "knowledge",
    "server",
    "seed"
  ];
  var keyOf3 = (settings, pictures2) => JSON.stringify([Object.entries(settings).sort(), pictures2]);
  var varying = (lanes) => FIELDS.filter((field) => new Set(lanes.map((lane) => String(lane[field]))).size > 1);
  var bare = (text) => String(text).split("+").map((part) => part.split(":")[0]).join(" + ");
  var partsOf = (text) => text === "none" ? [] : text.split("+").map((part) => {
    const [name, options2 = ""] = part.split(/:(.*)/s), known2 = name === "gaussian" ? { sigma: 0.01 } : {};
    const given = options2.split(",").filter(Boolean).map((option) => {
      const [key2, value] = option.split(/=(.*)/s);
      return [key2, Number.isFinite(Number(value)) ? Number(value) : value];
    });
    return { name, text: part, ...known2, ...Object.fromEntries(given) };
  });
  function defenseName(text) {
    const parts = partsOf(text), noise2 = parts.find((part) => part.name === "gaussian");
    if (noise2 && parts.every((part) => ["clip", "gaussian"].includes(part.name)))
      return t("compare.noise", { z: short(noise2.sigma) });
    if (!parts.length) return t("compare.no_noise");
    if (!parts.every((part) => words["does_" + part.name])) return text;
    const told3 = defense(parts, words);
    return told3.charAt(0).toUpperCase() + told3.slice(1);
  }
  function valueName(field, value) {
    if (field === "defense") return defenseName(String(value));
    if (field === "attack") return words["compare.attack_" + bare(value)] ?? bare(value);
    if (field === "model") return words["compare.model_" + value] ?? String(value);
    if (field === "batch_size") return t(Number(value) === 1 ? "compare.one_picture" : "compare.pictures", { n: value });
    if (["local_steps", "clients"].includes(field) && Number(value) === 1) return t("compare.one_" + field);
    return words["compare.value_" + field] ? t("compare.value_" + field, { n: value }) : `${field} ${value}`;
  }
  function labels(lanes) {
    const fields = varying(lanes);
    const told3 = fields.length ? fields : ["attack"];
    return lanes.map((lane) => told3.map((field) => valueName(field, lane[field])).join(", "));
  }
  function proposal(lanes, axes) {
    const base = lanes[0] ?? {}, fields = [...varying(lanes), "defense"].filter((field) => axes[field]);
    for (const field of fields) {
      const free = axes[field].find((value) => !lanes.some((lane) => String(lane[field] ?? base[field]) === String(value)));
      if (free !== void 0) return [field, free];
    }
    return null;
  }
  function frameAt(run, x) {
    const scale = stepScale(run.total);
    const far = (frame2) => Math.abs(scale.at(frame2.iteration) - x);
    const frames = run.frames;
    return frames.reduce((best2, frame2) => far(frame2) < far(best2) ? frame2 : best2);
  }
  var mean = (list) => list.reduce((sum2, value) => sum2 + value, 0) / list.length;
  var spread3 = (list) => list.length < 2 ? null : Math.sqrt(list.reduce((sum2, value) => sum2 + (value - mean(list)) ** 2, 0) / (list.length - 1));
  var repeatOf = (run) => ({
    seed: run.scenario.seed,
    gain: run.verdict.gain,
    psnr: run.scores.psnr,
    ssim: run.scores.ssim,
    level: run.verdict.level,
    steps: (run.frames.at(-1)?.iteration ?? 0) + 1,
    seconds: run.seconds
  });
  function ranking(lanes) {
    const rows = lanes.map((lane, at2) => ({ lane, at: at2, gains: lane.repeats.map((repeat2) => repeat2.gain) })).filter((row2) => row2.gains.length).map((row2) => ({ ...row2, gain: mean(row2.gains), sd: spread3(row2.gains) })).sort((a, b) => b.gain - a.gain);
    const near = (a, b) => a?.sd != null && b?.sd != null && Math.abs(a.gain - b.gain) < Math.hypot(a.sd, b.sd);
    return rows.map((row2, k) => ({ ...row2, close: near(rows[k - 1], row2) || near(row2, rows[k + 1]) }));
  }
  var sideFor = (width, columns) => Math.min(288, Math.max(96, Math.floor((width / columns - 16) / 32) * 32));

  // gi_core/web/screens/compare/plot.js
  var HEIGHT = 160;
  var LEFT = 44;
  var LINE = 20;
  function apart2(texts, top, bottom) {
    const sorted = [...texts].sort((a, b) => a.y - b.y);
    let floor = top - LINE, ceiling = bottom + LINE;
    for (const text of sorted) floor = text.y = Math.max(text.y, floor + LINE);
    for (const text of sorted.reverse()) ceiling = text.y = Math.min(text.y, ceiling - LINE);
  }
  function plot(lanes, x, width) {
    const [low, high] = span(lanes.flatMap((lane) => lane.run.history.psnr), 5);
    const px = linear2([0, 1], [LEFT, width - 24]), py = linear2([low, high], [HEIGHT - 4, 16]);
    const total = Math.max(...lanes.map((lane) => lane.run.total)), scale = stepScale(total);
    const marks = lanes.map(({ run, label: label2, at: at2 }) => {
      const own = stepScale(run.total), { iteration, psnr } = run.history, now = frameAt(run, x);
      const line = path(iteration.map((step2, i) => [px(own.at(step2)), py(psnr[i] ?? NaN)]));
      return { at: at2, line, y: py(now.psnr), px: px(own.at(now.iteration)), text: `${label2}: ${number(now.psnr)}` };
    });
    const texts = marks.filter((mark3) => Number.isFinite(mark3.y)).map((mark3) => ({ y: mark3.y - 7, text: mark3.text }));
    apart2(texts, 34, HEIGHT - 4);
    const right = x < 0.7, edge = px(x) + (right ? 14 : -14);
    const grid = ticks([low, high], 4).map((v) => `<path class="grid" d="M${LEFT} ${py(v)}H${width - 24}"/>
    <text x="${LEFT - 8}" y="${py(v) + 5}" text-anchor="end">${v}</text>`);
    const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => {
      const step2 = scale.step(share), round = step2 < 20 ? Math.round(step2) : Number(step2.toPrecision(1));
      const label2 = whole(share === 1 ? total : round);
      return `<text x="${px(scale.at(round))}" y="${HEIGHT + 20}" text-anchor="middle">${label2}</text>`;
    });
    return `<svg viewBox="0 0 ${width} ${HEIGHT + 26}" height="${HEIGHT + 26}" role="img"
    aria-label="${escape(marks.map((mark3) => mark3.text).join("; "))}">${grid.join("")}${steps.join("")}
    ${marks.map(({ at: at2, line }) => `<path class="line" stroke-dasharray="${DASHES[at2]}" d="${line}"/>`).join("")}
    <path class="now" d="M${px(x)} 4V${HEIGHT}"/>
    ${marks.filter((mark3) => Number.isFinite(mark3.y)).map(({ at: at2, px: left, y }) => `<g class="mark" transform="translate(${left - 6} ${y - 6})">${MARKS[at2]}</g>`).join("")}
    ${texts.map(({ y, text }) => `<text class="told" x="${edge}" y="${y}" text-anchor="${right ? "start" : "end"}">
      ${escape(text)}</text>`).join("")}
    <text class="strong" x="${LEFT + 8}" y="14">${t("compare.axis")}</text></svg>`;
  }

  // gi_core/web/screens/compare/view.js
  var FACTOR2 = 4;
  var laneHtml = (label2, at2) => `<h2 class="attacker">${mark(at2)}<span>${escape(label2)}</span>
  <button type="button" class="btn quiet" data-k="remove" aria-label="${escape(t("compare.remove", { lane: label2 }))}">
    ${icon("cross")}</button></h2>
  <div class="pic"><canvas data-k="guess" role="img"></canvas><div class="veil" data-k="veil"></div></div>
  <div class="end"><div><span data-k="squares"></span><p class="word" data-k="word"></p>
    <p class="small" data-k="gain"></p>
    <button type="button" class="link small" data-k="open">${words["compare.open"]}</button></div>
    <div class="ctl" data-k="ctl"><canvas data-k="control" role="img" aria-label="${words["compare.control"]}"></canvas>
    </div></div>`;
  async function drawFrame(canvas, run, frame2) {
    const { batch, width, height } = run.size, source2 = await picture(frame2.src ?? run.sprite);
    tiles(canvas, source2, frame2.row ?? 0, batch, width, height);
  }
  async function drawTruth(canvas, run) {
    const { batch, width, height } = run.size;
    tiles(canvas, await picture(run.truth), 0, batch, width, height);
  }
  var veil = (lane) => lane.message ? `<p class="refused" lang="en">${escape(lane.message)}</p>` : `<b>${t(lane.state === "queued" ? "compare.place" : "compare.state_" + lane.state, lane.run ?? {})}</b>`;
  function drawVerdict(node, lane) {
    const cell = (name) => (
      /** @type {HTMLElement} */
      node.querySelector(`[data-k=${name}]`)
    );
    const verdict = lane.run?.verdict;
    cell("squares").innerHTML = verdict ? squares(verdict.level) : "";
    cell("word").textContent = verdict ? words["level_" + standing(verdict)] : t("compare.state_" + lane.state);
    cell("gain").textContent = verdict ? t(verdict.gain < 0 ? "compare.below" : "compare.ends", { gain: number(Math.abs(verdict.gain)) }) : "";
    cell("open").hidden = !verdict;
    cell("ctl").hidden = !verdict?.control?.src;
  }
  function layOut(root, lanes, act) {
    const box2 = (
      /** @type {HTMLElement} */
      root.querySelector("[data-r=lanes]")
    );
    const told3 = labels(lanes.map((lane) => lane.settings));
    const slot = box2.querySelector("[data-r=slot]");
    box2.querySelectorAll("[data-lane]").forEach((node) => {
      if (!lanes.some((lane) => String(lane.id) === /** @type {HTMLElement} */
      node.dataset.lane)) node.remove();
    });
    lanes.forEach((lane, at2) => {
      let node = (
        /** @type {HTMLElement | null} */
        box2.querySelector(`[data-lane="${lane.id}"]`)
      );
      if (!node) {
        node = document.createElement("div");
        node.className = "lane";
        node.dataset.lane = String(lane.id);
      }
      const key2 = at2 + told3[at2];
      if (node.dataset.key !== key2) {
        node.dataset.key = key2;
        node.innerHTML = laneHtml(told3[at2], at2);
        node.querySelectorAll("button").forEach((button4) => {
          button4.onclick = () => act(lane, button4.dataset.k ?? "");
        });
      }
      box2.insertBefore(node, slot);
    });
    fit(root, lanes.length + (lanes.length < 6 ? 2 : 1));
  }
  function fit(root, columns) {
    const box2 = (
      /** @type {HTMLElement} */
      root.querySelector("[data-r=lanes]")
    );
    if (!box2.clientWidth) return;
    const narrow = matchMedia("(max-width: 767px)").matches, inner2 = box2.clientWidth - 48;
    const side = narrow ? Math.min(288, Math.floor((inner2 - 32) / 32) * 32) : sideFor(inner2 + 16, columns);
    box2.style.setProperty("--side", `${side}px`);
  }
  async function drawMoment(root, lanes, x, held3) {
    const told3 = labels(lanes.map((lane) => lane.settings));
    await Promise.all(lanes.map(async (lane, at2) => {
      const node = (
        /** @type {HTMLElement} */
        root.querySelector(`[data-lane="${lane.id}"]`)
      );
      const part = (name) => (
        /** @type {any} */
        node.querySelector(`[data-k=${name}]`)
      );
      const { run } = lane, some = Boolean(run?.frames?.length);
      part("veil").hidden = some && !lane.message;
      if (!some || lane.message) part("veil").innerHTML = veil(lane);
      drawVerdict(node, lane);
      if (!run || !some) return;
      const frame2 = frameAt(run, run.single ? 1 : x), canvas = part("guess");
      await drawFrame(canvas, run, frame2);
      if (held3) {
        const truth2 = document.createElement("canvas");
        await drawTruth(truth2, run);
        difference(canvas, truth2, canvas, FACTOR2);
      }
      canvas.setAttribute("aria-label", t(
        held3 ? "compare.difference_alt" : "compare.alt",
        { name: told3[at2], psnr: number(frame2.psnr), factor: FACTOR2 }
      ));
      if (run.verdict?.control?.src) await drawFrame(part("control"), run, { src: run.verdict.control.src });
    }));
  }
  async function drawPrivate(canvas, lanes) {
    const widest = lanes.filter((lane) => lane.run?.truth).sort((a, b) => b.run?.size.batch - a.run?.size.batch)[0];
    if (widest) await drawTruth(canvas, widest.run);
  }
  function drawRanking(find, lanes) {
    const rows = ranking(lanes), told3 = labels(lanes.map((lane) => lane.settings));
    const once = rows.every((row2) => row2.lane.repeats.length < 2);
    find("places").innerHTML = rows.map((row2, k) => `<span>${ordinal(k + 1, words)}${row2.close ? " ≈" : ""} ${mark(row2.at)}${escape(told3[row2.at])}</span>`).join("") + (rows.length && once ? `<span>${words["compare.one_seed"]}</span>` : "");
    const plusMinus = (list, digits = 1) => number(mean(list), digits) + (spread3(list) == null ? "" : ` ± ${number(spread3(list), digits)}`);
    find("ranking").innerHTML = `<thead><tr>${words["compare.columns"].split("|").map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows.map((row2, k) => {
      const of = (name) => row2.lane.repeats.map((repeat2) => repeat2[name]);
      return `<tr><td>${k + 1}${row2.close ? " ≈" : ""}</td><th scope="row">${mark(row2.at)} ${escape(told3[row2.at])}</th>
      <td>${signed(row2.gain)}${row2.sd == null ? "" : ` ± ${number(row2.sd)}`}</td><td>${plusMinus(of("psnr"))}</td>
      <td>${plusMinus(of("ssim"), 2)}</td><td>${whole(mean(of("steps")))}</td><td>${plusMinus(of("seconds"))}</td>
      <td>${row2.lane.repeats.length}</td></tr>`;
    }).join("")}</tbody>`;
  }

  // gi_core/web/screens/compare/compare.js
  var SEEDS = 3;
  var SWEEP_MS = 6e3;
  function mount2(given) {
    const root = fill(given.element, compare_default), find = finder(root);
    const pictures2 = atHand((message) => here.queue.receive(message));
    const context2 = { ...given, ...onDevice(pictures2, given.trigger, given.server) };
    const here = room(context2, root, find);
    offers(here, find, context2);
    playback(here, root, find);
    actions(here, find, context2);
    context2.watch("value", () => here.queue.receive(context2.props.value));
    on("lane", (setUp) => {
      here.add(setUp.settings, setUp.pictures, setUp.run);
      toast(words["compare.kept"]);
    });
    on("comparison", (field) => here.vary(field));
    on("tab", (name) => name === "compare" && here.refit());
    on("theme", () => here.refit());
    new ResizeObserver(() => here.refit()).observe(find("lanes"));
    here.take(context2.props.first);
  }
  function room({ props, trigger, server }, root, find) {
    const { axes } = props.catalog;
    const state = { lanes: [], x: 1, held: false, base: props.catalog.base, made: 0 };
    let drawing = 0;
    const redraw = () => {
      cancelAnimationFrame(drawing);
      drawing = requestAnimationFrame(() => drawAll(state, queue, root, find));
    };
    const refit = () => {
      layOut(root, state.lanes, act);
      fitSlot(state, axes, find);
      redraw();
    };
    const queue = jobs({
      start: (job) => {
        if (!job.repeat) job.lane.state = "running";
        trigger("run", { id: job.id, settings: job.settings, pictures: job.lane.pictures });
        redraw();
      },
      stop: (job) => server.stop_lane({ id: job.id }),
      told: (job, run) => {
        hear2(job, run, find);
        redraw();
      },
      changed: redraw
    });
    const act = (lane, name) => {
      if (name === "open") emit("open", lane.run ?? void 0);
      if (name !== "remove") return;
      queue.drop(lane);
      state.lanes = state.lanes.filter((other) => other !== lane);
      refit();
    };
    const add = (settings, pictures2, run) => {
      const full = { ...state.base.settings, ...settings }, key2 = keyOf3(full, pictures2);
      if (state.lanes.some((lane2) => keyOf3(lane2.settings, lane2.pictures) === key2)) return toast(words["compare.there"]);
      if (state.lanes.length >= MOST3) return toast(t("compare.full", { n: MOST3 }));
      const ready = run?.verdict && run.scores && run.size && run.truth ? run : null;
      const lane = {
        id: ++state.made,
        settings: full,
        pictures: pictures2,
        run: ready,
        state: ready ? "done" : "waiting",
        repeats: ready ? [repeatOf(ready)] : []
      };
      state.lanes.push(lane);
      refit();
      if (!ready) queue.add(lane, full, false);
    };
    const take2 = (message) => {
      queue.drop();
      state.lanes = (message?.compare?.lanes ?? []).map((lane) => ({ ...lane, id: ++state.made }));
      if (state.lanes.length) state.base = { settings: state.lanes[0].settings, pictures: state.lanes[0].pictures };
      state.x = 1;
      refit();
    };
    const first = () => state.lanes[0] ?? { ...state.base };
    return {
      state,
      queue,
      redraw,
      refit,
      add,
      take: take2,
      first,
      axes,
      /** @param {string} field @param {any} value */
      vary1: (field, value) => add({ ...first().settings, [field]: value }, picturesFor(first().pictures, field, value, props)),
      /** @param {string} field */
      vary(field) {
        const values = (axes[field] ?? []).slice(0, MOST3);
        values.forEach((value) => state.lanes.length < MOST3 && this.vary1(field, value));
      }
    };
  }
  function picturesFor(own, field, value, props) {
    if (field !== "batch_size") return own;
    const more = props.catalog.samples.map((sample) => ({ sample: sample.name })).filter((one) => !own.some((p) => p.sample === one.sample));
    return [...own, ...more].slice(0, Number(value));
  }
  function hear2(job, run, find) {
    const { lane } = job, kind2 = run.state === "recorded" ? "done" : run.state;
    if (kind2 === "failed") {
      if (job.repeat) toast(run.message);
      else Object.assign(lane, { state: "failed", message: run.message });
      return;
    }
    if (run.verdict) {
      lane.repeats = [...lane.repeats.filter((repeat2) => repeat2.seed !== run.scenario.seed), repeatOf(run)];
      find("status").textContent = `${words["level_" + standing(run.verdict)]}, ${signed(run.verdict.gain)} dB`;
    }
    if (!job.repeat) Object.assign(lane, { state: kind2, run: { ...lane.run, ...run } });
  }
  function drawAll(state, queue, root, find) {
    const { lanes, x, held: held3 } = state, told3 = labels(lanes.map((lane) => lane.settings));
    drawMoment(root, lanes, x, held3);
    drawPrivate(find("truth"), lanes);
    drawRanking(find, lanes);
    const all2 = lanes.map(({ run }, at2) => ({ run, label: told3[at2], at: at2 }));
    const shown2 = all2.filter((one) => one.run?.frames?.length);
    find("plot").innerHTML = shown2.length ? plot(shown2, x, Math.max(280, find("plot").clientWidth)) : "";
    const totals = new Set(shown2.map((one) => one.run.total));
    const step2 = shown2.length ? frameAt(shown2[0].run, x).iteration : 0;
    find("step").innerHTML = totals.size === 1 ? t("compare.step", { n: whole(step2), m: whole(shown2[0].run.total) }) : t("compare.share", { share: x });
    find("scrub").value = 1e3 * x;
    find("scrub").style.setProperty("--at", `calc(10px + (100% - 20px) * ${x})`);
    find("scrub").setAttribute("aria-valuetext", find("step").textContent);
    find("legend").textContent = held3 ? t("compare.legend", { factor: FACTOR2, full: Math.round(255 / FACTOR2) }) : "";
    find("stop").hidden = !queue.busy;
    const missing = lanes.filter((lane) => lane.run?.verdict && lane.repeats.length < SEEDS);
    find("repeat").disabled = queue.busy;
    find("repeat").hidden = !queue.busy && !missing.length;
    const seconds = missing.reduce((sum2, lane) => sum2 + 2 * (lane.run?.seconds ?? 0) * (SEEDS - lane.repeats.length), 0);
    find("repeat").textContent = queue.busy ? t("compare.left", { n: queue.left }) : t("compare.repeat", { n: SEEDS, time: duration(seconds, words) });
    find("csv").disabled = !lanes.some((lane) => lane.repeats.length);
  }
  function fitSlot(state, axes, find) {
    const settings = state.lanes.map((lane) => lane.settings), full = state.lanes.length >= MOST3;
    const offered5 = full ? null : proposal(settings.length ? settings : [state.base.settings], axes);
    find("slot").hidden = full;
    find("offer").hidden = !offered5;
    if (offered5) find("offer").querySelector("span").textContent = valueName(...offered5);
    find("from").hidden = !explore.setUp();
    const fields = varying(settings), base = settings[0] ?? state.base.settings;
    const what = ["model", "attack", "seed"].filter((field) => !fields.includes(field));
    find("same").textContent = t("compare.same", { what: what.map((field) => valueName(field, base[field])).join(", ") });
    find("dots").innerHTML = Array(state.lanes.length + (full ? 1 : 2)).fill("<i></i>").join("");
  }
  function offers(here, find, { props }) {
    const option = (field) => (value) => `<option value="${escape(value)}">${escape(valueName(field, value))}</option>`;
    const list = (field, head) => `<option value="">${head}</option>` + here.axes[field].map(option(field)).join("");
    for (const select of find("slot").querySelectorAll("[data-add]")) {
      const field = select.dataset.add;
      select.innerHTML = list(field, `+ ${words["compare.add_" + field]}`);
      select.onchange = () => {
        here.vary1(field, select.value);
        select.value = "";
      };
    }
    find("offer").onclick = () => {
      const settings = here.state.lanes.map((lane) => lane.settings);
      const found2 = proposal(settings.length ? settings : [here.state.base.settings], here.axes);
      if (found2) here.vary1(...found2);
    };
    find("from").onclick = () => {
      const setUp = explore.setUp();
      if (setUp) here.add(setUp.settings, setUp.pictures);
    };
    find("vary").innerHTML = `<option value="">${words["compare.vary"]}</option>` + Object.keys(here.axes).map((field) => `<option value="${field}">${t("compare.vary_" + field)}</option>`).join("");
    find("vary").onchange = () => {
      here.vary(find("vary").value);
      find("vary").value = "";
    };
    find("takes").textContent = t("compare.takes", { n: MOST3 });
    find("picture").innerHTML = props.catalog.samples.map((sample) => `<option value="${sample.name}">${escape(words["sample_" + sample.name] ?? sample.title)}</option>`).join("");
    find("network").innerHTML = here.axes.model.map(option("model")).join("");
    find("attack").innerHTML = here.axes.attack.map(option("attack")).join("");
    find("anew").onclick = () => {
      here.queue.drop();
      here.state.lanes = [];
      const changed = { model: find("network").value, attack: find("attack").value, batch_size: 1, defense: "none" };
      const pictures2 = [{ sample: find("picture").value }];
      here.state.base = { settings: { ...here.state.base.settings, ...changed }, pictures: pictures2 };
      here.add({}, here.state.base.pictures);
    };
  }
  function playback(here, root, find) {
    let playing = false, began = 0;
    const show3 = () => {
      find("play").innerHTML = icon(playing ? "pause" : "play");
      find("play").setAttribute("aria-label", words[playing ? "compare.pause" : "compare.play"]);
    };
    const to = (x) => {
      here.state.x = Math.max(0, Math.min(1, x));
      here.redraw();
    };
    const tick2 = (time2) => {
      if (!playing) return;
      to((time2 - began) / SWEEP_MS);
      if (here.state.x >= 1) {
        playing = false;
        return show3();
      }
      requestAnimationFrame(tick2);
    };
    const toggle = () => {
      playing = !playing;
      began = performance.now() - (here.state.x >= 1 ? 0 : here.state.x * SWEEP_MS);
      show3();
      requestAnimationFrame(tick2);
    };
    const hold3 = (on2) => {
      if (here.state.held !== on2) {
        here.state.held = on2;
        here.redraw();
      }
    };
    find("play").onclick = toggle;
    find("scrub").oninput = () => {
      playing = false;
      show3();
      to(find("scrub").value / 1e3);
    };
    find("difference").onpointerdown = () => hold3(true);
    for (const name of ["pointerup", "pointercancel", "blur"]) window.addEventListener(name, () => hold3(false));
    const mine = (event) => document.body.dataset.tab === "compare" && !event.ctrlKey && !event.metaKey && !event.altKey && event.target instanceof Element && !event.target.matches("input:not([type=range]), select, textarea");
    window.addEventListener("keydown", (event) => {
      if (!mine(event)) return;
      const button4 = event.target instanceof Element && event.target.closest("button, summary");
      const own = event.target === find("difference") && [" ", "Enter"].includes(event.key);
      if (event.key.toLowerCase() === "d" || own) {
        event.preventDefault();
        return hold3(true);
      }
      if (event.key === " " && !button4) {
        event.preventDefault();
        toggle();
      }
    });
    window.addEventListener("keyup", (event) => ["d", "D", " ", "Enter"].includes(event.key) && hold3(false));
    find("lanes").addEventListener("scroll", () => {
      const box2 = find("lanes"), at2 = Math.round(box2.scrollLeft / Math.max(1, box2.clientWidth - 48));
      root.querySelectorAll("[data-r=dots] i").forEach((dot, i) => dot.classList.toggle("on", i === at2));
    });
    show3();
  }
  function actions(here, find, { props, server }) {
    find("examples").innerHTML = `<option value="">${words["compare.examples"]}</option>` + props.catalog.recorded.map((name) => `<option value="${name}">${escape(words["comparison_" + name] ?? name)}</option>`).join("");
    find("examples").onchange = async () => {
      const name = find("examples").value;
      if (name) here.take(await server.recorded_comparison({ name }));
    };
    find("stop").onclick = () => here.queue.drop();
    find("repeat").onclick = () => {
      for (const lane of here.state.lanes.filter((lane2) => lane2.run?.verdict)) {
        const seeds = Array.from({ length: SEEDS }, (_, i) => Number(lane.settings.seed) + i);
        seeds.filter((seed2) => !lane.repeats.some((repeat2) => repeat2.seed === seed2)).slice(0, SEEDS - lane.repeats.length).forEach((seed2) => here.queue.add(lane, { ...lane.settings, seed: seed2 }, true));
      }
    };
    find("csv").onclick = () => {
      const told3 = labels(here.state.lanes.map((lane) => lane.settings));
      const rows = here.state.lanes.flatMap((lane, i) => lane.repeats.map((r) => [told3[i], r.seed, r.gain, r.psnr, r.ssim, r.level, r.steps, r.seconds]));
      const head = ["lane", "seed", "gain_db", "psnr_db", "ssim", "level", "steps", "seconds"];
      saveText("comparison.csv", csv([head, ...rows]), "text/csv");
    };
    const wanted = new URLSearchParams(location.search).get("comparison");
    if (wanted && props.catalog.recorded.includes(wanted) && wanted !== props.first?.compare?.name)
      server.recorded_comparison({ name: wanted }).then((told3) => here.take(told3));
  }

  // gi_core/web/screens/evidence/evidence.js
  var evidence_exports = {};
  __export(evidence_exports, {
    mount: () => mount3
  });

  // gi_core/web/screens/evidence/setup.js
  var FIELDS2 = (
    /** @type {const} */
    ["row", "batch_size", "local_steps", "defense", "clients"]
  );
  function noiseOf(defense2) {
    if (defense2 === "none") return 0;
    const found2 = /^clip\+gaussian(?::sigma=([\d.e-]+))?$/.exec(defense2);
    return found2 ? Number(found2[1] ?? 0.01) : NaN;
  }
  function offered3({ rows, columns }) {
    const of = (name) => [...new Set(columns.map((column) => column[name]))];
    return {
      row: rows.map((row2) => row2.name),
      batch_size: [...of("batch_size"), 16, 64].sort((a, b) => Number(a) - Number(b)),
      local_steps: [...of("local_steps"), 20].sort((a, b) => Number(a) - Number(b)),
      defense: [...of("defense"), "clip+gaussian:sigma=1", "topk:keep=0.1", "quantize:bits=4", "dp-gaussian:epsilon=1"],
      clients: [...of("clients"), 50].sort((a, b) => Number(a) - Number(b))
    };
  }
  function named2(field, value) {
    if (field === "row") return t("evidence.row_" + value);
    if (field !== "defense") return t(`evidence.${Number(value) === 1 ? "one" : "n"}_${field}`, { n: value });
    const z = noiseOf(String(value));
    if (z === 0) return t("evidence.no_noise");
    return Number.isNaN(z) ? t("evidence.defense_" + String(value).split(":")[0]) : t("evidence.noise", { z: short(z) });
  }
  function cellOf2(choice, catalog) {
    const row2 = catalog.rows.findIndex((r) => r.name === choice.row);
    const column = catalog.columns.findIndex((c) => c.batch_size === Number(choice.batch_size) && c.local_steps === Number(choice.local_steps) && c.clients === Number(choice.clients) && c.defense === choice.defense);
    return row2 < 0 || column < 0 ? null : { row: row2, column };
  }
  function choiceOf(catalog, row2, column) {
    const { batch_size, local_steps, clients, defense: defense2 } = catalog.columns[column];
    return { row: catalog.rows[row2].name, batch_size, local_steps, clients, defense: defense2 };
  }
  function setUpOf(choice, catalog, more) {
    const row2 = catalog.rows.find((r) => r.name === choice.row);
    const { batch_size, local_steps, defense: defense2, clients } = choice;
    return {
      model: row2.models[0],
      batch_size,
      local_steps,
      defense: defense2,
      participants: clients,
      secure_aggregation: Number(clients) > 1,
      ...more
    };
  }
  function headOf2(column) {
    const n = { one: 1, pictures: column.batch_size, steps: column.local_steps, devices: column.clients }[column.name];
    const values = column.name === "noise" ? { z: short(noiseOf(column.defense)) } : { n };
    return [t(`evidence.head_${column.name}`, values), t(`evidence.under_${column.name}`)];
  }
  var titleOf = (column) => headOf2(column).slice(0, ["steps", "pictures", "devices"].includes(column.name) ? 2 : 1).join(" ");
  function better(catalog, row2, level) {
    return catalog.columns.map((column, at2) => ({ column, at: at2, cell: catalog.cells[row2][at2] })).filter((one) => one.cell && !one.cell.short && one.cell.level < level).sort((a, b) => a.cell.level - b.cell.level).slice(0, 3);
  }

  // gi_core/web/screens/evidence/charts.js
  var KINDS2 = ["frontier", "noise", "corridor", "calibration", "degradation"];
  var SCRIPT = "gi/plotly.min.js";
  var SYMBOLS = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star"];
  var DASHES2 = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
  var loading = null;
  function plotly() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(SCRIPT, document.baseURI.split("?")[0]).href;
      script.onload = () => resolve(
        /** @type {any} */
        window.Plotly
      );
      script.onerror = () => {
        loading = null;
        reject(new Error("plotly could not be loaded"));
      };
      document.head.append(script);
    });
    return loading;
  }
  var styled = (trace, i) => ({
    mode: "lines+markers",
    line: { dash: DASHES2[i % DASHES2.length], width: 1.5 },
    marker: { symbol: SYMBOLS[i % SYMBOLS.length], size: 10 },
    ...trace
  });
  var NOISE_AXIS = () => ({
    title: t("evidence.axis_noise"),
    type: "log",
    tickvals: [1e-4, 1e-3, 0.01, 0.1, 1],
    ticktext: [t("evidence.none"), "0.001", "0.01", "0.1", "1"]
  });
  var LIKENESS_AXIS = () => ({ title: t("evidence.axis_psnr"), ticksuffix: " dB" });
  var traced = (series, trace) => series.map((one, i) => styled({ customdata: one.points, ...trace(one) }, i));
  var all = (one, name) => one.points.map((p) => p[name]);
  var FIGURES = {
    frontier: ({ frontier }) => ({
      traces: traced(frontier, (f) => ({
        name: f.family,
        y: all(f, "gain"),
        x: f.points.map((p) => 100 * p.accuracy)
      })),
      x: { title: t("evidence.axis_accuracy"), ticksuffix: " %" },
      y: { title: t("evidence.axis_gain") }
    }),
    noise: ({ noise: noise2 }) => ({
      traces: traced(noise2, (m) => ({
        name: m.model,
        mode: "markers",
        y: all(m, "psnr"),
        x: m.points.map((p) => p.z || 1e-4)
      })),
      x: NOISE_AXIS(),
      y: LIKENESS_AXIS()
    }),
    corridor: ({ corridor }) => ({
      traces: traced(corridor, (c) => ({
        name: t("evidence.corridor_" + c.what),
        x: all(c, "z"),
        y: all(c, "psnr"),
        mode: c.what === "run" ? "markers" : "lines+markers"
      })),
      x: { ...NOISE_AXIS(), ticktext: ["0.0001", "0.001", "0.01", "0.1", "1"] },
      y: LIKENESS_AXIS()
    }),
    calibration: ({ calibration }) => ({
      traces: traced(calibration, (c) => ({
        name: t("evidence.calibration_" + c.what),
        x: all(c, "x"),
        y: c.points.map((p) => 100 * p.share)
      })),
      x: { title: t("evidence.axis_structure"), range: [0, 1] },
      y: { title: t("evidence.axis_named"), ticksuffix: " %", range: [-4, 104] }
    }),
    degradation: ({ degradation }) => ({
      traces: traced(degradation, (s) => ({
        name: `${s.sweep} (${s.attack})`,
        x: all(s, "x"),
        y: all(s, "psnr"),
        error_y: { array: all(s, "sd"), thickness: 1 }
      })),
      x: { title: t("evidence.axis_strength"), type: "log" },
      y: LIKENESS_AXIS()
    })
  };
  var figure2 = (kind2, data) => FIGURES[kind2](data);
  var runHtml = (p) => `<p>${p.z ? named2("defense", `clip+gaussian:sigma=${p.z}`) : t("evidence.no_noise")}: <b>
  ${number(p.psnr)} dB</b></p><p><code class="mono">${escape(p.attack)}</code>, ${escape(p.picture)}</p>`;
  var POINTS = {
    frontier: (p) => `<p><code class="mono">${escape(p.defense)}</code></p><p>${t(
      "evidence.point_frontier",
      { accuracy: p.accuracy, gain: signed(p.gain, 2) }
    )}</p>`,
    noise: runHtml,
    corridor: (p) => (p.attack ? runHtml(p) : `<p>z = ${number(p.z, 4)}: <b>${number(p.psnr)} dB</b></p>`) + (p.cap == null ? "" : `<p>${t("evidence.point_cap", { cap: p.cap })}</p>`),
    calibration: (p) => `<p>${t("evidence.point_calibration", { share: p.share, n: p.n })}</p>`,
    degradation: (p) => `<p>${number(p.x, 4)}: <b>${number(p.psnr)} dB</b> ± ${number(p.sd)}</p>`
  };
  function pointHtml(kind2, p) {
    const open = p.key ? `<button type="button" class="btn s" data-act="open" data-key="${p.key}">
    ${t("evidence.open")}</button>` : "";
    const strip2 = p.src ? `<img class="strip3" src="${p.src}" alt="${t("evidence.strip")}">` : "";
    return strip2 + POINTS[kind2](p) + open;
  }
  async function draw2(box2, kind2, data, told3) {
    const library = await plotly(), { traces, x, y } = figure2(kind2, data), ink = token("ink2"), line = token("line");
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
    const layout2 = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 56, r: 16, t: 8, b: 48 },
      height: 420,
      font: { family: "Source Sans Pro, system-ui, sans-serif", size: 14, color: ink },
      hovermode: "closest",
      colorway: [token("attacker"), token("private"), token("leaving"), token("bound"), token("control"), token("ink")],
      xaxis: { ...axis, ...x, title: { text: x.title, font: { size: 14 } } },
      yaxis: { ...axis, ...y, title: { text: y.title, font: { size: 14 } } },
      legend: { font: { size: 14 } }
    };
    const dictionary = { "Download plot as a PNG": t("evidence.chart_png"), "Reset axes": t("evidence.chart_reset") };
    await library.react(box2, traces, layout2, {
      displaylogo: false,
      responsive: true,
      modeBarButtons: [["toImage", "resetScale2d"]],
      locale: "page",
      locales: { page: { dictionary, format: {} } }
    });
    const held3 = (
      /** @type {any} */
      box2
    );
    held3.removeAllListeners?.("plotly_hover");
    held3.removeAllListeners?.("plotly_click");
    held3.on("plotly_hover", (event) => told3(event.points[0].customdata, false));
    held3.on("plotly_click", (event) => told3(event.points[0].customdata, true));
  }

  // gi_core/web/screens/evidence/evidence.html
  var evidence_default = '<div class="sheet evidence" data-testid="evidence">\n  <div class="story"><h1 data-t="evidence.story"></h1></div>\n  <form class="panel setup" data-r="setup" data-label="evidence.setup" novalidate>\n    <div class="sentence" data-r="sentence"></div>\n    <details class="more" data-r="more"><summary class="btn s" data-t="evidence.more"></summary>\n      <div class="pop">\n        <label><span data-t="evidence.image_size"></span><input type="number" min="11" max="384" step="1" data-f="image_size"></label>\n        <label><span data-t="evidence.examples"></span><input type="number" min="0" max="10000000" step="1" data-f="examples"></label>\n        <label><span data-t="evidence.local_epochs"></span><input type="number" min="1" max="1000" step="1" data-f="local_epochs"></label>\n        <label><span data-t="evidence.rounds"></span><input type="number" min="1" max="1000000" step="1" data-f="rounds"></label>\n        <label><span data-t="evidence.channels"></span><select data-f="channels"></select></label>\n        <label><span data-t="evidence.batchnorm"></span><select data-f="batchnorm"></select></label>\n      </div></details>\n  </form>\n  <div class="cols">\n    <section class="panel map-box" data-label="evidence.map">\n      <div class="scroll" tabindex="0" role="group" data-label="evidence.map"><table class="map" data-r="map"></table></div>\n      <div class="legend"><span data-t="evidence.legend"></span><span><i class="h"></i><b data-t="evidence.legend_short"></b></span></div>\n    </section>\n    <aside class="panel answer" data-r="answer" data-label="evidence.answer" aria-live="polite"></aside>\n  </div>\n  <details class="panel fold" data-r="charts-box"><summary><b data-t="evidence.charts"></b><span class="small" data-t="evidence.charts_note"></span></summary>\n    <div class="tabs" role="group" data-r="kinds" data-label="evidence.charts"></div>\n    <div class="chart"><div data-r="chart" class="canvas"></div><div class="point" data-r="point" aria-live="polite"></div></div>\n    <p class="small" data-r="chart-note"></p>\n  </details>\n  <details class="panel fold" data-r="regimes-box"><summary><b data-t="evidence.regimes"></b><span class="small" data-t="evidence.regimes_note"></span></summary>\n    <div class="regimes"><div class="scroll" tabindex="0" role="group" data-label="evidence.regimes"><table data-r="regimes"></table></div>\n      <div class="regime" data-r="regime" aria-live="polite"></div></div>\n  </details>\n</div>\n';

  // gi_core/web/screens/evidence/map.js
  async function drawTile(canvas, catalog, tile, place2) {
    const { side } = catalog, sprite = await picture(catalog.sprite);
    canvas.width = canvas.height = side;
    context(canvas).drawImage(sprite, place2 * side, tile * side, side, side, 0, 0, side, side);
  }
  var wordOf = (cell) => cell.short ? t("evidence.short") : words["level_" + cell.level];
  function cellHtml(catalog, cell, r, c) {
    const setting = `${named2("row", catalog.rows[r].name)}, ${headOf2(catalog.columns[c]).join(" ")}`;
    if (!cell) return `<td><button type="button" class="cell none" data-cell="${r},${c}"
    aria-label="${escape(setting)}: ${t("evidence.not_run")}">${t("evidence.not_run")}</button></td>`;
    const pair2 = cell.tile == null ? "" : `<span class="two">${[0, 1].map((place2) => `<canvas data-tile="${cell.tile},${place2}" aria-hidden="true"></canvas>`).join("")}</span>`;
    return `<td><button type="button" class="cell l${cell.level}${cell.short ? " short" : ""}" data-cell="${r},${c}"
    aria-label="${escape(`${setting}: ${wordOf(cell)}`)}">${pair2}<span class="w">${wordOf(cell)}</span></button></td>`;
  }
  function drawMap(table3, catalog, choose) {
    const heads = catalog.columns.map(headOf2);
    table3.innerHTML = `<thead><tr><td></td>${heads.map(([head, under]) => `<th scope="col"><b>${head}</b>${under}</th>`).join("")}</tr></thead><tbody>` + catalog.rows.map((row2, r) => `<tr>
      <th scope="row"><b>
      ${named2("row", row2.name)}</b></th>` + catalog.columns.map((_, c) => cellHtml(catalog, catalog.cells[r][c], r, c)).join("") + "</tr>").join("") + "</tbody>";
    table3.querySelectorAll("canvas").forEach((canvas) => {
      const [tile, place2] = (canvas.dataset.tile ?? "").split(",").map(Number);
      drawTile(canvas, catalog, tile, place2);
    });
    table3.querySelectorAll("button").forEach((button4) => {
      const [row2, column] = (button4.dataset.cell ?? "").split(",").map(Number);
      button4.onclick = () => choose(row2, column);
    });
  }
  function markCell(table3, at2, near) {
    table3.querySelectorAll("button").forEach((button4) => {
      const mine = at2 && button4.dataset.cell === `${at2.row},${at2.column}`;
      button4.classList.toggle("mine", Boolean(mine) && !near);
      button4.classList.toggle("nearest", Boolean(mine) && near);
      button4.setAttribute("aria-pressed", String(Boolean(mine)));
      button4.querySelector(".you")?.remove();
      if (mine) button4.insertAdjacentHTML("beforeend", `<span class="you">
      ${t(near ? "evidence.nearest" : "evidence.yours")}</span>`);
    });
  }

  // gi_core/web/screens/evidence/panel.js
  function sentence(run) {
    const said = t(run.short ? "evidence.say_short" : `evidence.say_${run.level}`);
    if (run.rank == null) return said;
    return `${said} ${t("evidence.rank", {
      n: whole(run.candidates),
      rank: ordinal(run.rank, words),
      control: ordinal(run.control_rank, words)
    })}`;
  }
  function cost(catalog, column) {
    if (column.name !== "noise") return t("evidence.cost_" + column.name);
    if (column.accuracy == null) return t("evidence.cost_unknown");
    return t("evidence.cost_noise", { with: column.accuracy, without: catalog.columns[0].accuracy });
  }
  function changes(catalog, row2, cell) {
    if (cell.short) return `<p class="small">${t("evidence.change_short")}</p>`;
    if (cell.level === 0) return `<p class="small">${t("evidence.change_none")}</p>`;
    const found2 = better(catalog, row2, cell.level);
    if (!found2.length) return `<p class="small">${t("evidence.change_unknown")}</p>`;
    return `<ul>${found2.map((one) => `<li><b>${titleOf(one.column)}</b>${squares(one.cell.level)}
    <span class="small">${t("evidence.found", { word: words["level_" + one.cell.level], n: one.cell.runs })}
    ${cost(catalog, one.column)}</span></li>`).join("")}</ul>`;
  }
  var outside2 = (choice) => ["evidence.out_server", "evidence.out_again", "evidence.out_fresh", "evidence.out_budget"].concat(Number(choice.clients) > 1 ? ["evidence.out_sum"] : []).map((key2) => t(key2)).join(" ");
  var buttons = (more) => `<div class="dl">
  <button type="button" class="btn s" data-act="report">
  ${icon("down")}${t("evidence.report")}</button>${more}</div><div class="all" data-k="all"></div>`;
  function drawCell(panel, catalog, at2, choice) {
    const cell = catalog.cells[at2.row][at2.column];
    const title = `${named2("row", catalog.rows[at2.row].name)}: ${titleOf(catalog.columns[at2.column])}`;
    if (!cell) {
      panel.innerHTML = `<div class="top"><h2>${title}</h2></div><p>${t("evidence.nobody")}</p>${buttons("")}`;
      return;
    }
    const kinds = ["private", "attacker", "control"];
    const figures2 = cell.tile == null ? `<p class="small">${t("evidence.no_pictures")}</p>` : `<div class="three">${kinds.map((kind2) => `<figure class="k-${kind2}">
      <canvas role="img" aria-label="${t("evidence.tile_" + kind2)}"></canvas>
      <figcaption class="${kind2}">${t("evidence.tile_" + kind2)}</figcaption></figure>`).join("")}</div>`;
    panel.innerHTML = `<div class="top"><h2>${title}</h2>${cell.short ? "" : squares(cell.level)}</div>
    <p class="small">${t("evidence.strongest", {
      word: wordOf(cell),
      n: cell.runs,
      pictures: cell.pictures,
      psnr: number(cell.psnr)
    })}</p>${figures2}
    <p>${sentence(cell)}</p>
    <h3>${t("evidence.change")}</h3>${changes(catalog, at2.row, cell)}
    <h3>${t("evidence.outside")}</h3><p class="small">${outside2(choice)}</p>
    ${buttons(`<button type="button" class="btn s" data-act="all" aria-expanded="false">
      ${t("evidence.all", { n: cell.runs })}</button>
    ${cell.key ? `<button type="button" class="btn s" data-act="open" data-key="${cell.key}">
      ${t("evidence.open")}</button>` : ""}`)}`;
    panel.querySelectorAll(".three canvas").forEach((canvas, place2) => drawTile(
      /** @type {HTMLCanvasElement} */
      canvas,
      catalog,
      cell.tile,
      place2
    ));
  }
  function estimated(estimate2) {
    if (!estimate2) return "";
    const [low, high] = estimate2.levels.map((level) => words["level_" + level]);
    if (low === words.level_0 && high === words.level_3) return `<p class="small">${t("evidence.estimate_open")}</p>`;
    return `<p><b>${t("evidence.estimate", { span: low === high ? low : t("evidence.span", { low, high }) })}</b>
    <span class="small">${t("evidence.estimate_why", { n: estimate2.runs })}</span></p>`;
  }
  var composed = (privacy) => privacy ? `<p class="small">${t("evidence.composed", {
    one: short(privacy.epsilon),
    all: short(privacy.all),
    n: whole(privacy.releases)
  })}</p>` : "";
  function drawAnswer(panel, answer, choice, nearest2) {
    if (answer.error) {
      panel.innerHTML = `<div class="top"><h2>${t("evidence.refused")}</h2></div><p class="refused" lang="en">
      ${escape(answer.error)}</p>`;
      return;
    }
    const { found: found2 } = answer, word2 = (level) => words["level_" + level];
    const off = answer.distance ?? answer.nearest;
    const head = !Number.isFinite(off ?? NaN) ? t("evidence.incomparable") : off === 0 ? t("evidence.exactly") : t("evidence.off_map", { cell: nearest2, distance: number(off) });
    const span2 = found2 && (found2.levels[0] === found2.levels[1] ? word2(found2.levels[0]) : t("evidence.span", { low: word2(found2.levels[0]), high: word2(found2.levels[1]) }));
    panel.innerHTML = `<div class="top"><h2>${found2 ? span2 : t("evidence.unmeasured")}</h2>
    ${found2 ? squares(found2.levels[1]) : ""}</div>
    ${estimated(answer.estimate)}<p>${head}${answer.first_step ? ` ${t("evidence.first_step")}` : ""}</p>
    ${composed(answer.privacy)}
    ${found2 ? `<p class="small">${t("evidence.near", {
      n: answer.count,
      low: signed(found2.gain[0], 2),
      high: signed(found2.gain[1], 2)
    })}</p>` : ""}
    <h3>${t("evidence.outside")}</h3><p class="small">${outside2(choice)}</p>${buttons(`<button type="button"
      class="btn s" data-act="measure" data-query="${escape(answer.query)}">${t("evidence.measure")}</button>`)}`;
  }
  function drawRuns(box2, runs) {
    const heads = words["evidence.columns"].split("|").map((name) => `<th scope="col">${name}</th>`).join("");
    box2.innerHTML = `<table><thead><tr>${heads}</tr></thead>
    <tbody>${runs.map((run) => `<tr><td><code class="mono">${escape(run.attack)}</code><br>
      ${escape(run.names.join(", "))}</td>
    <td>${words["level_" + run.level]}</td><td>${number(run.psnr)}</td>
    <td><button type="button" class="link" data-act="open" data-key="${run.key}">${t("evidence.open")}</button></td>
    </tr>`).join("")}
    </tbody></table>`;
  }

  // gi_core/web/screens/evidence/regimes.js
  var theirs = (paper) => paper.ssim != null ? number(paper.ssim, 3) : words["feas_paper_" + paper.word];
  var found = (ours) => !ours ? words.feas_not_run : ours.state === "short" ? t("evidence.short") : words["level_" + ours.level];
  function rowHtml(victim, setting, name, { ours, attack, paper, runs }) {
    const short2 = !ours || ours.state === "short", shown2 = runs.some((run) => run.kept);
    const measured3 = ours ? [`<code>${escape(attack)}</code>`, number(ours.ssim, 2)] : ["", ""];
    const cost2 = ours ? [`${ours.pictures} &times; ${ours.seeds}`, number(ours.cpu_hours, 3)] : ["", ""];
    const cells = [setting, ...measured3, found(ours), theirs(paper), ...cost2].map((cell) => `<td>${cell}</td>`).join("");
    return `<tr class="${short2 ? "short" : ""}"><th scope="row">${escape(victim)}</th>${cells}
    <td>${shown2 ? `<button type="button" class="link" data-regime="${name}">${t("evidence.pictures")}</button>` : ""}
    </td></tr>`;
  }
  var rowsOf = ({ groups, regimes: told3 }) => groups.flatMap(({ name: group2, columns, rows }) => rows.flatMap(({ victim, cells }) => cells.map((name, i) => name ? rowHtml(victim, words[`feas_${group2}_${columns[i]}`], name, told3[name]) : "")));
  async function drawRegime(box2, name, run, shown2) {
    box2.innerHTML = ["private", "attacker", "control"].map((kind2) => `<figure>
    <canvas role="img" aria-label="${t("evidence.tile_" + kind2)}"></canvas>
    <figcaption class="${kind2}">${t("evidence.tile_" + kind2)}</figcaption></figure>`).join("") + `<p class="small">${escape(name)}: SSIM ${number(run.ssim, 2)}, ${number(run.psnr)} dB</p>`;
    const source2 = await picture(shown2.src), canvases = box2.querySelectorAll("canvas");
    [0, 1, 2].forEach((row2, i) => tiles(canvases[i], source2, row2, shown2.batch, shown2.side, shown2.side));
  }
  function regimes({ props, server }, find) {
    const { catalog } = props;
    find("regimes").innerHTML = `<thead><tr>${words["evidence.regime_columns"].split("|").map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rowsOf(catalog.regimes).join("")}</tbody>`;
    find("regimes").onclick = async (event) => {
      const name = event.target.closest("[data-regime]")?.dataset.regime;
      if (!name) return;
      const run = catalog.regimes.regimes[name].runs.find((one) => one.kept);
      const shown2 = await server.feasibility_run({ regime: name, update: run.update, seed: run.seed });
      if (shown2.error) toast(shown2.error);
      else drawRegime(find("regime"), name, run, shown2);
    };
  }

  // gi_core/web/screens/evidence/evidence.js
  function mount3(context2) {
    const root = fill(context2.element, evidence_default), find = finder(root);
    const open = opener(context2);
    room2(context2, find, open);
    charts(context2, find, open);
    regimes(context2, find);
  }
  function opener({ server }) {
    return async (key2) => {
      const told3 = await server.risk_run({ key: key2 });
      if (told3.run) return emit("open", told3.run);
      if (told3.query) location.search = `${told3.query}&tab=explore`;
      else toast(told3.error);
    };
  }
  function room2({ props, server }, find, open) {
    const { catalog } = props;
    const usual = { image_size: 32, channels: 3, batchnorm: "eval", examples: 0, local_epochs: 1, rounds: 1 };
    const more = { ...usual };
    let choice = choiceOf(catalog, 1, 0), asked = 0;
    const show3 = async () => {
      FIELDS2.forEach((field) => {
        find("sentence").querySelector(`[data-f=${field}]`).value = choice[field];
      });
      const plain2 = Object.entries(usual).every(([name, value]) => (
        /** @type {any} */
        more[name] === value
      ));
      const at2 = plain2 ? cellOf2(choice, catalog) : null, mine = ++asked;
      find("answer").classList.toggle("asking", !at2);
      if (at2) {
        markCell(find("map"), at2, false);
        return drawCell(find("answer"), catalog, at2, choice);
      }
      const answer = await server.risk_answer(setUpOf(choice, catalog, more)).catch((error) => ({ error: String(error) }));
      if (mine !== asked) return;
      find("answer").classList.remove("asking");
      const nearest2 = nearestCell(answer, catalog, choice.row);
      markCell(find("map"), nearest2, true);
      drawAnswer(find("answer"), answer, choice, nearest2 ? `${named2("row", catalog.rows[nearest2.row].name)}, ${headOf2(catalog.columns[nearest2.column]).join(" ")}` : t("evidence.a_run"));
    };
    sentence2(catalog, find, (field, value) => {
      choice = { ...choice, [field]: value };
      show3();
    });
    moreFields(find, more, show3);
    drawMap(find("map"), catalog, (row2, column) => {
      choice = choiceOf(catalog, row2, column);
      show3();
    });
    find("answer").onclick = async (event) => {
      const button4 = event.target.closest("[data-act]");
      if (!button4) return;
      if (button4.dataset.act === "open") return open(button4.dataset.key);
      if (button4.dataset.act === "measure") return void (location.search = `${button4.dataset.query}&tab=explore`);
      if (button4.dataset.act === "report") return report(server, setUpOf(choice, catalog, more));
      const at2 = cellOf2(choice, catalog), box2 = find("answer").querySelector("[data-k=all]");
      const shown2 = box2.innerHTML !== "";
      button4.setAttribute("aria-expanded", String(!shown2));
      if (shown2) box2.innerHTML = "";
      else drawRuns(box2, (await server.evidence_cell(at2)).runs);
    };
    show3();
  }
  function nearestCell(answer, catalog, row2) {
    const key2 = answer.runs?.[0]?.key, r = catalog.rows.findIndex((one) => one.name === row2);
    const column = key2 ? catalog.cells[r].findIndex((cell) => cell?.key === key2) : -1;
    return column < 0 ? null : { row: r, column };
  }
  function sentence2(catalog, find, changed) {
    const values = (
      /** @type {Record<string, any[]>} */
      offered3(catalog)
    );
    const select = (field) => `<select data-f="${field}"
    aria-label="${t("evidence.choice_" + field)}">${values[field].map((value) => `<option value="${escape(value)}">
      ${escape(named2(field, value))}</option>`).join("")}</select>`;
    find("sentence").innerHTML = words["evidence.sentence"].replace(/\{(\w+)\}/g, (_, field) => `</span>
    ${select(field)}<span>`).replace(/^/, "<span>").concat("</span>");
    for (const box2 of find("sentence").querySelectorAll("select")) {
      const text = ["row", "defense"].includes(box2.dataset.f);
      box2.onchange = () => changed(box2.dataset.f, text ? box2.value : Number(box2.value));
    }
    find("setup").onsubmit = (event) => event.preventDefault();
  }
  function moreFields(find, more, show3) {
    const box2 = find("more"), field = (name) => box2.querySelector(`[data-f=${name}]`);
    field("channels").append(new Option(t("evidence.colour"), "3"), new Option(t("evidence.grey"), "1"));
    field("batchnorm").append(...["eval", "train", "shared"].map((mode) => new Option(t("evidence.bn_" + mode), mode)));
    for (const name of Object.keys(more)) {
      field(name).value = more[name];
      field(name).onchange = () => {
        if (field(name).value === "") return;
        more[name] = name === "batchnorm" ? field(name).value : Number(field(name).value);
        show3();
      };
    }
  }
  async function report(server, setup) {
    const file = await server.risk_report({ setup, format: "pdf" });
    if (file.data) save(file.name, file.data, file.type);
    else toast(file.error);
  }
  function charts({ props }, find, open) {
    const data = props.catalog.charts;
    let kind2 = KINDS2[0];
    const box2 = find("charts-box");
    const told3 = (point, click) => {
      find("point").innerHTML = pointHtml(kind2, point);
      if (click && point.key) open(point.key);
    };
    const show3 = async () => {
      for (const button4 of find("kinds").querySelectorAll("button"))
        button4.setAttribute("aria-pressed", String(button4.dataset.kind === kind2));
      find("chart-note").textContent = t("evidence.note_" + kind2);
      find("point").innerHTML = `<p class="small">${t("evidence.hover")}</p>`;
      await draw2(find("chart"), kind2, data, told3).catch((error) => {
        find("point").textContent = error.message;
      });
    };
    find("kinds").innerHTML = KINDS2.map((name) => `<button type="button" class="btn s" data-kind="${name}">
    ${t("evidence.kind_" + name)}</button>`).join("");
    find("kinds").onclick = (event) => {
      const button4 = event.target.closest("[data-kind]");
      if (button4) {
        kind2 = button4.dataset.kind;
        show3();
      }
    };
    find("point").onclick = (event) => {
      const button4 = event.target.closest("[data-key]");
      if (button4) open(button4.dataset.key);
    };
    box2.ontoggle = () => box2.open && show3();
    on("theme", () => {
      if (box2.open) show3();
    });
  }

  // gi_core/web/screens/explore/explore.js
  var explore_exports = {};
  __export(explore_exports, {
    early: () => early,
    mount: () => mount4,
    offer: () => offer
  });

  // gi_core/web/screens/explore/atlas.js
  var FRAMES = 16;
  function openAtlas({ base, sets, open }) {
    const asked = /* @__PURE__ */ new Map();
    const sprites = /* @__PURE__ */ new Map();
    const stills = /* @__PURE__ */ new Map();
    async function fetched(set) {
      const held3 = await open?.(set.id), at2 = (name) => held3?.[name] ?? base + name;
      const [cells, sprite, still] = await Promise.all([
        set.cells ?? held3?.[set.id] ?? fetch(at2(`${set.id}.json`)).then((answer) => answer.json()).then((told3) => told3.cells),
        picture3(at2(set.file)),
        set.still ? picture3(at2(set.still)) : null
      ]);
      set.cells = cells;
      sprites.set(set.id, sprite);
      if (still) stills.set(set.id, still);
    }
    return {
      sets,
      /** @param {AtlasSet} set */
      ready: (set) => sprites.has(set.id),
      /** Load a set; the same promise for the same set, another try after a failure. @param {AtlasSet} set */
      load(set) {
        const before = asked.get(set.id);
        if (before) return before;
        const made3 = fetched(set);
        asked.set(set.id, made3);
        made3.catch(() => asked.delete(set.id));
        return made3;
      },
      /**
       * Tile `i` of a cell's frame; frame FRAMES is the control's answer.
       * @param {AtlasSet} set @param {number} row @param {number} frame @param {number} i
       * @returns {Tile | null}
       */
      tile(set, row2, frame2, i) {
        const image2 = sprites.get(set.id);
        return image2 ? { image: image2, x: (frame2 * set.mixed + i) * set.side, y: row2 * set.side, side: set.side } : null;
      },
      /**
       * A cell's end (column 0) or its control's answer (1) without loss, else as tile() has it.
       * @param {AtlasSet} set @param {number} row @param {0 | 1} column @param {number} frame @param {number} i
       * @returns {Tile | null}
       */
      still(set, row2, column, frame2, i) {
        const image2 = stills.get(set.id);
        return image2 ? { image: image2, x: column * set.side, y: row2 * set.side, side: set.side } : this.tile(set, row2, frame2, i);
      }
    };
  }
  async function picture3(address2) {
    if (address2.startsWith("data:")) {
      const image2 = new Image();
      image2.src = address2;
      await image2.decode();
      return image2;
    }
    const answer = await fetch(address2);
    if (!answer.ok) throw new Error(`${address2}: ${answer.status}`);
    return createImageBitmap(await answer.blob());
  }

  // gi_core/web/screens/explore/films.js
  function recordedFilm(atlas, set, cell) {
    const cells = set.cells ?? [], row2 = cells.indexOf(cell), clean = cells.find((c) => c.strength === 0);
    return {
      kind: "recorded",
      tiles: set.mixed,
      frames: cell.frames,
      steps: cell.steps,
      tile: (frame2, i) => frame2 === cell.frames.length - 1 ? atlas.still(set, row2, 0, frame2, i) : atlas.tile(set, row2, frame2, i),
      control: (i) => atlas.still(set, row2, 1, FRAMES, i),
      truth: () => null,
      verdict: cell.verdict,
      band: { sent: cell.band, clean: clean?.band ?? null },
      share: cell.noise_share,
      numel: set.numel,
      controlScore: cell.control,
      tried: cell.tried,
      scenario: cell.scenario,
      run: null
    };
  }
  function at(history, name, step2) {
    const steps = history.iteration ?? [];
    let low = 0, high = steps.length - 1;
    while (low < high) {
      const middle = low + high + 1 >> 1;
      if (steps[middle] <= step2) low = middle;
      else high = middle - 1;
    }
    return history[name]?.[low] ?? null;
  }
  var STAGE = 32;
  var decoded = /* @__PURE__ */ new Map();
  async function decode3(run) {
    const wanted = [
      run.sprite,
      run.truth,
      run.verdict?.control?.src,
      ...(run.frames ?? []).map((f) => f.src)
    ];
    await Promise.all(
      wanted.filter((src) => src && !decoded.has(src)).map(async (src) => decoded.set(src, await picture3(src)))
    );
  }
  async function truths({ truth: truth2, size: size2 }) {
    const sprite = await picture3(truth2);
    return Array.from({ length: size2.batch }, (_, i) => {
      const canvas = document.createElement("canvas");
      canvas.width = size2.width;
      canvas.height = size2.height;
      canvas.getContext("2d")?.drawImage(sprite, -i * size2.width, 0);
      return canvas.toDataURL("image/png");
    });
  }
  function runFilm(run, kind2) {
    const { size: size2, history } = run, seen = run.frames ?? [];
    const tile = (src, i, row2 = 0) => {
      const image2 = decoded.get(src);
      return image2 ? { image: image2, x: i * size2.width, y: row2 * size2.height, side: size2.width } : null;
    };
    const v = run.verdict;
    return {
      kind: kind2,
      tiles: size2.batch,
      steps: ["done", "recorded"].includes(run.state) ? seen.at(-1)?.iteration ?? run.total : run.total,
      frames: seen.map((f) => ({
        step: f.iteration,
        psnr: f.psnr,
        ssim: at(history, "ssim", f.iteration),
        loss: at(history, "loss", f.iteration)
      })),
      tile: (frame2, i) => run.sprite ? tile(run.sprite, i, seen[frame2].row) : tile(seen[frame2].src, i),
      control: (i) => v ? tile(v.control.src, i) : null,
      truth: (i) => size2.width === STAGE ? null : tile(run.truth, i),
      verdict: v && {
        level: v.level,
        rank: v.rank,
        control_rank: v.control_rank,
        candidates: v.candidates ?? 100,
        reason: v.reason
      },
      band: run.wire ?? null,
      share: run.wire?.share ?? null,
      numel: run.numel,
      controlScore: v && { psnr: v.control.psnr, ssim: null },
      tried: [run.scenario.attack],
      scenario: run.scenario,
      run
    };
  }

  // gi_core/web/screens/explore/running.js
  var IDLE = { id: "", phase: "idle", key: "", run: null, message: "", place: 0, wait: 0, began: 0, share: 0 };
  var busy = (running) => ["starting", "queued", "running", "judging"].includes(running.phase);
  function reduce(state, { request, run }) {
    if (!run || request !== state.id) return state;
    if (run.state === "queued") return { ...state, phase: "queued", place: run.place, wait: run.wait };
    if (run.state === "failed") return { ...state, phase: "failed", message: run.message };
    const shown2 = { ...state.run, ...run };
    if (run.state === "recorded") return { ...state, phase: "replay", run: shown2 };
    if (run.state === "judging") return { ...state, phase: "judging", run: shown2, share: run.judging ?? 0 };
    return { ...state, phase: (
      /** @type {Phase} */
      run.state
    ), run: shown2 };
  }
  var SILENCE = 2e4;
  function createRunner({ line, changed, word: word2 }) {
    let state = IDLE, alarm = 0;
    const waiting = [];
    const set = (next) => {
      state = next;
      clearTimeout(alarm);
      if (busy(state))
        alarm = window.setTimeout(() => set({ ...state, phase: "failed", message: word2("explore.no_answer") }), SILENCE);
      changed(state);
    };
    return {
      get state() {
        return state;
      },
      /** @param {string} key @param {Record<string, any>} request settings and pictures */
      start(key2, request) {
        const id = crypto.getRandomValues(new Uint32Array(4)).join("");
        set({ ...IDLE, id, key: key2, phase: "starting", began: performance.now() });
        const send = () => line()?.trigger("run", { id, ...request });
        if (line()) send();
        else waiting.push(send);
      },
      /** Take up somebody else's run, whose messages come under this id. @param {string} id @param {string} key */
      follow(id, key2) {
        if (state.id !== id || state.key !== key2) set({ ...IDLE, id, key: key2, began: performance.now() });
      },
      stop() {
        if (!busy(state)) return;
        line()?.stop(state.id).then((answer) => {
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
        waiting.splice(0).forEach((send) => send());
      }
    };
  }

  // gi_core/web/screens/explore/telling.js
  var plain = (value) => new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }).format(value);
  function tick(defense2, strength3) {
    if (!strength3) return t(`explore.tick_none_${defense2}`);
    return defense2 === "topk" ? t("explore.percent", { n: plain(100 * strength3) }) : plain(strength3);
  }
  var strength2 = (defense2, strength3) => t(strength3 ? `explore.with_${defense2}` : `explore.without_${defense2}`, { n: tick(defense2, strength3) });
  function headline2({ level, mixed: mixed2, own, running }) {
    const many = mixed2 > 1 ? "_many" : "";
    if (running) return t("explore.head_running" + many);
    if (level === null) return t((own ? "explore.head_own" : "explore.head_unrun") + many);
    return t("explore.head" + many, { what: t(`explore.head_${level}${many}`) });
  }
  function sentence3({ defense: defense2, strength: s, mixed: mixed2, own }, verdict) {
    const level = standing(verdict);
    if (mixed2 > 1) return t("explore.say_many", { n: mixed2, what: t(`explore.say_many_${level}`) });
    if (defense2 === "noise" && s >= proven(mixed2)) return t("explore.say_proven", { with: strength2(defense2, s) });
    const bare2 = s === 0 && verdict.level === 3 && !own;
    return bare2 ? t("explore.say_bare") : t(`explore.say_${level}`, { with: strength2(defense2, s) });
  }
  var reason = (verdict, gain2) => [
    t("explore.why", {
      candidates: verdict.candidates,
      rank: ordinal(verdict.rank, words),
      control: ordinal(verdict.control_rank, words)
    }),
    standing(verdict) === 0 && gain2 !== null ? distance(gain2) : "",
    verdict.inspection ? t(`explore.inspected_${verdict.inspection.level}`) : ""
  ].filter(Boolean).join(" ");
  var distance = (gain2) => t(Math.abs(gain2) < ALIKE ? "explore.alike" : "explore.apart", { n: number(Math.abs(gain2)), most: ALIKE });
  function prompt({ defense: defense2, strength: s, mixed: mixed2, own, network }, level, flag, hides, cost2) {
    if (level === null && own) return [t("explore.ask_own"), t("explore.ask_own_note")];
    if (level === null)
      return [
        t(defense2 === "noise" && network !== "lenet" ? "explore.ask_network" : `explore.ask_${defense2}`),
        t("explore.ask_unrun")
      ];
    if (mixed2 > 1) return [t("explore.ask_mixed"), t("explore.ask_mixed_note")];
    const stands = flag === null ? t("explore.ask_flag") : t("explore.flag_stands", { f: tick(defense2, flag) });
    if (flag === null && s === 0) return [t(`explore.ask_${defense2}`), stands];
    if (level === "short") return [t("explore.short"), t("explore.short_note")];
    if (level > 1) return [t("explore.still"), stands];
    if (level === 1) return [t("explore.colours"), stands];
    const found2 = hides ?? s, verdict = flag === null ? "" : guessed(flag, found2, defense2);
    const after = [verdict, price(defense2, cost2)].filter(Boolean).join(" ");
    return [t("explore.hidden", { z: tick(defense2, found2) }), after || stands];
  }
  var guessed = (flag, found2, defense2) => t(flag === found2 ? "explore.guess_exact" : flag > found2 ? "explore.guess_more" : "explore.guess_less", {
    f: tick(defense2, flag)
  });
  var price = (defense2, cost2) => cost2 ? t("explore.costs", { with: strength2(defense2, cost2.strength), n: number(100 * cost2.share, 1) }) : "";
  function readout({ defense: defense2, strength: s }, share) {
    if (!s) return [t(`explore.read_none_${defense2}`), t("explore.read_none")];
    const head = t(`explore.read_${defense2}`, { n: tick(defense2, s) });
    if (defense2 !== "noise") return [head, t(`explore.read_${defense2}_note`)];
    if (share === null) return [head, t("explore.read_noise_cut")];
    const part = share < 0.01 ? t("explore.less_than_one") : t("explore.percent", { n: whole(100 * share) });
    return [
      head,
      `${t("explore.read_noise_note", { share: part })}<span class="more"> ${t("explore.read_noise_cut")}</span>`
    ];
  }
  var figures = (frame2, steps, brief) => ({
    psnr: t("explore.db", { n: number(frame2?.psnr) }),
    ssim: number(frame2?.ssim, 2),
    loss: twoFigures(frame2?.loss),
    step: !frame2 || !steps ? "–" : brief ? whole(frame2.step) : t("explore.step_of", { at: whole(frame2.step), of: whole(steps) })
  });
  function time(seconds) {
    if (seconds === null) return t("explore.time_unknown");
    const [low, high] = range(seconds);
    if (high < 120) return t("explore.time_seconds", { low, high });
    return t("explore.time_minutes", {
      low: Math.max(1, Math.round(low / 60)),
      high: Math.max(2, Math.round(high / 60))
    });
  }

  // gi_core/web/lib/refusals.js
  var KINDS3 = [
    ["unknown", /^unknown [\w ]+? (?<value>'[^']*'|"[^"]*").*: allowed are (?<allowed>.*)$/],
    ["most_here", /^(?<name>\w+)=(?<value>\S+): at most (?<most>\S+) is allowed on this server$/],
    ["most", /^(?<name>\w+)=(?<value>\S+): at most (?<most>.+) is allowed$/],
    ["allowed", /^(?<name>\w+)=(?<value>.+?): allowed are (?<allowed>.*)$/],
    ["between", /^(?<name>[\w-]+)=(?<value>.+?): from (?<low>\S+) to (?<high>\S+) is allowed$/],
    ["least", /^(?<name>[\w-]+)=(?<value>.+?): at least (?<low>\S+) is allowed$/],
    ["finite", /^(?<name>\w+)=(?<value>.+?): a finite number is needed$/],
    ["needed", /^(?<name>\w+)=(?<value>.+?): .+ is needed$/],
    ["steps", /^update=gradient with local_steps=(?<value>\d+): after several steps a client has a weight delta to send/],
    ["example", /^defense=(?<value>.+?) acts on per-example gradients, but the client sends a weight delta/],
    ["empty", /^(?<name>\w+) is empty: a value is needed$/],
    ["unbalanced", /^unbalanced parentheses in (?<value>.*)$/],
    ["full", /^(?<n>\d+) runs are waiting already: please try again in a minute$/],
    ["yours", /^(?<n>\d+) of your runs are under way: stop one, or wait for it$/],
    ["rooms", /^(?<n>\d+) rooms are open already: one has to close first$/],
    ["room", /^this room is closed, or its code is mistyped: ask for the link again$/],
    ["crashed", /^this run failed on the server, which is a fault of this program$/],
    ["stopped", /^stopped, or out of time, before the attack's first step$/]
  ];
  function kindOf(sentence4) {
    const whole2 = sentence4.replace(/\.$/, ""), text = whole2.slice(0, 1).toLowerCase() + whole2.slice(1);
    for (const [kind2, pattern] of KINDS3) {
      const found2 = pattern.exec(text);
      if (found2) return [kind2, { ...found2.groups }];
    }
    return null;
  }
  function refusal2(sentence4) {
    const found2 = language === "en" ? null : kindOf(sentence4);
    if (!found2 || !words[`refused.${found2[0]}`]) return sentence4;
    const [kind2, values] = found2;
    return t(`refused.${kind2}`, { ...values, name: words[`explore.f_${values.name}`] ?? values.name });
  }

  // gi_core/web/screens/explore/view.js
  function put3(node, html) {
    if (node.dataset.said !== html) {
      node.innerHTML = html;
      node.dataset.said = html;
    }
  }
  function draw3(find, look) {
    drawPair(find, look);
    drawWire(find, look);
    drawFilm(find, look);
    drawNumbers(find, look);
    drawVerdict2(find, look);
  }
  var BUSY = ["starting", "queued", "running", "judging"];
  var busy2 = (look) => BUSY.includes(look.running.phase);
  function owned(look) {
    if (look.where === "server" && busy2(look)) return "explore.lent";
    return look.lent ? "explore.was_lent" : "explore.still_here";
  }
  function veiled({ film, choices: choices2, running, attacked }) {
    if (film || BUSY.includes(running.phase)) return null;
    return choices2.own && !attacked ? ["explore.veil_own", "explore.veil_own_note"] : ["explore.veil_unrun", "explore.veil_unrun_note"];
  }
  function drawPair(find, look) {
    const { choices: choices2, film, frame: frame2, truth: truth2, running } = look, many = choices2.mixed > 1 ? "_many" : "", own = choices2.own;
    sheet(find("truth"), truth2);
    const tiles2 = film ? truth2.map((_, i) => look.controlHeld ? film.control(i) : film.tile(frame2, i)) : [];
    if (film) sheet(find("guess"), tiles2);
    else if (busy2(look)) noise(find("guess"), truth2.length, look.side);
    if (film) contrast(find("difference"), find("truth"), find("guess"));
    const veil2 = veiled(look);
    find("veil").hidden = !veil2;
    if (veil2) {
      put3(find("veil-title"), t(veil2[0]));
      put3(find("veil-note"), t(veil2[1]));
    }
    find("attacked").classList.toggle("control-held", look.controlHeld && Boolean(film));
    put3(find("own-title"), t((own ? "explore.own_title" : "explore.private_title") + many));
    put3(find("own-note"), t(own ? owned(look) : "explore.stays" + many));
    put3(
      find("mid-title"),
      t(document.body.classList.contains("projector") ? "explore.update_short" : "explore.update_title")
    );
    put3(
      find("numbers"),
      look.wire?.numel ? t("explore.numbers", { n: whole(look.wire.numel) }) : t("explore.not_computed")
    );
    put3(
      find("guess-title"),
      t(look.phone ? "explore.guess_title_short" : look.controlHeld ? "explore.control" : "explore.guess_title")
    );
    put3(find("guess-note"), film ? t(busy2(look) ? "explore.so_far" : "explore.from_update") : "");
    put3(find("size-note"), t(own ? "explore.shrunk" : "explore.size", { side: look.side }));
    const level = film?.verdict ? standing(film.verdict) : null, name = level === null ? "" : t(`explore.word_${level}`);
    find("guess").setAttribute(
      "aria-label",
      film ? t("explore.guess_alt", { word: name, step: film.frames[frame2]?.step ?? 0 }) : t("explore.guess_none")
    );
    find("truth").setAttribute("aria-label", t(own ? "explore.own_alt" : "explore.truth_alt", { name: choices2.picture }));
    find("stage").dataset.state = veil2 ? own ? "own" : "unrun" : running.phase;
  }
  var seed = 1;
  function noise(canvas, count, side) {
    const made3 = layout(count).side * side, drawn = canvas.getContext("2d");
    if (!drawn) return;
    canvas.width = canvas.height = made3;
    const pixels2 = drawn.createImageData(made3, made3);
    for (let i = 0; i < pixels2.data.length; i++) {
      seed = (1664525 * seed + 1013904223) % 4294967296;
      pixels2.data[i] = i % 4 === 3 ? 255 : seed >>> 24;
    }
    drawn.putImageData(pixels2, 0, 0);
  }
  function drawWire(find, look) {
    const { choices: choices2, stops, film, dragged } = look, { defense: defense2, strength: strength3 } = choices2;
    const level = film?.verdict ? standing(film.verdict) : null, at2 = dragged ?? place(defense2, stops, strength3);
    find("bandbox").classList.toggle("empty", !look.wire);
    if (look.wire)
      drawBand(
        find("band"),
        look.wire,
        look.phone ? 0 : parseInt(getComputedStyle(find("explore")).getPropertyValue("--lead"))
      );
    find("band").setAttribute(
      "aria-label",
      look.wire?.numel ? t("explore.band_alt", { n: whole(look.wire.numel) }) : t("explore.not_computed")
    );
    find("knob").style.left = at2 + "%";
    find("track").style.width = `calc(${at2}% + ${16 - at2 * 0.32}px)`;
    find("bound").style.width = `calc(${100 - place(defense2, stops, proven(choices2.mixed))}% + 16px)`;
    find("bound").hidden = find("never").hidden = defense2 !== "noise";
    find("chev").style.left = `calc(${at2}% + 24px)`;
    find("chev").hidden = look.touched || !film || strength3 !== 0;
    drawFlag(find("flag"), look);
    const [ask2, note] = prompt(choices2, busy2(look) ? null : level, look.flag, look.hides, look.price);
    put3(find("ask"), busy2(look) ? t("explore.live") : ask2);
    put3(find("ask-note"), busy2(look) ? t("explore.live_note") : note);
    const [read, readNote] = readout(choices2, look.wire?.share ?? null);
    for (const row2 of find("keys3").children)
      row2.classList.toggle("on", defense2 === "noise" && strength3 === [0, 1e-3, 0.01][Number(row2.dataset.key) - 1]);
    for (const name of ["network", "defense", "picture"])
      find(name).value = choices2[
        /** @type {"network"} */
        name
      ];
    for (const button4 of find("pictures").children) {
      const on2 = Number(button4.dataset.n) === choices2.mixed;
      button4.setAttribute("aria-checked", String(on2));
      button4.tabIndex = on2 ? 0 : -1;
    }
    put3(find("network-name"), t(`explore.name_${choices2.network}`));
    put3(find("read"), read);
    put3(find("read-note"), readNote);
    const input2 = find("noise");
    input2.max = stops.length - 1;
    input2.value = stops.indexOf(strength3);
    input2.setAttribute("aria-label", t(`explore.slider_${defense2}`));
    input2.setAttribute(
      "aria-valuetext",
      `${strength2(defense2, strength3)}: ${t(level === null ? "explore.word_unrun" : `explore.word_${level}`)}`
    );
    drawTicks(find("ticks"), look);
  }
  function drawFlag(node, { choices: choices2, stops, flag, ghost, film, running }) {
    const { defense: defense2, mixed: mixed2, own } = choices2, at2 = flag === null ? ghost ?? place(defense2, stops, defense2 === "noise" ? 0.03 : stops[Math.floor(stops.length / 2)]) : place(defense2, stops, flag);
    node.hidden = Boolean(own) || mixed2 > 1 || !film || BUSY.includes(running.phase);
    node.classList.toggle("ghost", flag === null);
    node.classList.toggle("flip", at2 > 60);
    node.style.left = at2 + "%";
    put3(
      /** @type {HTMLElement} */
      node.firstElementChild,
      t(flag === null ? "explore.flag_ask" : "explore.flag")
    );
  }
  function drawTicks(box2, { choices: choices2, stops }) {
    const { defense: defense2, strength: strength3 } = choices2, marks = labelled(defense2, stops);
    put3(
      box2,
      marks.map(
        (s) => `<span class="tick" data-s="${s}" style="left:${place(defense2, stops, s)}%">${tick(defense2, s)}</span>`
      ).join("")
    );
    for (const mark3 of box2.children)
      mark3.classList.toggle("on", Number(
        /** @type {HTMLElement} */
        mark3.dataset.s
      ) === strength3);
  }
  function drawFilm(find, look) {
    const { film, frame: frame2, truth: truth2 } = look, strip2 = [...find("thumbs").querySelectorAll("canvas")];
    const shown2 = film ? film.frames.length : 0, want = film ? spread2(shown2, strip2.length) : [];
    const at2 = film ? want.filter((w) => w <= frame2).length - 1 : -1;
    strip2.forEach((canvas, i) => {
      const box2 = canvas.parentElement, key2 = film ? `${film.tiles} ${want[i]}` : "";
      box2.classList.toggle("none", !film);
      box2.classList.toggle("at", i === at2);
      if (film)
        sheet(
          canvas,
          truth2.map((_, n) => film.tile(want[i], n)),
          0
        );
      box2.dataset.frame = film ? String(want[i]) : "";
      box2.dataset.key = key2;
    });
    const scrub = find("scrub");
    scrub.max = Math.max(1, shown2 - 1);
    scrub.value = film ? frame2 : 0;
    scrub.disabled = !film || shown2 < 2;
    scrub.style.setProperty("--at", film && shown2 > 1 ? `${100 * frame2 / (shown2 - 1)}%` : film ? "100%" : "0%");
    scrub.setAttribute(
      "aria-valuetext",
      film ? t("explore.step_alt", { n: film.frames[frame2]?.step ?? 0 }) : t("explore.word_unrun")
    );
    const play = find("play");
    play.disabled = !film || shown2 < 2;
    put3(play, icon(look.playing ? "pause" : "play"));
    play.setAttribute("aria-label", t(look.playing ? "explore.pause" : "explore.play"));
    find("ctl").classList.toggle("none", !film?.verdict);
    if (film?.verdict)
      sheet(
        find("control"),
        truth2.map((_, i) => film.control(i)),
        0
      );
    put3(find("control-note"), t(busy2(look) ? "explore.control_next" : "explore.control_note"));
    put3(find("status"), status(look));
  }
  function status({ film, running, choices: choices2 }) {
    const n = choices2.mixed, means = n > 1 ? " " + t("explore.means", { n }) : "";
    if (running.phase === "starting") return t("explore.state_starting");
    if (running.phase === "queued")
      return t("explore.state_queued", { place: running.place, wait: time(Math.max(1, running.wait)) });
    if (running.phase === "judging") return t("explore.state_judging");
    if (running.phase === "running") return t("explore.state_running") + means;
    if (!film) return "";
    const kind2 = running.phase === "stopped" ? t("explore.state_stopped", { n: whole(film.frames.at(-1)?.step) }) : t(film.frames.length < 2 ? `explore.state_${film.kind}_one` : `explore.state_${film.kind}`);
    return kind2 + means;
  }
  function drawNumbers(find, look) {
    const frame2 = look.film?.frames[look.frame] ?? null, steps = look.film?.steps ?? 0;
    for (const [box2, brief] of [
      [find("metrics"), look.phone],
      [find("side-numbers"), true]
    ]) {
      const told3 = (
        /** @type {Record<string, string>} */
        figures(frame2, steps, Boolean(brief))
      );
      for (const [name, value] of Object.entries(told3)) put3(box2.querySelector(`[data-n=${name}] dd`), value);
    }
  }
  function drawVerdict2(find, look) {
    const { choices: choices2, film } = look, verdict = busy2(look) ? null : film?.verdict ?? null, working = busy2(look);
    const level = verdict ? standing(verdict) : null;
    put3(find("headline"), headline2({ level, mixed: choices2.mixed, own: Boolean(choices2.own), running: working }));
    find("squares").hidden = !verdict;
    if (verdict) {
      put3(find("squares"), [1, 2, 3].map((i) => `<i class="${i <= verdict.level ? "on" : ""}"></i>`).join(""));
      find("squares").setAttribute("aria-label", t("explore.squares", { n: verdict.level }));
    }
    const [word2, say2, why] = told2(look, verdict);
    put3(find("word"), word2);
    put3(find("say"), say2);
    put3(find("why"), why);
    put3(find("nearest"), look.nearest ? t("explore.nearest", { what: look.nearest.label }) : "");
    find("nearest").hidden = working || !look.nearest;
    find("run").hidden = working;
    find("stop").hidden = !working;
    find("acts").hidden = working || level === null;
    drawButton(find, look);
  }
  function told2(look, verdict) {
    const { choices: choices2, film, running } = look;
    if (running.phase === "failed")
      return [t("explore.word_refused"), escape(refusal2(running.message)), t("explore.refused_note")];
    if (running.phase === "starting" || running.phase === "running")
      return [t("explore.word_working"), t("explore.say_working"), t("explore.say_working_note")];
    if (running.phase === "queued")
      return [
        t("explore.word_queued"),
        t("explore.say_queued", { place: running.place, wait: time(Math.max(1, running.wait)) }),
        ""
      ];
    if (running.phase === "judging")
      return [
        t("explore.word_judging"),
        t("explore.say_judging", { share: running.share }),
        t("explore.say_working_note")
      ];
    if (verdict) {
      const why = reason(verdict, gain(film));
      return [t(`explore.word_${standing(verdict)}`), sentence3(choices2, verdict), why];
    }
    if (look.impossible) return [t("explore.word_unrun"), escape(refusal2(look.impossible)), ""];
    if (film) return [t("explore.word_unjudged"), t("explore.say_unjudged"), t("explore.say_unjudged_note")];
    if (choices2.own && !look.attacked)
      return [
        t("explore.word_ready"),
        t("explore.say_own"),
        t(look.where === "device" ? "explore.say_own_here" : "explore.say_own_note", { side: look.side })
      ];
    return [t("explore.word_unrun"), t("explore.say_unrun"), t("explore.say_unrun_note")];
  }
  function drawButton(find, { choices: choices2, film, seconds, wait, impossible, running, where }) {
    const again = film && (film.kind !== "recorded" || running.phase === "stopped");
    put3(
      find("run-text"),
      t(
        choices2.own && !again ? "explore.run_own" : again ? "explore.run_again" : film ? "explore.run_live" : "explore.run"
      )
    );
    const time2 = wait < 1 ? time(seconds) : t("explore.after_others", { wait: time(wait) }), place2 = where ? `<span class="where">, ${t(`explore.on_${where}`)}</span>` : "";
    put3(find("run-time"), time2 + place2);
    find("run").disabled = Boolean(impossible);
    find("run").title = refusal2(impossible);
  }
  function build(find, { networks, defenses, pictures: pictures2 }) {
    find("thumbs").innerHTML = "<div><canvas></canvas></div>".repeat(16);
    find("pictures").innerHTML = MIXED.map(
      (n) => `<button type="button" role="radio" data-n="${n}" aria-checked="${n === 1}" tabindex="${n === 1 ? 0 : -1}">${n}</button>`
    ).join("");
    const numbers = ["psnr", "ssim", "loss", "step"].map(
      (name) => `<div data-n="${name}"><dt><span class="l">${t("explore.n_" + name)}</span><span class="s">${t("explore.s_" + name)}</span></dt><dd></dd></div>`
    ).join("");
    find("metrics").innerHTML = find("side-numbers").innerHTML = numbers;
    const options2 = (name, list, prefix) => find(name).replaceChildren(...list.map((value) => new Option(words[prefix + value] ?? value, value)));
    options2("network", networks, "explore.network_");
    options2("defense", defenses, "explore.defense_");
    options2("picture", pictures2, "sample_");
    find("keys3").innerHTML = [1, 2, 3].map((n) => `<p data-key="${n}"><kbd>${n}</kbd>${t("explore.key_" + n)}</p>`).join("");
  }

  // gi_core/web/screens/explore/controller.js
  var KEPT2 = 12;
  var PAUSE = 250;
  var AGAIN = 4e3;
  var start2 = (catalog) => ({
    /** @type {model.Choices} */
    choices: {
      network: catalog.networks[0],
      defense: catalog.defenses[0],
      strength: 0,
      mixed: 1,
      own: null,
      expert: {},
      picture: catalog.samples[0].name
    },
    frame: 0,
    following: true,
    touched: false,
    controlHeld: false,
    /** Whether one's own picture was attacked before, and whether it was lent to the server. */
    attacked: false,
    lent: false,
    /** @type {number | null} */
    flag: null,
    /** @type {number | null} */
    ghost: null,
    /** @type {number | null} */
    dragged: null
  });
  function secondsOf2(cell, estimate2) {
    if (estimate2?.learnt || !cell) return estimate2?.seconds ?? null;
    return (estimate2?.load ?? 1) * 2 * cell.seconds + 1;
  }
  var SPOKEN = { network: "model", mixed: "batch_size", defense: "defense", strength: "defense" };
  var without = (expert, changes2) => Object.fromEntries(Object.entries(expert).filter(([name]) => !Object.keys(changes2).some((c) => SPOKEN[c] === name)));
  var LONG = 60;
  var slow = (estimate2) => Boolean(estimate2 && (estimate2.impossible || (estimate2.seconds ?? LONG) >= LONG));
  var sideOf = (image2) => Number(
    /** @type {{ width: number }} */
    image2.width
  );
  var Controller = class {
    /**
     * @param {(name: string) => any} find @param {Catalog} catalog
     * @param {ReturnType<typeof import("./atlas.js").openAtlas>} atlas
     */
    constructor(find, catalog, atlas) {
      this.find = find;
      this.catalog = catalog;
      this.atlas = atlas;
      this.state = start2(catalog);
      this.samples = catalog.samples.map((s) => s.name);
      this.truths = /* @__PURE__ */ new Map();
      this.finished = /* @__PURE__ */ new Map();
      this.estimates = /* @__PURE__ */ new Map();
      this.wires = /* @__PURE__ */ new Map();
      this.line = null;
      this.drawn = [];
      this.locked = /* @__PURE__ */ new Set();
      this.room = null;
      this.guest = null;
      this.connected = [];
      this.waiting = this.asking = 0;
      this.chain = Promise.resolve();
      this.runner = createRunner({
        line: () => this.line && {
          trigger: this.line.trigger,
          stop: (id) => this.line?.server.stop_run({ id }) ?? Promise.resolve()
        },
        changed: () => this.settle(),
        word: t
      });
      this.player = player(
        (frame2) => {
          this.state.frame = frame2;
          this.refresh();
        },
        () => this.refresh()
      );
    }
    /** What the choices come to: the recorded set and cell, the request, and which film is on. */
    subject() {
      const { choices: choices2 } = this.state, set = setOf(this.atlas.sets, choices2);
      const cell = cellOf(set, choices2.strength), settings = settingsOf(choices2, cell, this.catalog);
      const pictures2 = picturesOf(choices2, set, this.samples, Number(settings.batch_size)), key2 = keyOf2(settings, pictures2);
      const running = this.runner.state.key === key2 ? this.runner.state : IDLE;
      return { set, cell, settings, pictures: pictures2, key: key2, running, film: this.filmOf(set, cell, key2, running) };
    }
    /**
     * @param {model.AtlasSet | null} set @param {model.Cell | null} cell @param {string} key
     * @param {import("./running.js").Running} running
     */
    filmOf(set, cell, key2, running) {
      if (running.run?.frames?.length) return runFilm(running.run, running.phase === "replay" ? "replay" : "live");
      const before = busy(running) ? null : this.finished.get(key2);
      if (before) return before;
      if (busy(running) && running.phase !== "starting") return null;
      return set && cell && this.atlas.ready(set) ? recordedFilm(this.atlas, set, cell) : null;
    }
    /** @param {ReturnType<Controller["subject"]>} now @returns {import("./view.js").Look} */
    look(now) {
      const { state, catalog } = this, { film } = now, estimate2 = this.estimates.get(JSON.stringify(now.settings));
      const wire = film?.band ? { ...film.band, share: film.share, numel: film.numel } : this.wires.get(now.key) ?? null;
      const truth2 = now.pictures.map((p, i) => {
        const image2 = this.truths.get("sample" in p ? p.sample : p.data);
        return film?.truth(i) ?? (image2 ? { image: image2, x: 0, y: 0, side: sideOf(image2) } : null);
      });
      const last = Math.max(0, (film?.frames.length ?? 1) - 1);
      const here = !this.room && runsHere(now.settings, catalog.side, Object.keys(catalog.inverters?.parts ?? {})), where = here ? "device" : catalog.served ? "server" : null;
      return {
        ...state,
        film,
        truth: truth2,
        stops: stopsOf(now.set, state.choices.defense),
        running: now.running,
        wire,
        frame: now.running.phase === "starting" ? 0 : Math.max(0, Math.min(state.frame, last)),
        seconds: secondsOf2(now.cell, estimate2),
        where,
        wait: where === "server" ? estimate2?.wait ?? 0 : 0,
        impossible: where ? estimate2?.impossible ?? "" : t("explore.no_server"),
        hides: hidden(now.set),
        price: priceOf(now.set, hidden(now.set)),
        nearest: film || !slow(estimate2) ? null : this.nearest(now.settings),
        playing: this.player.playing,
        phone: innerWidth < 768,
        side: catalog.side
      };
    }
    refresh() {
      if (!this.waiting) this.waiting = requestAnimationFrame(() => this.redraw());
    }
    redraw() {
      cancelAnimationFrame(this.waiting);
      this.waiting = 0;
      const look = this.look(this.subject());
      draw3(this.find, look);
      this.drawn.forEach((also) => also(look));
    }
    /** After a step of the run: follow its newest frame, keep what it ended with, play a replay. */
    settle() {
      const now = this.subject(), { running, film } = now, frames = running.run?.frames?.length ?? 0;
      if (this.state.following && frames && !this.player.playing) this.state.frame = frames - 1;
      const ended = ["done", "stopped", "replay"].includes(running.phase) && film;
      if (ended) {
        this.state.attacked = Boolean(this.state.choices.own);
        this.estimates.delete(JSON.stringify(now.settings));
        this.arrive();
        this.finished.set(now.key, ended);
        if (this.finished.size > KEPT2) this.finished.delete(
          /** @type {string} */
          this.finished.keys().next().value
        );
      }
      this.redraw();
      if (running.phase === "replay" && ended) this.player.play(frames);
    }
    /** Change what is chosen, but for what a teacher's link holds. @param {Partial<model.Choices>} changes */
    choose(changes2) {
      return this.take(Object.fromEntries(Object.entries(changes2).filter(([name]) => !this.locked.has(name))));
    }
    /**
     * Take choices up: the pictures at once, then what has to be loaded or asked for.
     * @param {Partial<model.Choices>} changes
     */
    take(changes2) {
      const { state } = this;
      this.player.stop();
      const others = ["picture", "own", "mixed"].some((name) => name in changes2);
      const expert = "expert" in changes2 ? {} : { expert: without(state.choices.expert, changes2) };
      Object.assign(state.choices, others ? { batch: null } : {}, expert, changes2);
      if ("defense" in changes2) {
        state.flag = state.ghost = null;
        state.choices.strength = changes2.strength ?? 0;
      }
      const stops = stopsOf(setOf(this.atlas.sets, state.choices), state.choices.defense);
      state.choices.strength = closest(state.choices.defense, stops, state.choices.strength);
      state.frame = Number.MAX_SAFE_INTEGER;
      state.following = true;
      this.refresh();
      return this.arrive();
    }
    /** The recorded run most like what is chosen, in words and as choices. @param {Record<string, any>} settings */
    nearest(settings) {
      const { choices: choices2 } = this.state, set = nearestSet(this.atlas.sets, choices2, String(settings.model));
      if (!set) return null;
      const { network, defense: defense2, mixed: mixed2 } = set, kept = defense2 === choices2.defense ? choices2.strength : 0, strength3 = closest(defense2, set.strengths, kept), pictures2 = t("explore.of_pictures", { n: mixed2 }), label2 = [t(`explore.network_${network}`), strength2(defense2, strength3), pictures2];
      const there = { network, defense: defense2, mixed: mixed2, strength: strength3, picture: set.pictures[0], own: null, expert: {} };
      return { label: label2.join(", "), choices: there };
    }
    /** Load what the choices need, ask the server what it can tell of them. */
    async arrive() {
      const { set } = this.subject();
      if (set && !(this.atlas.ready(set) && set.cells)) {
        await this.atlas.load(set).catch(() => toast(t("explore.not_loaded")));
        this.refresh();
      }
      clearTimeout(this.asking);
      if (this.state.dragged !== null) return;
      this.asking = window.setTimeout(() => this.ask(), PAUSE);
    }
    async ask() {
      const { settings, pictures: pictures2, key: key2, film } = this.subject(), named5 = JSON.stringify(settings), server = this.line?.server;
      if (!server?.explore_estimate) return;
      if (!film && !this.state.choices.own && !this.wires.has(key2))
        server.explore_update({ settings, pictures: pictures2 }).then((told4) => {
          if (told4 && !told4.error) this.wires.set(key2, told4);
          this.refresh();
        }, () => {
        });
      if (this.estimates.has(named5)) return;
      const told3 = await server.explore_estimate({ settings });
      const { seconds = null, wait = 0, load = 1, learnt = false, error = "" } = told3 ?? {};
      this.estimates.set(named5, { seconds, wait, load, learnt, impossible: error });
      if (told3?.slow) setTimeout(() => this.askAgain(named5), AGAIN);
      this.refresh();
    }
    /**
     * Nobody knew how long these settings take: by now others may have run, or the machine has less to do.
     * @param {string} named
     */
    askAgain(named5) {
      this.estimates.delete(named5);
      if (JSON.stringify(this.subject().settings) === named5) this.ask();
    }
    /** The server is there. @param {Line["trigger"]} trigger @param {Line["server"]} server */
    connect(trigger, server) {
      this.line = { trigger, server };
      this.runner.connected();
      this.connected.splice(0).forEach((act) => act());
      this.arrive();
      this.refresh();
    }
    /** @param {any} message */
    receive(message) {
      const { guest } = this;
      if (guest) {
        if (message) this.chain = this.chain.then(() => guest(message)).catch(() => toast(t("explore.not_loaded")));
        return;
      }
      if (!message?.run) return this.runner.receive(message);
      this.chain = this.chain.then(() => decode3(message.run)).then(
        () => this.runner.receive(message),
        () => toast(t("explore.not_loaded"))
      );
    }
    run() {
      const now = this.subject();
      if (busy(this.runner.state)) this.runner.stop();
      const { impossible, where } = this.look(now);
      if (impossible) return;
      this.state.lent ||= Boolean(this.state.choices.own) && where === "server";
      this.state.following = true;
      this.player.stop();
      this.state.frame = 0;
      const { settings, pictures: pictures2 } = now;
      this.runner.start(now.key, { settings, pictures: pictures2, ...this.room ? { room: this.room } : {} });
      this.redraw();
    }
    stop() {
      this.runner.stop();
    }
    play() {
      const { film } = this.subject();
      if (this.player.playing) this.player.stop();
      else if (film) this.player.play(film.frames.length);
    }
    /** @param {number} frame */
    seek(frame2) {
      const last = (this.subject().film?.frames.length ?? 1) - 1;
      this.player.stop();
      this.state.frame = Math.max(0, Math.min(last, frame2));
      this.state.following = this.state.frame === last;
      this.refresh();
    }
    /** Show the control's answer in place of the reconstruction. @param {boolean} on */
    holdControl(on2) {
      this.state.controlHeld = on2 && Boolean(this.subject().film?.verdict);
      this.refresh();
    }
    /**
     * Set a field of the Scenario in the drawer; what the wire can say is said there.
     * @param {string} name @param {string} value
     */
    expert(name, value) {
      const mixed2 = Number(value), wire = name === "defense" ? wireOf(value, this.atlas.sets, this.catalog.usual) : null;
      if (wire) return this.choose(wire);
      if (name === "model" && this.catalog.networks.includes(value)) return this.choose({ network: value });
      if (name === "batch_size" && MIXED.includes(mixed2)) return this.choose({ mixed: mixed2 });
      return this.choose({ expert: { ...this.state.choices.expert, [name]: value } });
    }
    /**
     * Choices that stand for these settings: on the wire what it can say, the rest in the drawer.
     * @param {Record<string, any>} settings
     */
    choicesOf(settings) {
      const { defaults, networks } = this.catalog, wire = wireOf(String(settings.defense ?? "none"), this.atlas.sets, this.catalog.usual);
      const changed = Object.entries(settings).filter(([name, value]) => String(value) !== String(defaults[name]));
      const expert = Object.fromEntries(changed.map(([name, value]) => [name, String(value)]));
      const network = networks.includes(settings.model) ? settings.model : this.state.choices.network;
      const mixed2 = MIXED.includes(Number(settings.batch_size)) ? Number(settings.batch_size) : 1;
      if (network === settings.model) delete expert.model;
      if (mixed2 === Number(settings.batch_size)) delete expert.batch_size;
      if (wire) delete expert.defense;
      return { network, mixed: mixed2, expert, ...wire };
    }
    /**
     * Take up the settings of an address; where they are those of a recorded cell, the cell itself.
     * @param {Record<string, any>} settings @param {string | null} [picture] a sample's name
     */
    async adopt(settings, picture4) {
      const sample = this.samples.includes(picture4) ? { picture: String(picture4), own: null } : {}, taken = { ...this.choicesOf(settings), ...sample }, plain2 = { ...this.state.choices, ...taken, expert: {}, batch: null }, set = setOf(this.atlas.sets, plain2);
      if (set) await this.atlas.load(set).catch(() => {
      });
      const cell = cellOf(set, plain2.strength), { defaults } = this.catalog, same = cell && equal({ ...defaults, ...settings }, { ...defaults, ...cell.scenario });
      return this.take(same ? { ...taken, expert: {} } : taken);
    }
    /**
     * Put a run from elsewhere on the stage, with its own pictures.
     * @param {Record<string, any>} run as payload.py writes it
     */
    async open(run) {
      if (!run.frames) return this.adopt(run.scenario ?? run.settings);
      await decode3(run);
      await this.place(run);
      this.finished.set(this.subject().key, runFilm(run, "replay"));
      this.state.frame = 0;
      this.play();
      this.refresh();
    }
    /** Choose what a run was run with. @param {Record<string, any>} run */
    async place(run) {
      const known2 = run.pictures.every((name) => this.samples.includes(name)), batch = known2 ? run.pictures : await truths(run);
      await Promise.all(
        batch.map(async (name) => {
          if (!this.truths.has(name)) this.truths.set(name, await picture3(name));
        })
      );
      this.take({ ...this.choicesOf(run.scenario), own: null, picture: known2 ? batch[0] : this.samples[0], batch });
    }
    /** Some stops to the right. @param {number} by */
    step(by) {
      const stops = this.stops(), at2 = stops.indexOf(this.state.choices.strength);
      this.state.touched = true;
      return this.choose({ strength: stops[Math.max(0, Math.min(stops.length - 1, at2 + by))] });
    }
    stops() {
      return stopsOf(setOf(this.atlas.sets, this.state.choices), this.state.choices.defense);
    }
    /** Take one's own pictures. @param {string[]} given data addresses */
    async own(given) {
      await Promise.all(given.map(async (src) => this.truths.set(src, await picture3(src))));
      for (const old of this.state.choices.own ?? []) if (!given.includes(old)) this.truths.delete(old);
      this.state.attacked = this.state.lent = false;
      return this.choose({ own: given });
    }
    setUp() {
      const { settings, pictures: pictures2 } = this.subject();
      return { settings, pictures: (
        /** @type {any} */
        pictures2
      ) };
    }
    /** What differs from a plain Scenario, as an address's query. */
    query() {
      const { settings } = this.subject(), { defaults } = this.catalog;
      const changed = Object.entries(settings).filter(([name, value]) => value !== defaults[name]), { picture: shown2, own } = this.state.choices, query2 = new URLSearchParams(changed.map(([name, value]) => [name, String(value)]));
      if (!own && shown2 !== this.samples[0]) query2.set("picture", shown2);
      return query2.toString();
    }
    address() {
      const room4 = document.body.dataset.tab ?? "explore", query2 = new URLSearchParams(this.query());
      if (room4 !== "explore") query2.set("tab", room4);
      return `${location.href.split("?")[0]}${query2.size ? `?${query2}` : ""}`;
    }
  };

  // gi_core/web/screens/explore/explore.html
  var explore_default = '<div class="explore" data-r="explore">\n  <div class="story"><h1 data-r="headline"></h1></div>\n  <section class="stage panel" data-r="stage" data-label="explore.stage">\n    <div class="wash" aria-hidden="true"></div>\n    <div class="lane-h l1"><h2 class="private" data-icon="lock"><span data-r="own-title"></span></h2><span class="small" data-r="own-note"></span></div>\n    <div class="lane-h mid"><h2 class="leaving" data-icon="leave"><span data-r="mid-title"></span></h2><span class="small" data-r="numbers"></span></div>\n    <div class="lane-h l3"><h2 class="attacker" data-icon="eye"><span data-r="guess-title"></span></h2><span class="small" data-r="guess-note"></span></div>\n    <div class="pic prv" data-r="private">\n      <canvas data-r="truth" data-testid="truth" role="img"></canvas>\n      <canvas class="over" data-r="difference" data-testid="difference" role="img" data-label="explore.difference_alt"></canvas>\n      <button type="button" class="drop" data-r="drop" data-testid="drop" data-icon="plus"><span data-t="explore.drop"></span></button>\n      <input type="file" class="sr" data-r="file" accept="image/png,image/jpeg,image/webp,image/gif,image/bmp" multiple tabindex="-1" data-label="explore.drop">\n    </div>\n    <div class="wire" data-r="wire">\n      <div class="prompt" data-r="prompt"><h2 data-r="ask"></h2><p class="small" data-r="ask-note"></p></div>\n      <div class="bandbox" data-r="bandbox"><canvas data-r="band" role="img"></canvas></div>\n      <div class="ruler" data-r="ruler">\n        <input type="range" data-r="noise" data-testid="noise" min="0" step="1" value="0">\n        <div class="groove" aria-hidden="true"><i data-r="track"></i><i class="cap-bound" data-r="bound"></i></div>\n        <div class="flag ghost" data-r="flag" aria-hidden="true"><span></span></div>\n        <div class="chev" data-r="chev" aria-hidden="true"><i data-icon="right"></i><i data-icon="right"></i></div>\n        <div class="knob" data-r="knob" aria-hidden="true"></div>\n        <div class="ticks" data-r="ticks" aria-hidden="true"></div>\n      </div>\n      <div class="readout"><span class="never" data-r="never" data-icon="slanted"><span data-t="explore.never"></span></span><b data-r="read"></b><p class="small" data-r="read-note"></p></div>\n      <div class="picks" data-r="picks">\n        <label class="pick net"><span class="tag"><span data-t="explore.network"></span> <i data-r="network-name"></i></span><span class="box"><select data-r="network" data-testid="network"></select></span></label>\n        <label class="pick def"><span class="tag"><span data-t="explore.defense"></span></span><span class="box"><select data-r="defense" data-testid="defense"></select></span></label>\n        <div class="mix" data-r="mix"><span class="tag"><span class="brief" data-t="explore.mixed"></span><span class="full" data-t="explore.mixed_full"></span></span><div class="seg" role="radiogroup" data-r="pictures" data-testid="pictures" data-label="explore.mixed_full"></div></div>\n      </div>\n      <dl class="side-numbers" data-r="side-numbers"></dl>\n      <div class="keys3" data-r="keys3" aria-hidden="true"></div>\n    </div>\n    <div class="pic atk" data-r="attacked">\n      <canvas data-r="guess" data-testid="guess" role="img"></canvas>\n      <div class="veil" data-r="veil" hidden><b data-r="veil-title"></b><p data-r="veil-note"></p></div>\n    </div>\n    <div class="film" data-r="film">\n      <button type="button" class="play" data-r="play" data-testid="play"></button>\n      <div class="reel">\n        <div class="thumbs" data-r="thumbs" aria-hidden="true"></div>\n        <input type="range" class="scrub" data-r="scrub" data-testid="scrub" min="0" max="15" step="1" value="0" data-label="explore.scrub">\n        <div class="foot small"><span data-r="status" data-testid="status" role="status"></span><dl class="nums" data-r="metrics" data-testid="metrics" data-label="explore.metrics"></dl></div>\n      </div>\n      <div class="ctl" data-r="ctl"><div class="frame"><canvas data-r="control" data-testid="control" role="img" data-label="explore.control_alt"></canvas></div>\n        <p class="small"><b class="control" data-t="explore.control"></b><br><span data-r="control-note"></span></p></div>\n    </div>\n    <div class="verdict" data-r="verdict-row">\n      <div class="word-box" data-r="word-box" data-testid="verdict"><span class="squares" data-r="squares" role="img"></span><p class="word" data-r="word"></p></div>\n      <div class="says"><p class="say" data-r="say"></p><p class="small" data-r="why"></p><button type="button" class="link" data-r="nearest" data-testid="nearest" hidden></button></div>\n      <div class="runbox"><button type="button" class="btn main" data-r="run" data-testid="run" data-icon="play"><span data-r="run-text"></span><small data-r="run-time"></small></button>\n        <button type="button" class="btn" data-r="stop" data-testid="stop" data-icon="stop" hidden><span data-t="explore.stop"></span></button></div>\n      <div class="acts" data-r="acts">\n        <button type="button" data-r="how" data-icon="eye"><span data-t="explore.how"></span></button>\n        <button type="button" data-r="keep" data-icon="plus"><span data-t="explore.keep"></span></button>\n        <button type="button" data-r="cheats" data-icon="warn"><span data-t="explore.cheats"></span></button>\n      </div>\n      <div class="keys" aria-hidden="true"><span><kbd>Space</kbd> <i data-t="explore.key_play"></i></span><span><kbd>C</kbd> <i data-t="explore.key_control"></i></span><span><kbd>Esc</kbd> <i data-t="explore.key_leave"></i></span></div>\n    </div>\n    <div class="cap left"><label class="which"><select data-r="picture" data-label="explore.picture"></select></label><span class="small" data-r="size-note"></span><button type="button" class="hold" data-r="hold-difference" data-icon="hold"><span data-t="explore.hold_difference"></span></button></div>\n    <div class="cap right"><button type="button" class="hold" data-r="hold-control" data-icon="hold"><span class="brief" data-t="explore.hold_control"></span></button></div>\n  </section>\n  <div class="acts-top" data-r="acts-top">\n    <button type="button" class="btn s" data-r="lesson" data-icon="book"><span data-t="explore.lesson_open"></span></button>\n    <button type="button" class="btn s" data-r="expert" data-testid="expert" aria-expanded="false" data-icon="gear"><span data-t="explore.expert"></span> <kbd>E</kbd></button>\n  </div>\n</div>\n';

  // gi_core/web/screens/explore/guest.js
  var room3 = () => new URLSearchParams(location.search).get("follow");
  function attend(root, control, code) {
    const id = crypto.getRandomValues(new Uint32Array(4)).join(""), bar = document.createElement("p");
    let shown2 = "";
    bar.className = "guest-bar";
    bar.setAttribute("role", "status");
    bar.dataset.testid = "guest";
    const leave = document.createElement("button"), said = document.createElement("span");
    leave.type = "button";
    leave.className = "btn s";
    leave.textContent = t("room_leave");
    leave.onclick = async () => {
      await control.line?.server.stop_run({ id });
      location.search = "";
    };
    bar.append(said, leave);
    root.prepend(bar);
    root.classList.add("guest");
    const tell = (...texts) => {
      said.textContent = [t("room_follow", { code }), ...texts].join(" ");
    };
    tell();
    control.line?.trigger("run", { id, follow: code });
    return async (message) => {
      if (message.room) tell(message.room.open ? message.room.running ? "" : t("room_wait") : t("room_closed"));
      const { run } = message;
      if (!run) return control.runner.receive(message);
      if (run.state === "failed" && !shown2) tell(run.message);
      if (run.frames) {
        await decode3(run);
        if (run.id !== shown2) {
          shown2 = run.id;
          await control.place(run);
          control.state.following = true;
          control.runner.follow(id, control.subject().key);
        }
      }
      control.runner.receive(message);
    };
  }

  // gi_core/web/screens/explore/checks.js
  var shown = (one) => {
    const says = escape(one.says), head = `<div class="pass"><h5>${escape(one.name)}</h5>`;
    if (!one.src) return `${head}<p lang="en">${says}</p></div>`;
    const gain2 = `${t("explore.m_gain")} ${t("explore.db", { n: signed(one.gain) })}`, rank = `${t("explore.m_rank")} ${ordinal(one.rank, words)}`;
    return `${head}<figure class="ctl"><canvas data-src="${one.src}" role="img" aria-label="${says}"></canvas></figure>
    <p><span lang="en">${says}</span><br>${t("explore.db", { n: number(one.psnr) })}, ${gain2}, ${rank}</p></div>`;
  };
  async function drawChecks(box2, told3, { width, height, batch }) {
    if (!told3?.controls) {
      box2.textContent = told3?.error ?? words.forgotten;
      return;
    }
    box2.innerHTML = told3.controls.map(shown).join("") + told3.checks.map((text) => `<p lang="en">${escape(text)}</p>`).join("");
    for (const canvas of box2.querySelectorAll("canvas"))
      tiles(canvas, await picture(canvas.dataset.src ?? ""), 0, batch, width, height);
  }

  // gi_core/web/screens/explore/grammar.js
  function split(text, mark3) {
    const parts = [""];
    let depth = 0;
    for (const c of text) {
      depth += Number(c === "(") - Number(c === ")");
      if (c === mark3 && !depth) parts.push("");
      else parts[parts.length - 1] += c;
    }
    return parts;
  }
  function takenApart(text) {
    const before = split(text, "+"), last = before.pop() ?? "", colon = last.indexOf(":");
    return {
      before,
      name: colon < 0 ? last : last.slice(0, colon),
      options: colon < 0 ? [] : split(last.slice(colon + 1), ",")
    };
  }
  function priorOf(text, usual) {
    const { name, options: options2 } = takenApart(text), named5 = options2.find((option) => option.startsWith("prior="));
    return named5 ? named5.slice(6).replace(/^\((.*)\)$/, "$1") : usual[name];
  }
  function withPrior(text, prior, usual) {
    const { before, name, options: options2 } = takenApart(text), others = options2.filter((option) => !option.startsWith("prior="));
    if (prior !== usual[name]) others.push(`prior=${/[:,+]/.test(prior) ? `(${prior})` : prior}`);
    return [...before, others.length ? `${name}:${others.join(",")}` : name].join("+");
  }
  function withPriorOf(text, before, usual) {
    const kept = priorOf(before, usual), own = usual[takenApart(before).name];
    return kept !== void 0 && kept !== own && priorOf(text, usual) !== void 0 ? withPrior(text, kept, usual) : text;
  }
  function stepsPerPass({ batch_size: pictures2, local_batch: some }) {
    const count = Number(pictures2) || 1;
    return Math.ceil(count / (Number(some) || count));
  }

  // gi_core/web/screens/explore/fields.js
  function input({ name, kind: kind2, options: options2 = [], low, high }) {
    const key2 = kind2 === "text" ? name + "_text" : name, label2 = t(`explore.f_${key2}`), hint = `<span class="hint" data-hint="${name}">${t(`explore.h_${key2}`)}</span>`;
    if (kind2 === "checks") {
      const boxes = options2.map(
        (o) => `<label class="ck"><input type="checkbox" data-check="${name}" value="${o}"><span>${words[`explore.knows_${o}`] ?? o}</span></label>`
      ).join("");
      return `<fieldset class="checks"><legend>${label2}</legend>${boxes}${hint}</fieldset>`;
    }
    const offered5 = options2.map((o) => `<option value="${o}">${named3(name, o)}</option>`).join("");
    const more = kind2 === "number" ? `min="${low}" max="${high}" step="any"` : 'spellcheck="false"';
    const control = kind2 === "select" ? `<select data-field="${name}">${offered5}</select>` : `<input type="${kind2}" data-field="${name}" ${more}>`;
    return `<label class="f"><span>${label2}</span>${control}${hint}</label>`;
  }
  function named3(field, value) {
    const name = value.split(":")[0], kind2 = field === "model" ? "network" : field, plain2 = words[`explore.${kind2}_${value}`] ?? words[`explore.${kind2}_${name}`];
    return plain2 && plain2 !== value ? `${plain2} (${name})` : value;
  }
  var group = ({ title, fields }) => `<section data-card="${title}"><h3>${t(`explore.g_${title}`)}</h3>
  <fieldset class="fields">${fields.map(input).join("")}</fieldset></section>`;
  function valueOf(name, settings, priors) {
    if (name === "passes") return String(Math.max(1, Math.ceil(Number(settings.local_steps) / stepsPerPass(settings))));
    if (name === "prior") return priorOf(String(settings.attack), priors) ?? "none";
    return String(settings[name] ?? "");
  }
  function changeOf({ dataset, value, tagName }, settings, priors) {
    const name = dataset.field ?? "";
    if (name === "passes")
      return ["local_steps", String(Math.max(1, Math.round(Number(value))) * stepsPerPass(settings))];
    if (name === "prior") return ["attack", withPrior(String(settings.attack), value, priors)];
    if (name === "attack" && tagName === "SELECT") return ["attack", withPriorOf(value, String(settings.attack), priors)];
    return [name, value];
  }
  function show(box2, settings, priors) {
    for (const node of box2.querySelectorAll("[data-field]")) {
      const field = (
        /** @type {HTMLInputElement} */
        node
      ), name = field.dataset.field ?? "", value = valueOf(name, settings, priors);
      if (name === "prior") field.disabled = priorOf(String(settings.attack), priors) === void 0;
      if (field === document.activeElement || field.value === value) continue;
      if (field.tagName === "SELECT" && ![.../** @type {any} */
      field.options].some((o) => o.value === value))
        field.append(new Option(value, value));
      field.value = value;
    }
    for (const node of box2.querySelectorAll("[data-check]")) {
      const check = (
        /** @type {HTMLInputElement} */
        node
      );
      check.checked = String(settings[check.dataset.check ?? ""] ?? "").split("+").includes(check.value);
    }
    const hint = box2.querySelector("[data-hint=prior]"), prior = priorOf(String(settings.attack), priors);
    if (hint)
      hint.textContent = t(
        prior === void 0 ? "prior_never" : prior.startsWith("flow") ? "prior_flow_note" : "explore.h_prior"
      );
  }

  // gi_core/web/screens/explore/fits.js
  var PAUSE2 = 300;
  function mark2(box2, refused) {
    for (const node of box2.querySelectorAll("select[data-field]")) {
      const select = (
        /** @type {HTMLSelectElement} */
        node
      ), reasons2 = refused[select.dataset.field ?? ""] ?? {};
      for (const option of select.options) {
        const reason2 = option.selected ? "" : reasons2[option.value] ?? "";
        option.dataset.name ??= option.text;
        const text = reason2 ? `${option.dataset.name}: ${refusal2(reason2)}` : option.dataset.name;
        if (option.text !== text) option.text = text;
        option.disabled = Boolean(reason2 || option.hidden);
      }
    }
  }
  function fitting(box2, control) {
    let asked = "", waiting = 0;
    const ask2 = async () => {
      const { settings } = control.subject(), key2 = JSON.stringify(settings), server = control.line?.server;
      if (!server?.explore_fits || key2 === asked) return;
      asked = key2;
      const refused = await server.explore_fits({ settings }).catch(() => null);
      if (asked === key2 && refused && !refused.error) mark2(box2, refused);
    };
    return () => {
      clearTimeout(waiting);
      waiting = window.setTimeout(ask2, PAUSE2);
    };
  }

  // gi_core/web/screens/explore/known.js
  var WIDE = 340;
  var bounds = (film) => (film?.run?.verdict?.bounds ?? []).filter((b) => b.value != null).map((b) => [words[`bound_${b.name}`] ?? b.name, t("at_most", { n: whole(b.value) })]);
  function measured2(film) {
    const last = film?.frames.at(-1), { controlScore: control = null, verdict = null, run = null } = film ?? {}, lpips = run?.scores?.lpips, gain2 = control?.psnr != null && last?.psnr != null ? signed(last.psnr - control.psnr) : null;
    const rows = [
      [t("explore.m_psnr"), t("explore.db", { n: number(last?.psnr) })],
      [t("explore.m_ssim"), number(last?.ssim, 2)],
      ...lpips == null ? [] : [["LPIPS", number(lpips, 2)]],
      [t("explore.m_gain"), gain2 === null ? "–" : t("explore.db", { n: gain2 })],
      [t("explore.m_loss"), twoFigures(last?.loss)],
      [t("explore.m_rank"), verdict ? ordinal(verdict.rank, words) : "–"],
      [t("explore.m_numel"), film ? whole(film.numel) : "–"],
      ...run?.seconds == null ? [] : [[t("explore.m_seconds"), `${number(run.seconds)} s`]],
      ...bounds(film)
    ];
    return rows.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${value}</dd></div>`).join("");
  }
  function reasons(film) {
    if (!film) return `<p>${t("explore.veil_unrun_note")}</p>`;
    const tried = film.tried.map((text) => `<code>${escape(text)}</code>`).join(" ");
    const said = film.verdict ? t("explore.how_judged", { candidates: film.verdict.candidates }) : t("explore.say_unjudged");
    return `<p>${t(film.kind === "recorded" ? "explore.how_strongest" : "explore.how_live")} ${tried}</p><p>${said}</p>`;
  }
  var curves = (film, frame2) => curve(film, "psnr", false, frame2) + curve(film, "loss", true, frame2);
  function curve(film, name, log, frame2) {
    const seen = film.frames.filter((f) => f[name] != null && Number.isFinite(f[name]) && (!log || Number(f[name]) > 0));
    if (seen.length < 2) return "";
    const value = (v) => log ? Math.log10(v) : v, last = Math.max(1, seen.at(-1)?.step ?? 1), control = name === "psnr" ? film.controlScore?.psnr ?? null : null;
    const values = seen.map((f) => value(f[name])), all2 = control === null ? values : [...values, control], low = Math.min(...all2), span2 = Math.max(...all2) - low || 1;
    const y = (v) => (72 - 64 * (v - low) / span2).toFixed(1);
    const points = seen.map((f, i) => `${(WIDE * Math.sqrt(f.step / last)).toFixed(1)},${y(values[i])}`);
    const title = t("explore.n_" + name), ends = [seen[0], seen[seen.length - 1]].map((f) => twoFigures(f[name])).join(" → "), now = (WIDE * Math.sqrt((film.frames[frame2]?.step ?? 0) / last)).toFixed(1);
    const level = control === null ? 0 : y(control), under = control === null ? "" : `<line class="under" x1="0" x2="${WIDE}" y1="${level}" y2="${level}"/>`, note = control === null ? "" : `, ${t("control_word")} ${number(control)}`;
    return `<figure class="curve"><figcaption>${title}: ${ends}${note}</figcaption>
    <svg viewBox="-4 0 348 80" preserveAspectRatio="none" role="img" aria-label="${title}">${under}
    <polyline points="${points.join(" ")}"/>
    <line class="now" x1="${now}" x2="${now}" y1="0" y2="76"/></svg>
    </figure>`;
  }

  // gi_core/web/screens/explore/layers.js
  var WIDE2 = 340;
  var HIGH = 120;
  function labelBars({ values, labels: labels2 }) {
    const step2 = (WIDE2 - 10) / values.length, high = Math.max(...values.map(Math.abs), 1e-12);
    const y = (v) => HIGH / 2 - v / high * (HIGH / 2 - 10);
    const bars = values.map((v, i) => {
      const there = labels2.includes(i), size2 = `width="${step2 * 0.7}" height="${Math.max(1, Math.abs(y(v) - y(0)))}"`;
      const name = values.length <= 20 || there ? `<text x="${5 + (i + 0.5) * step2}" y="${HIGH + 16}" text-anchor="middle">${i}${there ? " ●" : ""}</text>` : "";
      const at2 = `x="${5 + (i + 0.15) * step2}" y="${Math.min(y(0), y(v))}"`;
      return `<rect class="bar${there ? " there" : ""}" ${at2} ${size2}/>${name}`;
    });
    return `<svg viewBox="0 0 ${WIDE2} ${HIGH + 22}" role="img"
    aria-label="${escape(t("anatomy_label_alt", { classes: labels2.join(", ") }))}">
    <line class="axis" x1="0" x2="${WIDE2}" y1="${y(0)}" y2="${y(0)}"/>${bars.join("")}</svg>`;
  }
  function histogram({ name, hist }) {
    const { before, after, edge } = hist, top = Math.log10(1 + Math.max(...before, ...after)), step2 = WIDE2 / before.length;
    const line = (counts2) => counts2.map((v, i) => {
      const y = (HIGH - Math.log10(1 + v) / top * (HIGH - 12)).toFixed(1);
      return `${(i * step2).toFixed(1)},${y} ${((i + 1) * step2).toFixed(1)},${y}`;
    }).join(" L");
    return `<svg viewBox="0 0 ${WIDE2} ${HIGH + 22}" role="img"
    aria-label="${escape(t("anatomy_hist_alt", { layer: name }))}">
    <line class="axis" x1="0" x2="${WIDE2}" y1="${HIGH}" y2="${HIGH}"/>
    <path class="before" d="M${line(before)}"/><path class="after" d="M${line(after)}"/>
    <text x="0" y="${HIGH + 16}">${short(-edge)}</text>
    <text x="${WIDE2 / 2}" y="${HIGH + 16}" text-anchor="middle">0</text>
    <text x="${WIDE2}" y="${HIGH + 16}" text-anchor="end">${short(edge)}</text></svg>`;
  }
  function table(layers) {
    const head = t("anatomy_columns").split("|").map((name) => `<th scope="col">${name}</th>`);
    const rows = layers.map(
      (l) => `<tr><th scope="row">${escape(l.name)}</th><td>${l.shape.join("×")}</td><td>${whole(l.numel)}</td>
      <td>${short(l.norm_before)}</td><td>${short(l.norm_after)}</td>
      <td>${t("explore.percent", { n: Math.round(100 * l.noise_share) })}</td></tr>`
    );
    return `<table><thead><tr>${head.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  }
  async function drawLayers(box2, told3) {
    const chosen2 = (
      /** @type {HTMLSelectElement | null} */
      box2.querySelector("select")?.value ?? "0"
    );
    box2.innerHTML = `<h4>${t("anatomy_label")}</h4><p>${t("anatomy_label_note")}</p>${labelBars(told3.head)}
    <h4>${t("anatomy_first")}</h4><p>${t("anatomy_first_note")}</p>
    <div class="two"><figure><figcaption class="private">${t("anatomy_before")}</figcaption>
    <canvas data-side="before" role="img" aria-label="${t("anatomy_before")}"></canvas></figure>
    <figure><figcaption class="leaving">${t("anatomy_after")}</figcaption>
    <canvas data-side="after" role="img" aria-label="${t("anatomy_after")}"></canvas></figure></div>
    <h4>${t("anatomy_hist")}</h4><p>${t("anatomy_hist_note")} <b class="private">—</b> ${t("anatomy_before")},
    <b class="leaving">- -</b> ${t("anatomy_after")}</p>
    <select aria-label="${t("anatomy_layer")}"></select><div data-part="hist"></div>
    <h4>${t("anatomy_norms")}</h4>
    <div class="scroll" tabindex="0" role="region" aria-label="${t("anatomy_norms")}">${table(told3.layers)}</div>`;
    const select = (
      /** @type {HTMLSelectElement} */
      box2.querySelector("select")
    ), hist = (
      /** @type {HTMLElement} */
      box2.querySelector("[data-part=hist]")
    );
    for (const [i, layer] of told3.layers.entries()) select.append(new Option(layer.name, String(i)));
    select.value = told3.layers[chosen2] ? chosen2 : "0";
    select.onchange = () => {
      hist.innerHTML = histogram(told3.layers[Number(select.value)]);
    };
    hist.innerHTML = histogram(told3.layers[Number(select.value)]);
    for (const canvas of box2.querySelectorAll("canvas")) {
      const { src, count, width, height } = told3.first[canvas.dataset.side ?? ""];
      tiles(canvas, await picture(src), 0, count, width, height);
    }
  }

  // gi_core/web/screens/explore/single_pass.js
  var WIDE3 = 340;
  var HIGH2 = 132;
  var label = (name) => escape(name.replace(":decoder=", "-"));
  var row = (one, i) => `<div class="pass"><h5>${mark(i)} ${label(one.name)}</h5>
  <figure class="own"><canvas data-src="${one.src}" role="img"
    aria-label="${label(one.name)}, ${t("explore.db", { n: number(one.psnr) })}"></canvas></figure>
  <figure class="ctl"><canvas data-src="${one.control}" role="img" aria-label="${t("control_alt")}"></canvas></figure>
  <p><b>${t("explore.db", { n: signed(one.gain) })}</b> ${t("explore.pass_over")}<br>${squares(one.level)}
  ${t("level_" + one.level)}</p></div>`;
  async function drawPasses(box2, told3) {
    box2.innerHTML = `<p>${t("explore.pass_allows", { epsilon: told3.epsilon >= 100 ? whole(told3.epsilon) : short(told3.epsilon), bits: whole(told3.bits) })}</p>${told3.attacks.map(row).join("")}`;
    for (const canvas of box2.querySelectorAll("canvas"))
      tiles(canvas, await picture(canvas.dataset.src ?? ""), 0, 1, told3.side, told3.side);
  }
  function drawGains(box2, { z, seeds, series }, now) {
    const gains = series.flatMap((s) => s.gain), ends = (
      /** @type {[number, number]} */
      [z[0], z[z.length - 1]]
    );
    const x = logarithmic(ends, [24, WIDE3 - 4]), y = linear2([Math.min(-2, ...gains), Math.max(6, ...gains)], [HIGH2 - 18, 8]);
    const lines = series.map(
      (s, i) => `<path class="series" stroke-dasharray="${DASHES[i % DASHES.length]}"
      d="${path(s.gain.map((v, j) => [x(z[j]), y(v)]))}"/>`
    );
    const edge = x(proven(1));
    box2.innerHTML = `<svg viewBox="0 0 ${WIDE3} ${HIGH2}" role="img" aria-label="${t("dial_curve_alt")}">
    <rect class="proven" x="${edge}" y="0" width="${WIDE3 - 4 - edge}" height="${HIGH2 - 18}"/>
    <line class="zero" x1="24" x2="${WIDE3 - 4}" y1="${y(0)}" y2="${y(0)}"/>
    <text x="0" y="${y(0) + 5}">0</text><text x="0" y="14">${signed(Math.max(6, ...gains), 0)}</text>${lines.join("")}
    <line class="now" x1="${x(now)}" x2="${x(now)}" y1="0" y2="${HIGH2 - 18}"/>
    ${[1e-4, 0.01, 1].map((v) => `<text x="${x(v)}" y="${HIGH2 - 2}" text-anchor="middle">${short(v)}</text>`).join("")}
    </svg><p>${t("explore.pass_curve", { n: seeds })}
    ${series.map((s, i) => `${mark(i)} ${label(s.name)}`).join(" · ")}</p>`;
  }

  // gi_core/web/screens/explore/linked.js
  var PAUSE3 = 300;
  function noisy({ state }) {
    const { network, defense: defense2, strength: strength3, mixed: mixed2, own, picture: picture4 } = state.choices;
    return network === "lenet" && defense2 === "noise" && strength3 > 0 && mixed2 === 1 && !own ? { z: strength3, sample: picture4 } : null;
  }
  var VIEWS = {
    layers: {
      needs: "explore_layers",
      none: "explore.view_none",
      wanted: (control) => {
        const { settings, pictures: pictures2 } = control.subject();
        return { settings, pictures: pictures2 };
      },
      ask: (server, request) => server.explore_layers(request),
      draw: drawLayers
    },
    passes: {
      needs: "single_pass",
      none: "explore.passes_none",
      wanted: noisy,
      ask: (server, request) => server.single_pass(request),
      draw: drawPasses
    },
    gains: {
      needs: "single_pass_curve",
      none: "explore.passes_none",
      wanted: noisy,
      ask: (server, { sample }) => server.single_pass_curve({ sample }),
      draw: (box2, told3, { z }) => drawGains(box2, told3, z)
    }
  };
  var page = (name) => `<details data-view="${name}"><summary>${t(`explore.view_${name}`)}</summary>
  <div class="view" aria-live="polite"></div></details>`;
  var views = Object.keys(VIEWS).map(page).join("");
  function link2(root, control) {
    let waiting = 0;
    async function tell(node) {
      const view = VIEWS[node.dataset.view ?? ""], box2 = (
        /** @type {HTMLElement} */
        node.querySelector(".view")
      ), request = view.wanted(control), key2 = JSON.stringify(request), server = control.line?.server;
      if (node.dataset.key === key2 || !server) return;
      node.dataset.key = key2;
      if (!request) return void (box2.textContent = t(view.none));
      const told3 = await view.ask(server, request);
      if (node.dataset.key !== key2) return;
      if (!told3 || told3.error) box2.textContent = told3?.error ?? t(view.none);
      else view.draw(box2, told3, request);
    }
    const look = () => {
      for (const node of root.querySelectorAll("[data-view]")) {
        const view = (
          /** @type {HTMLDetailsElement} */
          node
        );
        view.hidden = Boolean(control.line && !control.line.server[VIEWS[view.dataset.view ?? ""].needs]);
        if (view.open && control.state.dragged === null) tell(view);
      }
    };
    root.addEventListener("toggle", look, true);
    return () => {
      clearTimeout(waiting);
      waiting = window.setTimeout(look, PAUSE3);
    };
  }

  // gi_core/web/screens/explore/takeaway.js
  var SIDE = 512;
  var GAP = 16;
  function pair(find) {
    const made3 = document.createElement("canvas"), drawn = (
      /** @type {CanvasRenderingContext2D} */
      made3.getContext("2d")
    );
    made3.width = 2 * SIDE + GAP;
    made3.height = SIDE;
    drawn.imageSmoothingEnabled = false;
    drawn.drawImage(find("truth"), 0, 0, SIDE, SIDE);
    drawn.drawImage(find("guess"), SIDE + GAP, 0, SIDE, SIDE);
    return made3.toDataURL("image/png").split(",")[1];
  }
  var table2 = (film) => [
    ["iteration", "loss", "psnr", "ssim"],
    ...film.frames.map((frame2) => [frame2.step, frame2.loss, frame2.psnr, frame2.ssim])
  ];
  var record = ({ scenario, frames, verdict, controlScore, tried, numel, share, run }) => {
    const recorded = { scenario, frames, verdict, control: controlScore, tried, numel, noise_share: share };
    return JSON.stringify(run?.trace ?? recorded, null, 1);
  };
  var HERE = {
    png: (find) => save("run.png", pair(find), "image/png"),
    csv: (_, film) => saveText("run.csv", csv(table2(film)), "text/csv"),
    json: (_, film) => saveText("run.json", record(film), "application/json")
  };
  var held2 = ({ run }) => Boolean(run) && run?.where !== "device";
  var formats2 = (film, all2, served2) => held2(film) && served2 ? all2 : Object.keys(HERE);
  async function download(find, film, format2, server) {
    const { run } = film;
    if (!run || !held2(film) || !server?.download_run) return HERE[format2](find, film);
    toast(t("preparing"));
    const file = await server.download_run({ id: run.id, scenario: run.scenario, pictures: run.pictures, format: format2 });
    if (file.data) save(file.name, file.data, file.type);
    else toast(file.error ?? words.forgotten);
  }

  // gi_core/web/screens/explore/threat.js
  var WANTED = {
    any: () => true,
    curious: (threat) => threat.server === "curious",
    malicious: (threat) => threat.server === "malicious",
    bare: (threat) => !threat.knows.length,
    many: (threat) => threat.batch === "many",
    through: (threat) => threat.aggregation === "through"
  };
  var badge = (threat) => threat ? `<b>${threat.sok}</b> ${t("explore.threat_server_" + threat.server)}; ` + t("explore.threat_batch_" + threat.batch) + (threat.aggregation === "through" ? `, ${t("explore.threat_aggregation")}` : "") : "";
  function threatFilter(box2, threats) {
    const select = (
      /** @type {HTMLSelectElement | null} */
      box2.querySelector("select[data-field=attack]")
    );
    if (!select) return () => {
    };
    const field = document.createElement("label"), shown2 = document.createElement("p");
    field.className = "f";
    field.innerHTML = `<span>${t("explore.threat")}</span><select data-threat>${Object.keys(WANTED).map((name) => `<option value="${name}">${t("explore.threat_" + name)}</option>`).join("")}</select>`;
    shown2.className = "hint";
    shown2.dataset.badge = "";
    select.closest("label")?.before(field);
    select.closest("label")?.append(shown2);
    const of = (attack) => threats[attack.split(/[:+]/)[0]];
    const tell = () => {
      shown2.innerHTML = badge(of(select.value));
    };
    field.addEventListener("change", (event) => {
      event.stopPropagation();
      const fits = WANTED[
        /** @type {HTMLSelectElement} */
        event.target.value
      ];
      for (const option of select.options) option.hidden = option.disabled = of(option.value) && !fits(of(option.value));
    });
    select.addEventListener("change", tell);
    tell();
    return tell;
  }

  // gi_core/web/screens/explore/drawer.js
  var button = (act, text) => `<button type="button" class="btn s" data-act="${act}">${text}</button>`;
  var page2 = (catalog) => `<div class="top"><h2>${t("explore.expert")}</h2>
  <span class="small">${t("explore.expert_note")}</span>${button("plain", t("explore.plain"))}
  <button type="button" class="btn s" data-act="close" aria-label="${t("explore.close")}">
  ${icon("cross")}</button></div>
  ${catalog.expert.map(group).join("")}
  <section data-part="measured"><h3>${t("explore.g_measured")}</h3><dl class="kv"></dl></section>
  <section data-part="how" class="wide"><h3>${t("explore.how")}</h3><div class="how"></div>
  <figure class="denoised" hidden><canvas role="img" aria-label="${t("opinion")}"></canvas>
  <figcaption></figcaption></figure>
  <div class="checks-run">${button("checks", t("more_controls"))}
  <div data-part="checks" aria-live="polite"></div></div>
  ${views}${button("clients", t("clients_curve"))}</section>
  <section data-part="repeat"><h3>${t("explore.g_repeat")}</h3><div class="files">
  ${button("cli", t("copy_cli"))}${button("python", t("copy_python"))}<span class="formats"></span></div></section>`;
  var Drawer = class {
    /** @param {HTMLElement} root @param {(name: string) => any} find @param {Controller} control */
    constructor(root, find, control) {
      this.root = root;
      this.find = find;
      this.control = control;
      this.box = document.createElement("aside");
      this.box.className = "drawer";
      this.box.dataset.testid = "drawer";
      this.box.setAttribute("aria-label", t("explore.expert"));
      this.box.innerHTML = page2(control.catalog);
      this.box.onchange = (event) => this.changed(
        /** @type {HTMLInputElement} */
        event.target
      );
      this.box.onclick = (event) => this.press(
        /** @type {HTMLElement} */
        event.target.closest("[data-act]")
      );
      this.badge = threatFilter(this.box, control.catalog.threats);
      this.look = link2(this.box, control);
      this.fit = fitting(this.box, control);
      this.curves = document.createElement("div");
      this.curves.className = "curves";
      control.drawn.push((look) => this.told(look));
    }
    get open() {
      return this.box.isConnected;
    }
    /** @param {string} selector @returns {any} */
    part(selector) {
      return this.box.querySelector(selector);
    }
    /** @param {boolean} open @param {string} [part] to bring into view */
    show(open, part) {
      if (open) {
        this.root.append(this.box);
        this.find("explore").append(this.curves);
      } else {
        this.box.remove();
        this.curves.remove();
      }
      this.root.classList.toggle("with-drawer", open);
      this.find("expert").setAttribute("aria-expanded", String(open));
      this.control.redraw();
      if (open && part) this.part(`[data-part=${part}]`)?.scrollIntoView({ block: "start" });
      if (!open) this.find("expert").focus({ preventScroll: true });
    }
    /** Open a view that looks at the update. @param {string} name */
    view(name) {
      const view = this.part(`[data-view=${name}]`);
      this.show(true);
      view.open = true;
      view.scrollIntoView({ block: "start" });
      this.control.connected.push(() => view.scrollIntoView({ block: "start" }));
    }
    /** @param {HTMLInputElement} node */
    changed(node) {
      const { field, check } = node.dataset, { settings } = this.control.subject();
      if (field) this.control.expert(...changeOf(node, settings, this.control.catalog.priors));
      if (!check) return;
      const ticked = [...this.box.querySelectorAll(`[data-check=${check}]:checked`)];
      this.control.expert(check, ticked.map((box2) => (
        /** @type {HTMLInputElement} */
        box2.value
      )).join("+") || "none");
    }
    /** @param {HTMLElement | null} button */
    press(button4) {
      const act = button4?.dataset.act ?? "";
      const acts = (
        /** @type {Record<string, () => any>} */
        {
          close: () => this.show(false),
          plain: () => this.control.choose({ expert: {} }),
          cli: () => this.repeat("cli"),
          python: () => this.repeat("python"),
          checks: () => this.checks(),
          clients: () => {
            emit("show", "compare");
            emit("comparison", "clients");
          },
          file: () => {
            const { film } = this.control.subject();
            if (film) download(this.find, film, button4?.dataset.format ?? "", this.control.line?.server);
          }
        }
      );
      acts[act]?.();
    }
    /** Copy the command or the program that repeats what is on the stage. @param {"cli" | "python"} kind */
    async repeat(kind2) {
      const { line } = this.control;
      if (!line?.server.explore_repeat) return;
      const told3 = await line.server.explore_repeat(this.control.setUp());
      if (told3.error) toast(told3.error);
      else copy(told3[kind2], t("copied"));
    }
    /** Run the other controls of the finished run. */
    async checks() {
      const { film } = this.control.subject(), { line } = this.control, button4 = this.part("[data-act=checks]"), box2 = this.part("[data-part=checks]");
      if (!film?.run || !line) return;
      button4.disabled = true;
      box2.textContent = t("explore.checking");
      const told3 = await line.server.more_controls({ id: film.run.id });
      button4.disabled = false;
      if (this.control.subject().film?.run?.id === film.run.id) await drawChecks(box2, told3, film.run.size);
    }
    /** @param {import("./view.js").Look} look */
    told({ film, frame: frame2 }) {
      if (!this.open) return;
      const { catalog, line } = this.control, run = film?.run ?? null, id = film && run?.verdict && held2(film) ? String(run.id) : "";
      show(this.box, this.control.subject().settings, catalog.priors);
      this.badge();
      this.fit();
      this.part(".kv").innerHTML = measured2(film);
      this.part(".how").innerHTML = reasons(film);
      this.curves.innerHTML = film ? curves(film, frame2) : "";
      this.part(".checks-run").hidden = !id || !line?.server.more_controls || run?.where === "device";
      if (this.part("[data-part=checks]").dataset.of !== id) {
        this.part("[data-part=checks]").dataset.of = id;
        this.part("[data-part=checks]").replaceChildren();
      }
      const asked = Boolean(line?.server.download_run) && run?.where !== "device", offered5 = film ? formats2(film, catalog.formats, asked) : [];
      const made3 = offered5.map((kind2) => `<button type="button" class="btn s" data-act="file" data-format="${kind2}">${words["export_" + kind2]}</button>`);
      if (this.part(".formats").dataset.kinds !== offered5.join()) {
        this.part(".formats").innerHTML = made3.join("");
        this.part(".formats").dataset.kinds = offered5.join();
      }
      this.denoised(run, film?.frames[frame2]?.step ?? 0);
      this.look();
    }
    /**
     * What the attack's denoiser would rather see, the latest of its views at this step.
     * @param {Record<string, any> | null} run @param {number} step
     */
    async denoised(run, step2) {
      const seen = run?.opinions ?? [], view = seen.findLast((one) => one.iteration <= step2) ?? seen[0], box2 = this.part(".denoised");
      box2.hidden = !view;
      if (!view || !run) return;
      box2.querySelector("figcaption").textContent = t("opinion_at", { n: whole(view.iteration) });
      const { batch, width, height } = run.size;
      tiles(box2.querySelector("canvas"), await picture(view.src), 0, batch, width, height);
    }
  };

  // gi_core/web/screens/explore/crop.js
  function gestures(box2, move, zoom) {
    const mine = () => box2.classList.contains("mine");
    box2.addEventListener("wheel", (event) => {
      if (!mine()) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.1 : 1 / 1.1);
    }, { passive: false });
    box2.addEventListener("pointerdown", (event) => {
      if (!mine() || /** @type {HTMLElement} */
      event.target.closest("button")) return;
      let { clientX: x, clientY: y } = event;
      const follow = (now) => {
        move((now.clientX - x) / box2.clientWidth, (now.clientY - y) / box2.clientHeight);
        ({ clientX: x, clientY: y } = now);
      };
      const end = () => {
        removeEventListener("pointermove", follow);
        removeEventListener("pointerup", end);
      };
      addEventListener("pointermove", follow);
      addEventListener("pointerup", end);
    });
    window.addEventListener("keydown", (event) => {
      if (!mine() || !box2.checkVisibility() || !["+", "-", "="].includes(event.key)) return;
      zoom(event.key === "-" ? 1.1 : 1 / 1.1);
    });
  }
  function cropper(find, side, chosen2) {
    const box2 = find("private");
    let held3 = null;
    let others = [];
    let cut = { x: 0, y: 0, size: 1 }, waiting = 0;
    const show3 = (next) => {
      if (!held3) return;
      const { image: image2, whole: whole3 } = held3;
      cut = inside(next, whole3);
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => chosen2([cropped(image2, cut, side), ...others]));
    };
    gestures(box2, (dx, dy) => show3({ ...cut, x: cut.x - dx * cut.size, y: cut.y - dy * cut.size }), (factor) => {
      const shift = cut.size * (1 - factor) / 2;
      show3({ x: cut.x + shift, y: cut.y + shift, size: cut.size * factor });
    });
    const whole2 = async (src) => {
      const image2 = (
        /** @type {HTMLImageElement} */
        await picture3(src)
      );
      return { image: image2, whole: image2.width };
    };
    return {
      /** @param {{ src: string }[]} given */
      async take(given) {
        const [first, ...rest] = await Promise.all(given.map((one) => whole2(one.src)));
        held3 = first;
        cut = { x: 0, y: 0, size: first.whole };
        others = rest.map((other) => cropped(other.image, { x: 0, y: 0, size: other.whole }, side));
        box2.classList.add("mine");
        chosen2([cropped(first.image, cut, side), ...others]);
        toast(t("explore.crop_hint"));
      },
      end() {
        held3 = null;
        box2.classList.remove("mine");
      }
    };
  }

  // gi_core/web/screens/explore/lesson.js
  var SHOWN2 = 1600;
  var SWEEP = 600;
  var PLAIN = { network: "lenet", defense: "noise", strength: 0, mixed: 1, own: null, expert: {} };
  var sweep = (to) => ({ control, later }) => {
    const path2 = control.stops().filter((stop2) => stop2 <= to);
    path2.forEach((strength3, i) => later(() => control.choose({ strength: strength3 }), calm2() ? 0 : i * SWEEP / path2.length));
  };
  var CARDS = [
    {
      spot: ["private", "wire"],
      act: ({ control }) => {
        control.choose({ ...PLAIN });
      }
    },
    {
      spot: ["attacked", "film"],
      act: ({ control }) => {
        control.choose({ ...PLAIN }).then(() => control.play());
      }
    },
    {
      spot: ["attacked", "film"],
      act: ({ control, later }) => {
        control.choose({ ...PLAIN }).then(() => control.holdControl(true));
        later(() => control.holdControl(false), SHOWN2);
      }
    },
    {
      spot: ["wire", "attacked"],
      act: ({ control }) => {
        control.choose({ ...PLAIN });
        control.state.flag = null;
      }
    },
    {
      spot: ["private", "wire", "attacked"],
      act: ({ control, later }) => {
        control.choose({ ...PLAIN, mixed: 4 });
        later(() => control.choose({ mixed: 8 }), SHOWN2);
      }
    },
    {
      spot: ["wire"],
      act: ({ control }) => {
        control.choose({ ...PLAIN });
      }
    }
  ];
  function around(parts) {
    const boxes = parts.map((part) => part.getBoundingClientRect());
    const left = Math.min(...boxes.map((b) => b.left)), top = Math.min(...boxes.map((b) => b.top)) - 8;
    return {
      left,
      top,
      width: Math.max(...boxes.map((b) => b.right)) - left,
      height: Math.max(...boxes.map((b) => b.bottom)) + 8 - top
    };
  }
  var button2 = (act, text, more = "") => `<button type="button" class="btn ${act === "next" ? "main" : ""}" data-act="${act}" ${more}>${text}</button>`;
  function page3(at2, count) {
    const dots2 = Array.from({ length: count }, (_, i) => `<i class="${i <= at2 ? "on" : ""}"></i>`).join("");
    const end = at2 === count - 1, card = `explore.card_${at2 + 1}`;
    return `<div class="n"><span class="dots" aria-hidden="true">${dots2}</span>
    <span>${t("explore.card_of", { at: at2 + 1, of: count })}</span>
    ${button2("leave", icon("cross"), `aria-label="${t("explore.lesson_leave")}"`)}</div>
    <div class="two"><div><h2 id="gi-card">${t(card)}</h2><p>${t(card + "_text")}</p></div>
    <div class="task"><p data-act="task" role="status"></p></div></div>
    <div class="b">${button2("back", t("explore.back"), at2 ? "" : "disabled")}
    ${at2 === 3 ? button2("show", t("explore.show_me")) : ""}
    ${end ? button2("cheat", t("explore.cheats")) + button2("compare", t("explore.lesson_compare")) : ""}
    ${button2("next", t(end ? "explore.lesson_end" : "explore.next"))}</div>`;
  }
  var Lesson = class {
    /** @param {HTMLElement} root @param {(name: string) => any} find @param {Controller} control */
    constructor(root, find, control) {
      this.find = find;
      this.control = control;
      this.at = -1;
      this.clocks = [];
      this.hole = document.createElement("div");
      this.hole.className = "hole";
      this.card = document.createElement("aside");
      this.card.className = "card";
      this.card.dataset.testid = "lesson";
      this.card.setAttribute("role", "dialog");
      this.card.setAttribute("aria-labelledby", "gi-card");
      this.root = root;
      this.card.onclick = (event) => this.press(
        /** @type {HTMLElement} */
        event.target.closest("[data-act]")
      );
      control.drawn.push((look) => this.told(look));
      window.addEventListener("resize", () => this.place());
      window.addEventListener("scroll", () => this.place(), true);
    }
    get open() {
      return this.at >= 0;
    }
    /** @param {number} at */
    show(at2) {
      this.clocks.splice(0).forEach(clearTimeout);
      this.control.holdControl(false);
      if (at2 < 0 || at2 >= CARDS.length) return this.leave();
      this.at = at2;
      this.root.append(this.hole, this.card);
      this.card.innerHTML = page3(at2, CARDS.length);
      this.place();
      this.find("explore").dataset.lesson = String(at2 + 1);
      CARDS[at2].act({
        control: this.control,
        later: (act, ms) => {
          this.clocks.push(window.setTimeout(act, ms));
        }
      });
      this.card.querySelector("[data-act=next]")?.focus({ preventScroll: true });
    }
    leave() {
      if (!this.open) return;
      this.at = -1;
      this.clocks.splice(0).forEach(clearTimeout);
      this.control.holdControl(false);
      this.hole.remove();
      this.card.remove();
      delete this.find("explore").dataset.lesson;
      this.find("lesson").focus({ preventScroll: true });
    }
    place() {
      if (!this.open) return;
      const lit = CARDS[this.at].spot.map((name) => this.find(name)).filter((part) => part.getClientRects().length);
      const box2 = around(lit.length ? lit : [this.find("stage")]), below = innerHeight - box2.top - box2.height;
      for (const [side, value] of Object.entries(box2)) this.hole.style.setProperty(side, value + "px");
      this.card.classList.toggle("over", below < 190);
      this.card.style.setProperty("--under", `${box2.top + box2.height + 16}px`);
    }
    /** What the card says of what is on the stage now. @param {import("./view.js").Look} look */
    told({ film, hides, choices: choices2 }) {
      const task = this.card.querySelector("[data-act=task]");
      if (!this.open || !task) return;
      const level = film?.verdict ? standing(film.verdict) : null, found2 = this.at === 3 && level === 0 && choices2.defense === "noise";
      const text = found2 ? t("explore.card_found", { z: hides ?? choices2.strength }) : t(`explore.card_${this.at + 1}_task`);
      if (task.textContent !== text) task.textContent = text;
    }
    /** @param {Element | null} button */
    press(button4) {
      const act = (
        /** @type {HTMLElement | null} */
        button4?.dataset.act ?? ""
      );
      const { set } = this.control.subject();
      const acts = (
        /** @type {Record<string, () => void>} */
        {
          next: () => this.show(this.at + 1),
          back: () => this.show(Math.max(0, this.at - 1)),
          leave: () => this.leave(),
          show: () => sweep(hidden(set) ?? 0.01)({
            control: this.control,
            later: (go, ms) => {
              this.clocks.push(window.setTimeout(go, ms));
            }
          }),
          cheat: () => {
            this.leave();
            emit("show", "cheat");
          },
          compare: () => {
            this.leave();
            emit("show", "compare");
          }
        }
      );
      acts[act]?.();
    }
    /** Whether the key was for the lesson. @param {string} key */
    key(key2) {
      if (key2 === "l" && !this.open) {
        this.show(0);
        return true;
      }
      if (!this.open) return false;
      if (key2 === "n") this.show(this.at + 1);
      else if (key2 === "b") this.show(Math.max(0, this.at - 1));
      else if (key2 === "Escape") this.leave();
      else return false;
      return true;
    }
  };

  // gi_core/web/screens/explore/locks.js
  var CARDS2 = {
    picture: { parts: ["picture", "drop", "mix"], choices: ["picture", "own", "mixed"] },
    victim: { parts: ["network"], choices: ["network"] },
    client: { parts: [], choices: [] },
    defense: { parts: ["defense", "ruler"], choices: ["defense", "strength"] },
    attacker: { parts: [], choices: [] },
    server: { parts: [], choices: [] }
  };
  var NAMES = Object.keys(CARDS2);
  var named4 = (query2, key2) => (query2.get(key2) ?? "").split(",").filter((name) => name in CARDS2);
  function hold2(find, drawer, control, query2) {
    const hidden2 = named4(query2, "hide"), locked = named4(query2, "lock");
    for (const name of [...hidden2, ...locked]) {
      const hide = hidden2.includes(name), section = drawer.querySelector(`[data-card=${name}]`);
      CARDS2[name].choices.forEach((choice) => control.locked.add(choice));
      for (const part of CARDS2[name].parts) {
        const node = find(part), box2 = node.closest(".pick, .which") ?? node;
        box2.classList.add(hide ? "is-hidden" : "is-locked");
        for (const input2 of node.matches("select, button") ? [node] : node.querySelectorAll("input, button"))
          input2.disabled = true;
      }
      if (!section) continue;
      section.classList.toggle("is-hidden", hide);
      const fields = (
        /** @type {HTMLFieldSetElement} */
        section.querySelector(".fields")
      );
      fields.disabled = true;
      fields.insertAdjacentHTML("beforeend", `<p class="hint">${icon("lock")} ${t("locked")}</p>`);
    }
  }

  // gi_core/web/screens/explore/share.js
  var COUNTED = 5e3;
  var ticks2 = (name) => `<fieldset><legend>${t("teacher_" + name)}</legend>${NAMES.map((card) => `<label class="ck"><input type="checkbox" data-${name}="${card}"><span>${t("explore.g_" + card)}</span></label>`).join("")}</fieldset>`;
  var button3 = (act, text) => `<button type="button" class="btn s" data-act="${act}">${icon("link")} ${text}</button>`;
  var page4 = () => `<div class="top"><h2>${t("header.share")}</h2>
  <button type="button" class="btn s" data-act="close" aria-label="${t("explore.close")}">
  ${icon("cross")}</button></div>
  <section><p>${t("link_copied")}</p>${button3("link", t("copy_link"))}</section>
  <section data-part="room"><h3>${t("follow")}</h3><p data-part="open"></p>${button3("follow", t("follow"))}
  <div data-part="opened" hidden><code data-part="address"></code>${button3("room", t("copy_link"))}
  <button type="button" class="btn s" data-act="end">${t("room_end")}</button></div></section>
  <section><h3>${t("for_teachers")}</h3><p>${t("teacher_note")}</p>
  <div class="pair">${ticks2("hide")}${ticks2("lock")}</div>
  <label class="ck"><input type="checkbox" data-more="lesson"><span>${t("explore.share_lesson")}</span></label>
  <label class="ck"><input type="checkbox" data-more="projector"><span>${t("teacher_projector")}</span></label>
  <label class="ck"><input type="checkbox" data-more="lang"><span>${t("teacher_language")}</span></label>
  ${button3("teach", t("teacher_copy"))}</section>`;
  var address = (query2) => `${location.href.split(/[?#]/)[0]}${query2 ? `?${query2}` : ""}`;
  var Share = class {
    /** @param {HTMLElement} root @param {Controller} control */
    constructor(root, control) {
      this.root = root;
      this.control = control;
      this.counting = 0;
      this.box = document.createElement("aside");
      this.box.className = "share drawer";
      this.box.dataset.testid = "share";
      this.box.setAttribute("aria-label", t("header.share"));
      this.box.innerHTML = page4();
      this.box.onclick = (event) => this.press(
        /** @type {HTMLElement} */
        event.target.closest("[data-act]")
      );
      on("link", () => {
        copy(control.address(), t("link_copied"));
        if (document.body.dataset.tab === "explore") this.show(true);
      });
      on("tab", () => this.show(false));
      window.addEventListener("keydown", (event) => event.key === "Escape" && this.show(false));
    }
    /** @param {string} name @returns {any} */
    part(name) {
      return this.box.querySelector(`[data-part=${name}]`);
    }
    /** @param {boolean} open */
    show(open) {
      if (!open) return this.box.remove();
      this.part("room").hidden = !this.control.line?.server.open_room;
      this.root.append(this.box);
      this.box.querySelector("[data-act=close]")?.focus();
    }
    /** @param {HTMLElement | null} button */
    press(button4) {
      const acts = (
        /** @type {Record<string, () => any>} */
        {
          close: () => this.show(false),
          link: () => copy(this.control.address(), t("link_copied")),
          follow: () => this.follow(),
          room: () => copy(this.room(), t("room_copied")),
          end: () => this.end(),
          teach: () => copy(this.forPupils(), t("teacher_copied"))
        }
      );
      acts[button4?.dataset.act ?? ""]?.();
    }
    /** The settings on the stage, with what the link hides, locks and starts. */
    forPupils() {
      const query2 = new URLSearchParams(this.control.query());
      for (const name of ["hide", "lock"]) {
        const ticked = [...this.box.querySelectorAll(`[data-${name}]:checked`)].map(
          (node) => (
            /** @type {HTMLElement} */
            node.dataset[name]
          )
        );
        if (ticked.length) query2.set(name, ticked.join());
      }
      const values = (
        /** @type {Record<string, [string, string]>} */
        {
          lesson: ["tab", "lesson"],
          projector: ["projector", "1"],
          lang: ["lang", language]
        }
      );
      for (const node of this.box.querySelectorAll("[data-more]:checked"))
        query2.set(...values[
          /** @type {HTMLElement} */
          node.dataset.more ?? ""
        ]);
      return address(query2.toString().replaceAll("%2C", ","));
    }
    room() {
      return address(`follow=${this.control.room?.code}`);
    }
    async follow() {
      const told3 = await this.control.line?.server.open_room({});
      if (!told3 || told3.error) return toast(told3?.error ?? t("explore.no_answer"));
      this.control.room = { code: told3.code, key: told3.key };
      this.opened(0);
      copy(this.room(), t("room_copied"));
      this.counting = window.setInterval(() => this.count(), COUNTED);
    }
    /** @param {number} watching */
    opened(watching) {
      const { room: room4 } = this.control;
      this.part("opened").hidden = !room4;
      this.part("open").textContent = room4 ? t("room_open", { n: watching }) : "";
      this.part("address").textContent = room4 ? this.room() : "";
      this.box.querySelector("[data-act=follow]")?.toggleAttribute("hidden", Boolean(room4));
    }
    async count() {
      const { room: room4, line } = this.control;
      if (!room4 || document.hidden) return;
      const told3 = await line?.server.room(room4).catch(() => null);
      if (told3?.error) this.closed();
      else if (told3) this.opened(told3.watching);
    }
    closed() {
      clearInterval(this.counting);
      this.control.room = null;
      this.opened(0);
    }
    end() {
      this.control.line?.server.close_room(this.control.room);
      this.closed();
    }
  };

  // gi_core/web/screens/explore/wire.js
  var SLACK = 4;
  function wireRuler({ ruler, input: input2, flagless, drag, drop, plant, hover, step: step2 }) {
    const percent2 = (event) => {
      const box2 = ruler.getBoundingClientRect();
      return 100 * Math.max(0, Math.min(1, (event.clientX - box2.left) / box2.width));
    };
    let held3 = null;
    ruler.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    ruler.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      input2.focus({ preventScroll: true });
      ruler.setPointerCapture(event.pointerId);
      const knob2 = ruler.querySelector(".knob")?.getBoundingClientRect();
      const onKnob = knob2 ? event.clientX >= knob2.left - SLACK && event.clientX <= knob2.right + SLACK : false;
      held3 = { x: event.clientX, moved: false, onKnob };
      if (!onKnob && !flagless()) {
        held3.moved = true;
        drag(percent2(event));
      }
    });
    ruler.addEventListener("pointermove", (event) => {
      if (!held3) return hover(percent2(event));
      if (!held3.moved && Math.abs(event.clientX - held3.x) < SLACK) return;
      held3.moved = true;
      drag(percent2(event));
    });
    ruler.addEventListener("pointerup", (event) => {
      if (!held3) return;
      if (held3.moved) drop();
      else if (!held3.onKnob) plant(percent2(event));
      held3 = null;
    });
    ruler.addEventListener("pointercancel", () => {
      if (held3?.moved) drop();
      held3 = null;
    });
    ruler.addEventListener("pointerleave", () => {
      if (!held3) hover(null);
    });
    input2.addEventListener("input", () => step2(Number(input2.value)));
  }

  // gi_core/web/screens/explore/hands.js
  var visible = () => (document.body.dataset.tab ?? "explore") === "explore";
  function listen(root, find, control, catalog) {
    knob(find, control);
    choices(find, control);
    replay(find, control);
    holds(find, control);
    files2(root, find, control, catalog);
    arrange(root, find, control);
    window.addEventListener("keydown", (event) => key(event, control));
    find("run").onclick = () => {
      control.run();
      focusOn(find("stop"));
    };
    find("stop").onclick = () => {
      control.stop();
    };
    const lesson = new Lesson(root, find, control), drawer = new Drawer(root, find, control);
    find("nearest").onclick = () => {
      const found2 = control.nearest(control.subject().settings);
      if (found2) control.choose(found2.choices);
    };
    find("lesson").onclick = () => lesson.show(0);
    find("expert").onclick = () => drawer.show(!drawer.open);
    find("how").onclick = () => drawer.show(true, "how");
    find("cheats").onclick = () => emit("show", "cheat");
    window.addEventListener("keydown", (event) => {
      if (aside(event)) return;
      if (lesson.key(event.key.length === 1 ? event.key.toLowerCase() : event.key)) return event.preventDefault();
      if (event.key.toLowerCase() === "e") drawer.show(!drawer.open);
      else if (event.key === "Escape" && drawer.open) drawer.show(false);
    });
    const query2 = new URLSearchParams(location.search);
    new Share(root, control);
    arrive(query2.get("tab"), { lesson, drawer, control });
    hold2(find, drawer.box, control, query2);
    find("keep").onclick = () => {
      const set = control.setUp();
      emit("lane", { ...set, run: control.subject().film?.run ?? void 0 });
      toast(t("explore.kept"));
    };
    on("theme", () => control.refresh());
    window.addEventListener("resize", () => control.refresh());
  }
  function arrive(tab, { lesson, drawer, control }) {
    if (tab === "lesson") lesson.show(0);
    if (tab === "anatomy") drawer.view("layers");
    if (tab === "lab" && innerWidth >= 1200) drawer.show(true);
    if (tab !== "dial") return;
    control.take({ strength: 0.01 });
    drawer.view("passes");
  }
  function focusOn(button4) {
    if (!button4.hidden && (document.activeElement === document.body || document.activeElement?.closest(".runbox")))
      button4.focus();
  }
  function knob(find, control) {
    const { state } = control, stops = () => stopsOf(control.subject().set, state.choices.defense);
    wireRuler({
      ruler: find("ruler"),
      input: find("noise"),
      flagless: () => state.flag === null && !find("flag").hidden,
      drag(percent2) {
        const { defense: defense2 } = state.choices, strength3 = nearest(defense2, stops(), percent2);
        state.touched = true;
        state.ghost = null;
        state.dragged = magnetic(defense2, stops(), percent2);
        find("knob").classList.add("held");
        if (strength3 !== state.choices.strength) control.choose({ strength: strength3 });
        else control.refresh();
      },
      drop() {
        state.dragged = null;
        find("knob").classList.remove("held");
        control.refresh();
        control.arrive();
      },
      plant(percent2) {
        state.flag = nearest(state.choices.defense, stops(), percent2);
        state.ghost = null;
        control.refresh();
      },
      hover(percent2) {
        if (state.flag === null) {
          state.ghost = percent2;
          control.refresh();
        }
      },
      step(index) {
        state.touched = true;
        control.choose({ strength: stops()[index] });
      }
    });
  }
  function choices(find, control) {
    for (const name of ["network", "defense", "picture"])
      find(name).onchange = () => control.choose({ [name]: find(name).value, ...name === "picture" ? { own: null } : {} });
    const group2 = find("pictures");
    const mix = (n, focus = false) => {
      control.choose({ mixed: n });
      for (const button4 of group2.children) {
        const on2 = Number(button4.dataset.n) === n;
        button4.setAttribute("aria-checked", String(on2));
        button4.tabIndex = on2 ? 0 : -1;
        if (on2 && focus) button4.focus();
      }
    };
    group2.onclick = (event) => {
      const button4 = (
        /** @type {HTMLElement} */
        event.target.closest("button")
      );
      if (button4) mix(Number(button4.dataset.n));
    };
    group2.onkeydown = (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      mix(MIXED[(MIXED.indexOf(control.state.choices.mixed) + by + MIXED.length) % MIXED.length], true);
    };
    Object.assign(control, { mix });
  }
  function replay(find, control) {
    find("play").onclick = () => control.play();
    find("scrub").oninput = () => control.seek(Number(find("scrub").value));
    find("thumbs").onclick = (event) => {
      const box2 = (
        /** @type {HTMLElement} */
        event.target.closest("[data-frame]")
      );
      if (box2 instanceof HTMLElement && box2.dataset.frame) control.seek(Number(box2.dataset.frame));
    };
  }
  function holds(find, control) {
    const show3 = {
      difference: (on2) => {
        find("private").classList.toggle("difference-held", on2 && Boolean(control.subject().film));
      },
      control: (on2) => {
        control.holdControl(on2);
      }
    };
    const held3 = (box2, name) => {
      box2.addEventListener("pointerdown", (event) => {
        if (event.target instanceof HTMLElement && event.target.closest(".drop, .cropping")) return;
        show3[name](true);
        const up2 = () => {
          show3[name](false);
          removeEventListener("pointerup", up2);
          removeEventListener("pointercancel", up2);
        };
        addEventListener("pointerup", up2);
        addEventListener("pointercancel", up2);
      });
      box2.addEventListener("keydown", (event) => {
        if (["Enter", " "].includes(event.key)) {
          event.preventDefault();
          event.stopPropagation();
          show3[name](true);
        }
      });
      box2.addEventListener("keyup", (event) => {
        if (["Enter", " "].includes(event.key)) show3[name](false);
      });
      box2.addEventListener("blur", () => show3[name](false));
      box2.addEventListener("contextmenu", (event) => {
        if (event.target !== find("truth")) event.preventDefault();
      });
    };
    held3(find("hold-difference"), "difference");
    held3(find("hold-control"), "control");
    held3(find("attacked"), "control");
    held3(find("ctl"), "control");
    held3(find("private"), "difference");
    Object.assign(control, { hold: show3 });
    window.addEventListener("keyup", (event) => {
      if (event.key.toLowerCase() === "c") show3.control(false);
      if (event.key.toLowerCase() === "d") show3.difference(false);
    });
  }
  function files2(root, find, control, catalog) {
    const crop = cropper(find, catalog.side, (given) => control.own(given));
    pictures({
      target: root,
      file: find("file"),
      button: find("drop"),
      wanted: visible,
      words,
      taken: (given) => crop.take(given),
      refused: (message) => toast(message)
    });
  }
  function arrange(root, find, control) {
    const narrow = matchMedia("(max-width: 767px)"), dock = document.createElement("div");
    dock.className = "dock";
    const home = ["prompt", "bandbox", "ruler"].map((name) => find(name)), wire = find("wire"), story2 = root.querySelector(".story");
    const change = () => {
      if (narrow.matches) {
        find("attacked").after(find("headline"));
        dock.append(...home);
        find("stage").append(dock);
        find("film").before(find("verdict-row"));
      } else {
        story2?.append(find("headline"));
        wire.prepend(...home);
        dock.remove();
        find("film").after(find("verdict-row"));
      }
      control.refresh();
    };
    narrow.addEventListener("change", change);
    if (narrow.matches) change();
  }
  function aside(event) {
    const target = (
      /** @type {HTMLElement} */
      event.target
    );
    const typing = "select, textarea, [contenteditable], input:not([type=range]):not([type=checkbox])";
    return !visible() || event.ctrlKey || event.metaKey || event.altKey || Boolean(target.closest?.(typing));
  }
  function key(event, control) {
    if (aside(event)) return;
    const target = (
      /** @type {HTMLElement} */
      event.target
    ), { state } = control;
    const frames = event.shiftKey && /^Arrow(Left|Right)$/.test(event.key);
    const actions2 = (
      /** @type {Record<string, () => void>} */
      {
        " ": () => {
          if (!target.closest("button")) control.play();
          else return;
        },
        c: () => {
          if (!event.repeat) control.hold.control(true);
        },
        d: () => {
          if (!event.repeat) control.hold.difference(true);
        },
        r: () => control.run(),
        s: () => control.stop(),
        f: () => {
          state.flag = state.choices.strength;
          control.refresh();
        },
        m: () => (
          /** @type {any} */
          control.mix(MIXED[(MIXED.indexOf(state.choices.mixed) + 1) % MIXED.length])
        ),
        1: () => control.choose({ strength: 0 }),
        2: () => stop(control, 1e-3),
        3: () => stop(control, 0.01),
        ArrowLeft: () => frames ? control.seek(state.frame - 1) : control.step(-1),
        ArrowRight: () => frames ? control.seek(state.frame + 1) : control.step(1),
        Home: () => control.seek(0),
        End: () => control.seek(Number.MAX_SAFE_INTEGER)
      }
    );
    const act = actions2[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.key === " " && target.closest("button")) return;
    if (target.matches("input[type=range]") && !event.shiftKey && /^(Arrow|Home|End)/.test(event.key)) return;
    event.preventDefault();
    act();
  }
  function stop(control, strength3) {
    const { defense: defense2 } = control.state.choices, stops = stopsOf(control.subject().set, defense2);
    control.choose({
      strength: defense2 === "noise" ? nearest(defense2, stops, 14 + 86 * (Math.log10(strength3) + 4) / 4) : stops[Math.min(stops.length - 1, strength3 > 1e-3 ? 4 : 2)]
    });
  }

  // gi_core/web/screens/explore/explore.js
  var made = null;
  function make(element, catalog) {
    const root = fill(element, explore_default, words), find = finder(root);
    const networks = catalog.networks, defenses = catalog.defenses, pictures2 = catalog.samples.map((s) => s.name);
    build(find, { networks, defenses, pictures: pictures2 });
    take(catalog);
    const control = new Controller(find, catalog, openAtlas(catalog.atlas));
    listen(root, find, control, catalog);
    return { root, control, catalog };
  }
  var offered4 = null;
  var offer = (catalog) => {
    offered4 = catalog;
  };
  function early(element) {
    if (!offered4) return;
    made ??= make(element, offered4);
    begin(made);
  }
  async function begin({ control, catalog }) {
    await Promise.all(
      catalog.samples.map(async (s) => control.truths.set(s.name, await picture3(s.src)))
    );
    await control.arrive();
    control.state.frame = Number.MAX_SAFE_INTEGER;
    if (!calm2()) control.play();
    else control.refresh();
  }
  async function linked(control, server) {
    const query2 = new URLSearchParams(location.search), named5 = [...query2.keys()].some((key2) => key2 in control.catalog.defaults);
    if (!named5 && query2.has("picture")) return control.adopt(control.setUp().settings, query2.get("picture"));
    if (!named5 || !server.explore_link) return;
    const told3 = await server.explore_link({ search: location.search });
    if (told3?.settings) control.adopt(told3.settings, query2.get("picture"));
    if (told3?.notes?.length) toast(told3.notes.join(" "));
  }
  function mount4({ element, props, trigger, watch, server }) {
    if (made) element.replaceChildren(made.root);
    else {
      made = make(element, props.catalog ?? offered4);
      begin(made);
    }
    const { control, root } = made, code = room3();
    watch("value", () => control.receive(props.value));
    const line = onDevice(atHand((message) => control.receive(message)), trigger, server);
    control.connect(line.trigger, line.server);
    if (code && server.open_room) control.guest = attend(root, control, code);
    linked(control, server);
    explore.setUp = () => control.setUp();
    explore.query = () => control.query();
    on("open", (run) => {
      emit("show", "explore");
      control.open(
        /** @type {Record<string, any>} */
        run
      );
    });
    document.getElementById("gi-early")?.remove();
    document.body.dataset.explore = "ready";
  }

  // gi_core/web/screens/header/header.js
  var header_exports = {};
  __export(header_exports, {
    ROOMS: () => ROOMS,
    mount: () => mount5,
    roomOf: () => roomOf
  });

  // gi_core/web/screens/header/header.html
  var header_default = '<header class="head">\n  <div class="brand"><div class="mark" aria-hidden="true"><i></i><i></i><i></i></div><span data-t="title"></span></div>\n  <nav data-r="rooms" data-label="header.rooms"></nav>\n  <div class="side">\n    <select class="lang" data-r="lang" data-label="language"></select>\n    <button type="button" class="plain" data-r="theme" data-icon="theme" data-label="theme"><span data-t="theme"></span></button>\n    <button type="button" class="plain" data-r="projector" data-icon="screen" data-label="projector"><span data-t="projector"></span></button>\n    <button type="button" class="plain" data-r="link" data-icon="share" data-label="header.share"><span data-t="header.share"></span></button>\n  </div>\n</header>\n';

  // gi_core/web/screens/header/header.js
  var ROOMS = { explore: ["explore"], compare: ["compare"], evidence: ["evidence"] };
  var WITHIN = { cheat: "explore" };
  var MOVED = {
    lab: "explore",
    dial: "explore",
    anatomy: "explore",
    lesson: "explore",
    feasibility: "evidence",
    risk: "evidence"
  };
  function roomOf(tab) {
    const room4 = MOVED[tab ?? ""] ?? tab ?? "";
    return room4 in ROOMS || room4 in WITHIN ? room4 : "explore";
  }
  var made2 = null;
  function mount5({ element }) {
    if (made2) {
      element.replaceChildren(made2);
      show2(roomOf(document.body.dataset.tab ?? null));
      return;
    }
    made2 = fill(element, header_default, words);
    const find = finder(made2), query2 = new URLSearchParams(location.search);
    const whole2 = !document.body.classList.contains("static");
    const rooms = Object.keys(ROOMS).filter((room4) => whole2 || document.getElementById(`tab-${room4}`));
    find("rooms").append(...rooms.map(door));
    colours(find("theme"), query2);
    projector(find("projector"), query2);
    tongue(find("lang"));
    find("link").onclick = () => emit("link");
    on("show", show2);
    document.body.dataset.tab = roomOf(query2.get("tab"));
    setTimeout(() => show2(roomOf(query2.get("tab"))), 0);
  }
  function door(room4) {
    const button4 = document.createElement("button");
    button4.type = "button";
    button4.dataset.room = room4;
    button4.dataset.testid = `room-${room4}`;
    button4.textContent = words["header." + room4];
    button4.onclick = () => show2(room4);
    return button4;
  }
  function show2(room4) {
    const screens2 = ROOMS[room4] ?? [room4];
    screens2.forEach(awaken);
    for (const tab of document.querySelectorAll('.gi-tab[id^="tab-"]'))
      tab.classList.toggle("gi-off", !screens2.includes(tab.id.slice(4)));
    made2?.querySelectorAll("nav button").forEach((button4) => {
      const here = (
        /** @type {HTMLElement} */
        button4.dataset.room === (WITHIN[room4] ?? room4)
      );
      if (here) button4.setAttribute("aria-current", "page");
      else button4.removeAttribute("aria-current");
    });
    document.body.dataset.tab = room4;
    emit("tab", room4);
  }
  function dark(on2) {
    document.body.classList.toggle("dark", on2);
    emit("theme");
  }
  function colours(button4, query2) {
    button4.onclick = () => {
      dark(!document.body.classList.contains("dark"));
      remember("gi-theme", document.body.classList.contains("dark") ? "dark" : "light");
    };
    const asked = query2.get("__theme") ?? recall("gi-theme");
    if (asked) dark(asked === "dark");
  }
  function projector(button4, query2) {
    const project = (on2) => {
      document.body.classList.toggle("projector", on2);
      emit("theme");
    };
    button4.onclick = () => {
      project(true);
      button4.blur();
    };
    window.addEventListener("keydown", (event) => {
      const typing = (
        /** @type {HTMLElement} */
        event.target.closest?.("input:not([type=range]), select, textarea")
      );
      if (event.key === "Escape") project(false);
      if (event.key.toLowerCase() === "p" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey)
        project(!document.body.classList.contains("projector"));
    });
    if (query2.has("projector")) project(true);
  }
  function tongue(select) {
    select.append(...languages.map((name) => new Option(name.toUpperCase(), name)));
    select.value = language;
    select.onchange = () => {
      const query2 = new URLSearchParams(location.search);
      for (const [key2, value] of new URLSearchParams(explore.query())) query2.set(key2, value);
      query2.set("lang", select.value);
      query2.set("tab", document.body.dataset.tab ?? "explore");
      location.search = query2.toString();
    };
  }

  // gi_core/web/main.js
  var screens = { header: header_exports, explore: explore_exports, cheat: cheat_exports, compare: compare_exports, evidence: evidence_exports };
  function start3(name, context2, constants, events) {
    const { constants: text } = (
      /** @type {{ constants?: string }} */
      context2.props
    );
    const props = () => {
      const known2 = text ? JSON.parse(text) : constants;
      return new Proxy(context2.props, {
        get: (target, key2) => key2 === "words" ? words : known2[String(key2)] ?? Reflect.get(target, key2)
      });
    };
    const trigger = (event, detail) => {
      if (!events.includes(event)) throw new Error(`the server does not listen to "${event}" of ${name}`);
      context2.trigger(event, detail);
    };
    whenWanted(name, () => screens[name].mount({ ...context2, props: props(), trigger }));
  }
  function early2(catalog) {
    const box2 = document.getElementById("gi-early"), query2 = new URLSearchParams(location.search);
    const room4 = roomOf(query2.get("tab"));
    document.body.dataset.tab = room4;
    offer(catalog);
    if (!box2 || room4 !== "explore") return box2?.remove();
    const [below, top] = [...box2.children].map((node) => (
      /** @type {HTMLElement} */
      node
    ));
    const context2 = (
      /** @type {any} */
      { props: {}, server: {}, trigger: () => {
      }, watch: () => {
      } }
    );
    mount5({ ...context2, element: top });
    early(below);
  }
  var query = () => explore.query();
  var word = (key2) => words[key2];
  return __toCommonJS(main_exports);
})();
