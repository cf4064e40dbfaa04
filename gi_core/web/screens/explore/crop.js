/** Which part of one's own picture: drag it, zoom with the wheel, or with + and -. */

import { toast } from "../../lib/page.js";
import { t } from "../../lib/words.js";
import { picture } from "./atlas.js";
import { cropped, inside } from "./drop.js";

/** @typedef {{ x: number, y: number, size: number }} Cut in the picture's pixels */

/**
 * Drags and the wheel on a box, while it holds one's own picture.
 * @param {HTMLElement} box
 * @param {(dx: number, dy: number) => void} move in pictures' widths @param {(factor: number) => void} zoom
 */
function gestures(box, move, zoom) {
  const mine = () => box.classList.contains("mine");
  box.addEventListener("wheel", event => {
    if (!mine()) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.1 : 1 / 1.1);
  }, { passive: false });
  box.addEventListener("pointerdown", event => {
    if (!mine() || /** @type {HTMLElement} */ (event.target).closest("button")) return;
    let { clientX: x, clientY: y } = event;
    const follow = (/** @type {PointerEvent} */ now) => {
      move((now.clientX - x) / box.clientWidth, (now.clientY - y) / box.clientHeight);
      ({ clientX: x, clientY: y } = now);
    };
    const end = () => { removeEventListener("pointermove", follow); removeEventListener("pointerup", end); };
    addEventListener("pointermove", follow);
    addEventListener("pointerup", end);
  });
  window.addEventListener("keydown", event => {
    if (!mine() || !box.checkVisibility() || !["+", "-", "="].includes(event.key)) return;
    zoom(event.key === "-" ? 1.1 : 1 / 1.1);
  });
}

/**
 * @param {(name: string) => any} find @param {number} side of what is sent
 * @param {(pictures: string[]) => void} chosen
 */
export function cropper(find, side, chosen) {
  const box = find("private");
  /** @type {{ image: CanvasImageSource, whole: number } | null} */
  let held = null;
  /** @type {string[]} */
  let others = [];
  let cut = { x: 0, y: 0, size: 1 }, waiting = 0;
  const show = (/** @type {Cut} */ next) => {
    if (!held) return;
    const { image, whole } = held;
    cut = inside(next, whole);
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => chosen([cropped(image, cut, side), ...others]));
  };
  gestures(box, (dx, dy) => show({ ...cut, x: cut.x - dx * cut.size, y: cut.y - dy * cut.size }), factor => {
    const shift = cut.size * (1 - factor) / 2;
    show({ x: cut.x + shift, y: cut.y + shift, size: cut.size * factor });
  });
  const whole = async (/** @type {string} */ src) => {
    const image = /** @type {HTMLImageElement} */ (await picture(src));
    return { image, whole: image.width };
  };
  return {
    /** @param {{ src: string }[]} given */
    async take(given) {
      const [first, ...rest] = await Promise.all(given.map(one => whole(one.src)));
      held = first;
      cut = { x: 0, y: 0, size: first.whole };
      others = rest.map(other => cropped(other.image, { x: 0, y: 0, size: other.whole }, side));
      box.classList.add("mine");
      chosen([cropped(first.image, cut, side), ...others]);
      toast(t("explore.crop_hint"));
    },
    end() { held = null; box.classList.remove("mine"); },
  };
}
