/** The ruler on the wire: dragging the knob, planting the flag, the keyboard by the range input under it. */

const SLACK = 4;

/**
 * @param {object} parts
 * @param {HTMLElement} parts.ruler @param {HTMLInputElement} parts.input
 * @param {() => boolean} parts.flagless whether a click plants the flag
 * @param {(percent: number) => void} parts.drag while the pointer moves
 * @param {() => void} parts.drop when it lets go
 * @param {(percent: number) => void} parts.plant
 * @param {(percent: number | null) => void} parts.hover over the ruler, null when it leaves
 * @param {(index: number) => void} parts.step the input's value
 */
export function wireRuler({ ruler, input, flagless, drag, drop, plant, hover, step }) {
  /** @param {PointerEvent} event */
  const percent = event => {
    const box = ruler.getBoundingClientRect();
    return 100 * Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  };
  /** @type {{ x: number, moved: boolean, onKnob: boolean } | null} */
  let held = null;

  ruler.addEventListener("touchstart", event => event.preventDefault(), { passive: false });
  ruler.addEventListener("pointerdown", event => {
    if (event.button) return;
    event.preventDefault();
    input.focus({ preventScroll: true });
    ruler.setPointerCapture(event.pointerId);
    const knob = ruler.querySelector(".knob")?.getBoundingClientRect();
    const onKnob = knob ? event.clientX >= knob.left - SLACK && event.clientX <= knob.right + SLACK : false;
    held = { x: event.clientX, moved: false, onKnob };
    if (!onKnob && !flagless()) {
      held.moved = true;
      drag(percent(event));
    }
  });
  ruler.addEventListener("pointermove", event => {
    if (!held) return hover(percent(event));
    if (!held.moved && Math.abs(event.clientX - held.x) < SLACK) return;
    held.moved = true;
    drag(percent(event));
  });
  ruler.addEventListener("pointerup", event => {
    if (!held) return;
    if (held.moved) drop();
    else if (!held.onKnob) plant(percent(event));
    held = null;
  });
  ruler.addEventListener("pointercancel", () => {
    if (held?.moved) drop();
    held = null;
  });
  ruler.addEventListener("pointerleave", () => {
    if (!held) hover(null);
  });
  input.addEventListener("input", () => step(Number(input.value)));
}
