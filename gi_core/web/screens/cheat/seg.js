/** A row of choices of which one holds: a radio group by keys and by pointer. */

/**
 * @template {string | number} T
 * @param {HTMLElement} group @param {T[]} values @param {(value: T) => string} name @param {(value: T) => void} choose
 */
export function segments(group, values, name, choose) {
  const buttons = values.map(value => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", "false");
    button.dataset.value = String(value);
    button.textContent = name(value);
    button.onclick = () => choose(value);
    return button;
  });
  group.replaceChildren(...buttons);
  group.onkeydown = event => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const at = buttons.findIndex(button => button.getAttribute("aria-checked") === "true");
    const next = (at + by + values.length) % values.length;
    choose(values[next]);
    buttons[next].focus();
  };
}

/** Show which one holds. @param {HTMLElement} group @param {string | number} value */
export function hold(group, value) {
  const buttons = /** @type {HTMLElement[]} */ ([...group.children]);
  for (const button of buttons) {
    const on = button.dataset.value === String(value);
    button.setAttribute("aria-checked", String(on));
    button.tabIndex = on ? 0 : -1;
  }
}
