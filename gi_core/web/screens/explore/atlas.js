/** Recorded runs: sets are loaded when they are first wanted, their sprite is decoded before it is first drawn. */

/**
 * @typedef {import("./model.js").AtlasSet} AtlasSet
 * @typedef {{ image: CanvasImageSource, x: number, y: number, side: number }} Tile where one picture lies in a bitmap
 */

export const FRAMES = 16;

/**
 * @param {{ base: string, sets: AtlasSet[], open?: (id: string) => Promise<Record<string, any>> }} catalog `open`: a
 * set as a page without a server has it, its cells by its id and its pictures by their file names
 */
export function openAtlas({ base, sets, open }) {
  /** @type {Map<string, Promise<void>>} */
  const asked = new Map();
  /** @type {Map<string, ImageBitmap | HTMLImageElement>} */
  const sprites = new Map();

  /** @type {typeof sprites} */
  const stills = new Map();

  /** @param {AtlasSet} set */
  async function fetched(set) {
    const held = await open?.(set.id), at = (/** @type {string} */ name) => held?.[name] ?? base + name;
    const [cells, sprite, still] = await Promise.all([
      set.cells ??
        held?.[set.id] ??
        fetch(at(`${set.id}.json`))
          .then(answer => answer.json())
          .then(told => told.cells),
      picture(at(set.file)),
      set.still ? picture(at(set.still)) : null,
    ]);
    set.cells = cells;
    sprites.set(set.id, sprite);
    if (still) stills.set(set.id, still);
  }

  return {
    sets,
    /** @param {AtlasSet} set */
    ready: set => sprites.has(set.id),
    /** Load a set; the same promise for the same set, another try after a failure. @param {AtlasSet} set */
    load(set) {
      const before = asked.get(set.id);
      if (before) return before;
      const made = fetched(set);
      asked.set(set.id, made);
      made.catch(() => asked.delete(set.id));
      return made;
    },
    /**
     * Tile `i` of a cell's frame; frame FRAMES is the control's answer.
     * @param {AtlasSet} set @param {number} row @param {number} frame @param {number} i
     * @returns {Tile | null}
     */
    tile(set, row, frame, i) {
      const image = sprites.get(set.id);
      return image ? { image, x: (frame * set.mixed + i) * set.side, y: row * set.side, side: set.side } : null;
    },
    /**
     * A cell's end (column 0) or its control's answer (1) without loss, else as tile() has it.
     * @param {AtlasSet} set @param {number} row @param {0 | 1} column @param {number} frame @param {number} i
     * @returns {Tile | null}
     */
    still(set, row, column, frame, i) {
      const image = stills.get(set.id);
      return image ? { image, x: column * set.side, y: row * set.side, side: set.side } : this.tile(set, row, frame, i);
    },
  };
}

/** A decoded picture, ready to be drawn within a frame. @param {string} address */
export async function picture(address) {
  if (address.startsWith("data:")) {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image;
  }
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return createImageBitmap(await answer.blob());
}
