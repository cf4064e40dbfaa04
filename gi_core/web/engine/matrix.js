/**
 * Products of matrices in row order, in blocks that stay in registers. All of the engine's time is spent in here.
 *
 * @typedef {Float32Array | Float64Array} Numbers
 */

/**
 * C (m,n) = A (m,k) B (k,n), or added to C. A's entry (i,j) stands at `i * down + j * across`, so a turned A costs
 * nothing.
 * @param {number} m @param {number} n @param {number} k
 * @param {Numbers} A @param {number} down @param {number} across
 * @param {Numbers} B @param {Numbers} C @param {boolean} add
 */
export function rows(m, n, k, A, down, across, B, C, add) {
  if (!add) C.fill(0, 0, m * n);
  let i = 0;
  for (; i + 4 <= m; i += 4) fourRows(i, n, k, A, down, across, B, C);
  for (; i < m; i++) oneRow(i, n, k, A, down, across, B, C);
}

/**
 * @param {number} i @param {number} n @param {number} k @param {Numbers} A @param {number} down
 * @param {number} across @param {Numbers} B @param {Numbers} C
 */
function fourRows(i, n, k, A, down, across, B, C) {
  const a0 = i * down, a1 = a0 + down, a2 = a1 + down, a3 = a2 + down;
  const c0 = i * n, c1 = c0 + n, c2 = c1 + n, c3 = c2 + n;
  let j = 0;
  for (; j + 2 <= n; j += 2) {
    let x0 = 0, x1 = 0, x2 = 0, x3 = 0, y0 = 0, y1 = 0, y2 = 0, y3 = 0;
    for (let p = 0, at = 0, b = j; p < k; p++, at += across, b += n) {
      const u = B[b], v = B[b + 1], s0 = A[a0 + at], s1 = A[a1 + at], s2 = A[a2 + at], s3 = A[a3 + at];
      x0 += s0 * u; x1 += s1 * u; x2 += s2 * u; x3 += s3 * u;
      y0 += s0 * v; y1 += s1 * v; y2 += s2 * v; y3 += s3 * v;
    }
    C[c0 + j] += x0; C[c1 + j] += x1; C[c2 + j] += x2; C[c3 + j] += x3;
    C[c0 + j + 1] += y0; C[c1 + j + 1] += y1; C[c2 + j + 1] += y2; C[c3 + j + 1] += y3;
  }
  for (; j < n; j++)
    for (let p = 0, at = 0, b = j; p < k; p++, at += across, b += n) {
      const u = B[b];
      C[c0 + j] += A[a0 + at] * u; C[c1 + j] += A[a1 + at] * u;
      C[c2 + j] += A[a2 + at] * u; C[c3 + j] += A[a3 + at] * u;
    }
}

/**
 * @param {number} i @param {number} n @param {number} k @param {Numbers} A @param {number} down
 * @param {number} across @param {Numbers} B @param {Numbers} C
 */
function oneRow(i, n, k, A, down, across, B, C) {
  const c = i * n;
  for (let p = 0; p < k; p++) {
    const share = A[i * down + p * across], b = p * n;
    if (share !== 0) for (let j = 0; j < n; j++) C[c + j] += share * B[b + j];
  }
}

/**
 * C (m,n) = A (m,k) B^T for B (n,k), or added to C: both are read along their rows.
 * @param {number} m @param {number} n @param {number} k
 * @param {Numbers} A @param {Numbers} B @param {Numbers} C @param {boolean} add
 */
export function dots(m, n, k, A, B, C, add) {
  if (!add) C.fill(0, 0, m * n);
  let i = 0;
  for (; i + 4 <= m; i += 4) fourDots(i, n, k, A, B, C);
  for (; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0, a = i * k, b = j * k; p < k; p++) sum += A[a + p] * B[b + p];
      C[i * n + j] += sum;
    }
}

/** @param {number} i @param {number} n @param {number} k @param {Numbers} A @param {Numbers} B @param {Numbers} C */
function fourDots(i, n, k, A, B, C) {
  const a0 = i * k, a1 = a0 + k, a2 = a1 + k, a3 = a2 + k;
  let j = 0;
  for (; j + 2 <= n; j += 2) {
    let x0 = 0, x1 = 0, x2 = 0, x3 = 0, y0 = 0, y1 = 0, y2 = 0, y3 = 0;
    for (let p = 0, b = j * k, d = b + k; p < k; p++) {
      const u = B[b + p], v = B[d + p], s0 = A[a0 + p], s1 = A[a1 + p], s2 = A[a2 + p], s3 = A[a3 + p];
      x0 += s0 * u; x1 += s1 * u; x2 += s2 * u; x3 += s3 * u;
      y0 += s0 * v; y1 += s1 * v; y2 += s2 * v; y3 += s3 * v;
    }
    const c = i * n + j;
    C[c] += x0; C[c + n] += x1; C[c + 2 * n] += x2; C[c + 3 * n] += x3;
    C[c + 1] += y0; C[c + n + 1] += y1; C[c + 2 * n + 1] += y2; C[c + 3 * n + 1] += y3;
  }
  if (j < n)
    for (let p = 0, b = j * k; p < k; p++) {
      const u = B[b + p], c = i * n + j;
      C[c] += A[a0 + p] * u; C[c + n] += A[a1 + p] * u; C[c + 2 * n] += A[a2 + p] * u; C[c + 3 * n] += A[a3 + p] * u;
    }
}

/**
 * Where numbers lie and who multiplies them. Float64Array in place of Float32Array makes the engine its own oracle.
 * @typedef {object} Machine
 * @property {(count: number) => any} room zeros
 * @property {typeof rows} rows
 * @property {typeof dots} dots
 */

/** @param {Float32ArrayConstructor | Float64ArrayConstructor} Kind @returns {Machine} */
export const machine = (Kind = Float32Array) => ({ room: count => new Kind(count), rows, dots });
