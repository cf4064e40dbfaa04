// @ts-nocheck -- to be rebuilt as modules
/* The Lesson: seven steps, each a text and recorded pictures; at three of them one guesses before it is shown. */
import "./lesson.css";
import { gi } from "../../lib/kit.js";
import page from "./lesson.html";

export function mount({ element, props, trigger, watch, server }) {
  const { words, catalog } = props;
  const root = gi.mount(element, page, words);
  const find = name => root.querySelector(`[data-r="${name}"]`);
  const { say } = gi;
  const worded = run => run.psnr == null ? {} : {
    word: words["level_" + run.level], numel: gi.whole(run.numel), psnr: gi.number(run.psnr), gain: gi.signed(run.gain), control_psnr: gi.number(run.control_psnr),
  };
  const steps = catalog.steps, guesses = {};
  let at = Math.min(steps.length, Math.max(1, Number(new URLSearchParams(location.search).get("step")) || 1)) - 1, clock = 0;

  const figure = (kind, icon, title, body, note = "") =>
    `<figure class="k-${kind}"><h2 class="${kind}">${icon ? gi.icon(icon) : ""}${title}</h2>${body}<figcaption class="small">${note}</figcaption></figure>`;
  const canvas = (name, label) => `<div class="frame"><canvas data-r="${name}" role="img" aria-label="${label}"></canvas></div>`;
  const put = async (name, src, run, row = 0) => { const node = find(name); if (node) gi.tiles(node, await gi.image(src), row, 1, run.side, run.side); };

  const draw = () => {
    clearInterval(clock);
    document.body.dataset.step = at + 1;
    const step = steps[at], run = catalog.runs[step.run] ?? {}, known = !step.guess || guesses[at] != null, told = worded(run);
    const text = part => words[`lesson_${at + 1}_${part}`] ?? "";
    find("title").innerHTML = text("title");
    find("text").innerHTML = say(text("text"), told);
    find("dots").innerHTML = steps.map((_, i) => `<li><button type="button" aria-label="${say(words.lesson_step, { n: i + 1 })}"${i === at ? ' aria-current="step"' : ""}>${i + 1}</button></li>`).join("");
    find("dots").querySelectorAll("button").forEach((b, i) => { b.onclick = () => go(i); });
    find("guess").setAttribute("aria-label", words.lesson_guess);
    find("guess").innerHTML = (step.guess ? [0, 1, 2, 3] : []).map(i => `<button type="button" aria-pressed="${guesses[at] === i}" class="${known && i === run.level ? "right" : ""}">${words["guess_" + i]}</button>`).join("");
    find("guess").querySelectorAll("button").forEach((b, i) => { b.onclick = () => { guesses[at] = i; draw(); find("guess").children[i].focus(); }; });
    find("reveal").innerHTML = step.guess && known ? `<p><b>${guesses[at] === run.level ? words.lesson_right : words.lesson_wrong}</b> ${say(text("reveal"), told)}</p>` : "";
    find("back").disabled = at === 0;
    find("next").disabled = at === steps.length - 1;
    find("open").hidden = !step.run;
    find("open").textContent = words.lesson_open;
    const stage = find("stage");
    stage.hidden = !step.show.length;
    stage.innerHTML = step.show.map(part => ({
      private: figure("private", "lock", words.client_keeps, canvas("private", words.dial_private)),
      update: figure("leaving", "leave", words.leaves, `<div class="strips">${(run.layers ?? []).map((l, i) => `<div class="strip" style="display:block"><div class="name">${l.short}</div><canvas data-i="${i}" role="img" aria-label="${say(words.strip_alt, { name: l.short })}"></canvas></div>`).join("")}</div>`, say(words.numbers, { n: told.numel })),
      attacker: figure("attacker", "eye", words.attacker_sees, known ? canvas("attacker", words.attacker_sees) : `<div class="frame"><div class="covered" aria-hidden="true">?</div></div>`, known ? `<span data-r="note">${told.psnr} dB</span>` : ""),
      control: figure("control", "", words.control, canvas("control", words.control_alt), words.control_note),
    })[part]).join("");
    if (step.show.includes("private")) put("private", run.truth, run);
    if (step.show.includes("control")) put("control", run.control, run);
    stage.querySelectorAll("canvas[data-i]").forEach(c => gi.strip(c, run.layers[c.dataset.i].after_cells, "leaving", "leaving-tint"));
    if (step.show.includes("attacker") && known) {
      const frames = run.frames;
      if (step.play && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
        let i = 0;
        clock = setInterval(() => {
          const f = frames[i];
          put("attacker", run.sprite, run, f.row);
          if (find("note")) find("note").textContent = say(words.lesson_note, { step: f.iteration, psnr: gi.number(f.psnr) });
          if (++i >= frames.length) clearInterval(clock);
        }, 220);
      } else put("attacker", run.sprite, run, frames.at(-1).row);
    }
  };

  /* a teacher's link: where it starts, what it hides or locks in the Lab, how it looks */
  const cards = ["picture", "victim", "client", "defense", "attacker"];
  find("start").append(...steps.map((_, i) => new Option(say(words.teacher_step, { n: i + 1 }), `lesson&step=${i + 1}`)), ...["lab", "compare"].map(tab => new Option(words["tab_" + tab], tab)));
  for (const name of ["hide", "lock"]) find(name).innerHTML = cards.map(card => `<label class="tick"><input type="checkbox" value="${card}"><span>${words[card]}</span></label>`).join("");
  const chosen = name => [...find(name).querySelectorAll(":checked")].map(box => box.value).join(",");
  const teacherLink = () => {
    const [tab, step] = find("start").value.split("&step="), query = new URLSearchParams(gi.query?.() ?? "");
    for (const [key, value] of Object.entries({ tab, step, hide: chosen("hide"), lock: chosen("lock"), projector: find("big").checked ? 1 : "", lang: find("spoken").checked ? gi.language : "" }))
      if (value) query.set(key, value);
    return `${location.href.split("?")[0]}?${query.toString().replaceAll("%2C", ",")}`;
  };
  const tellLink = () => { find("address").textContent = teacherLink(); };
  find("teachers").onchange = tellLink;
  find("teachers").ontoggle = tellLink;
  find("teach").onclick = () => gi.copy(teacherLink(), words.teacher_copied);

  const go = i => { at = Math.min(steps.length - 1, Math.max(0, i)); draw(); };
  find("back").onclick = () => go(at - 1);
  find("next").onclick = () => go(at + 1);
  find("open").onclick = () => window.dispatchEvent(new CustomEvent("gi:open", { detail: steps[at].run }));
  window.addEventListener("keydown", event => {
    if (document.body.dataset.tab !== "lesson" || event.target.matches("[role=tab], input, select, textarea")) return;
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (move) { event.preventDefault(); go(at + move); }
  });
  window.addEventListener("gi:theme", draw);
  draw();
}
