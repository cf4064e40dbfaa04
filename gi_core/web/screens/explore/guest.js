/** A guest of a room sees the runs that its owner starts: their settings, pictures and frames, as they come. */

import { decode } from "./films.js";
import { t } from "../../lib/words.js";

/** @typedef {import("./controller.js").Controller} Controller */

/** The room that an address names. */
export const room = () => new URLSearchParams(location.search).get("follow");

/**
 * @param {HTMLElement} root @param {Controller} control @param {string} code
 * @returns {(message: any) => Promise<void>} what to do with a message of the server
 */
export function attend(root, control, code) {
  const id = crypto.getRandomValues(new Uint32Array(4)).join(""),
    bar = document.createElement("p");
  let shown = "";
  bar.className = "guest-bar";
  bar.setAttribute("role", "status");
  bar.dataset.testid = "guest";
  const leave = document.createElement("button"),
    said = document.createElement("span");
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
  const tell = (/** @type {string[]} */ ...texts) => {
    said.textContent = [t("room_follow", { code }), ...texts].join(" ");
  };
  tell();
  control.line?.trigger("run", { id, follow: code });
  return async message => {
    if (message.room) tell(message.room.open ? (message.room.running ? "" : t("room_wait")) : t("room_closed"));
    const { run } = message;
    if (!run) return control.runner.receive(message);
    if (run.state === "failed" && !shown) tell(run.message);
    if (run.frames) {
      await decode(run);
      if (run.id !== shown) {
        shown = run.id;
        await control.place(run);
        control.state.following = true;
        control.runner.follow(id, control.subject().key);
      }
    }
    control.runner.receive(message);
  };
}
