/**
 * The gradient of a chain of layers, and the derivative of any function of that gradient with respect to the pictures.
 *
 * In z_l = W_l x_(l-1) + b_l, x_l = s(z_l), four sweeps give both (V: the function's derivative in the gradient G):
 *
 *     forward    z_l = W_l x_(l-1) + b_l
 *     backward   d_l = s'(z_l) W_(l+1)^T d_(l+1),  G_l = d_l x_(l-1)^T
 *     forward    t_l = V_l x_(l-1) + W_l (s'(z_(l-1)) t_(l-1))
 *     backward   p_l = W_(l+1)^T q_(l+1) + V_(l+1)^T d_(l+1),  q_l = s'(z_l) p_l + (s'' / s')(z_l) d_l t_l
 *
 * p_0 is what is looked for. The third sweep is Pearlmutter's R-operator (1994) along V, the fourth its backward:
 * `gi_core/inversion/backends/batched.py` says the same in Python.
 */

/**
 * @typedef {object} Stage a layer and the activation behind it
 * @property {import("./convolution.js").Layer} layer @property {import("./activation.js").Activation} activation
 * @property {number} at where its parameters begin among all of them
 */

export class Sweeps {
  /**
   * @param {import("./victim.js").Victim} victim @param {number} batch @param {import("./matrix.js").Machine} machine
   */
  constructor(victim, batch, machine) {
    const { room } = machine;
    this.victim = victim;
    this.batch = batch;
    this.stages = victim.stages(batch, machine);
    this.classes = victim.classes;
    this.weights = room(victim.count);
    this.weights.set(victim.weights);
    this.parts = this.cut(this.weights);
    const sizes = this.stages.map(({ layer }) => batch * layer.outputs);
    this.outputs = sizes.map(room);
    this.slopes = sizes.map(room);
    this.deltas = sizes.map(room);
    this.tangents = sizes.map(room);
    this.pulled = this.stages.map(({ layer }) => room(batch * layer.inputs));
    this.steep = this.stages.map(({ layer }) => room(batch * layer.inputs));
    this.input = room(batch * victim.inputs);
    /** @type {any[]} */ this.seen = [];
    this.shares = room(batch * this.classes);
  }

  /** Each stage's own parameters. @param {any} all */
  cut(all) {
    return this.stages.map(({ layer, at }) => all.subarray(at, at + layer.count));
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
  along(along, out, wanted) {
    const { batch, classes, shares, stages, tangents } = this, parts = this.cut(along), last = stages.length - 1;
    stages.forEach(({ layer }, l) => {
      if (layer.count) layer.push(parts[l], this.seen[l], tangents[l]);
      else tangents[l].fill(0);
      if (!l) return;
      const steep = this.steep[l], slope = this.slopes[l - 1], before = tangents[l - 1];
      for (let i = 0; i < steep.length; i++) steep[i] = slope[i] * before[i];
      layer.push(this.parts[l], layer.see(steep, true), tangents[l], { bias: false, add: true });
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
      const delta = this.deltas[l - 1], t = tangents[l - 1], p = this.pulled[l];
      for (let i = 0; i < p.length; i++) p[i] = slope[i] * p[i] + activation.bend(own[i]) * delta[i] * t[i];
      q = p;
    }
    this.victim.denormalise(this.pulled[0], out);
  }
}

/**
 * Softmax of one example, and its cross-entropy.
 * @param {any} logits @param {any} shares @param {ArrayLike<number>} wanted @param {number} at
 * @param {number} classes
 */
function softmax(logits, shares, wanted, at, classes) {
  let most = -Infinity, sum = 0, loss = 0;
  for (let j = at; j < at + classes; j++) most = Math.max(most, logits[j]);
  for (let j = at; j < at + classes; j++) sum += Math.exp(logits[j] - most);
  for (let j = at; j < at + classes; j++) {
    shares[j] = Math.exp(logits[j] - most) / sum;
    loss -= wanted[j] * (logits[j] - most - Math.log(sum));
  }
  return loss;
}

/**
 * The softmax's own derivative along t, in place: share (t - <share, t>) / B.
 * @param {any} t @param {any} shares @param {number} at @param {number} classes @param {number} batch
 */
function centred(t, shares, at, classes, batch) {
  let mean = 0;
  for (let j = at; j < at + classes; j++) mean += shares[j] * t[j];
  for (let j = at; j < at + classes; j++) t[j] = (shares[j] * (t[j] - mean)) / batch;
}
