/* What the tabs share: language, sprites, strips, the time scale, copying, downloads. */
window.gi = (() => {
  /* The language: the address, then what was chosen before, then the browser's; English otherwise. */
  const locales = { en: "en-GB", de: "de-DE" };
  const languages = [];
  let words = {}, locale = "en-GB", language = "en";
  const speak = tables => {
    let before = null;
    try { before = localStorage.getItem("gi-lang"); } catch { /* private browsing */ }
    const asked = new URLSearchParams(location.search).get("lang");
    languages.push(...Object.keys(tables));
    language = [asked, before, ...(navigator.languages ?? []).map(l => l.slice(0, 2)), "en"].find(l => Object.hasOwn(tables, l ?? ""));
    if (asked === language) try { localStorage.setItem("gi-lang", language); } catch { /* private browsing */ }
    words = tables[language];
    locale = locales[language];
    document.documentElement.lang = language;
    document.title = words.title;
  };
  /* What a widget gets as props: what never changes, the words of this language, and the server's. */
  const localised = (props, constants) => new Proxy(props, { get: (target, key) => key === "words" ? words : constants[key] ?? Reflect.get(target, key) });

  /* The tab that is looked at comes first; the others are mounted when there is time, or when they are asked for. */
  const asleep = new Map(), wanted = new URLSearchParams(location.search).get("tab") ?? "lab";
  const awaken = name => {
    const mount = asleep.get(name);
    asleep.delete(name);
    mount?.();
  };
  const awakenAll = () => {
    const [next] = asleep.keys();
    if (next === undefined) return;
    awaken(next);
    setTimeout(awakenAll, 50);
  };
  const whenWanted = (name, mount) => {
    if (["header", "lab", wanted].includes(name)) return mount();
    if (!asleep.size) setTimeout(awakenAll, 1500);
    asleep.set(name, mount);
  };

  /* Fill {name} in; {name%} is a share in percent. */
  const say = (text, values) => text.replace(/\{(\w+)(%?)\}/g, (_, key, share) => share ? `${number(100 * values[key], 0)} %` : values[key] ?? "");
  const escape = text => String(text).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
  const token = name => getComputedStyle(document.body).getPropertyValue("--" + name).trim();
  const rgb = name => {
    const hex = token(name).replace("#", "");
    return [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16));
  };

  const icons = {
    lock: '<rect x="3" y="7" width="10" height="7" rx="1"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/>',
    leave: '<path d="M1.5 8h8M6.500 5l3 3-3 3M13.500 2v2.500M13.500 6.800v2.500M13.500 11.500V14"/>',
    eye: '<path d="M1 8s2.600-4.500 7-4.500S15 8 15 8s-2.600 4.500-7 4.500S1 8 1 8z"/><circle cx="8" cy="8" r="2"/>',
    link: '<path d="M6.500 9.500l3-3M7 4.500l1.500-1.500a3 3 0 0 1 4.300 4.300L11.300 8.800M9 11.500l-1.500 1.500a3 3 0 0 1-4.300-4.300L4.700 7.200"/>',
    down: '<path d="M8 2v8M4.500 7L8 10.500 11.500 7M2.500 13.500h11"/>',
    play: '<path d="M4 2.500v11l9-5.500z" fill="currentColor"/>',
    pause: '<path d="M5 3v10M11 3v10" stroke-width="2.500"/>',
    stop: '<rect x="3.500" y="3.500" width="9" height="9" fill="currentColor"/>',
    first: '<path d="M3.500 3v10M13 3L6 8l7 5z" fill="currentColor"/>',
    last: '<path d="M12.500 3v10M3 3l7 5-7 5z" fill="currentColor"/>',
    arrow: '<path d="M1.500 8h12M9.500 4l4 4-4 4"/>',
    plus: '<path d="M8 3v10M3 8h10"/>',
    hatch: '<path d="M1.500 11.500h13M3 10l3-5M7 10l3-5M11 10l3-5"/>',
  };
  const icon = name => `<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${icons[name]}</svg>`;

  /* Fill a tab: HTML from its file, words from the string table, icons by name. */
  const mount = (element, html, words) => {
    const root = document.createElement("div");
    root.className = "gi";
    root.innerHTML = html;
    root.querySelectorAll("[data-t]").forEach(node => { node.innerHTML = words[node.dataset.t] ?? node.dataset.t; });
    root.querySelectorAll("[data-label]").forEach(node => { node.setAttribute("aria-label", words[node.dataset.label]); });
    root.querySelectorAll("[data-icon]").forEach(node => { node.insertAdjacentHTML("afterbegin", icon(node.dataset.icon)); });
    element.replaceChildren(root);
    return root;
  };

  const image = source => new Promise((resolve, reject) => {
    const picture = new Image();
    picture.onload = () => resolve(picture);
    picture.onerror = reject;
    picture.src = source;
  });

  /* Draw B tiles of w x h, taken from `row` of a sprite, as a square-ish grid. */
  const tiles = (canvas, sprite, row, count, width, height) => {
    const columns = Math.ceil(Math.sqrt(count)), rows = Math.ceil(count / columns);
    const scale = count > 1 ? Math.max(1, Math.round(192 / width)) : 1, gap = count > 1 ? Math.round(scale * width / 24) : 0;
    canvas.width = columns * width * scale + (columns - 1) * gap;
    canvas.height = rows * height * scale + (rows - 1) * gap;
    canvas.style.aspectRatio = canvas.width + "/" + canvas.height;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    for (let i = 0; i < count; i++) {
      const x = (i % columns) * (width * scale + gap), y = Math.floor(i / columns) * (height * scale + gap);
      context.drawImage(sprite, i * width, row * height, width, height, x, y, width * scale, height * scale);
    }
  };

  /* |signed difference| of two canvases of equal size, magnified. */
  const difference = (canvas, before, after, factor) => {
    canvas.width = after.width; canvas.height = after.height;
    canvas.style.aspectRatio = canvas.width + "/" + canvas.height;
    const read = c => c.getContext("2d").getImageData(0, 0, c.width, c.height);
    const a = read(before), b = read(after);
    for (let i = 0; i < b.data.length; i += 4)
      for (let c = 0; c < 3; c++) b.data[i + c] = Math.min(255, factor * Math.abs(b.data[i + c] - a.data[i + c]));
    canvas.getContext("2d").putImageData(b, 0, 0);
  };

  /* A strip of intensities {w,h,data: base64 of uint8} in a token's colour over its tint. */
  const strip = (canvas, cells, colour, tint) => {
    if (!cells) return;
    const [r, g, b] = rgb(colour), [r0, g0, b0] = rgb(tint), bytes = atob(cells.data);
    canvas.width = cells.w; canvas.height = cells.h;
    const context = canvas.getContext("2d"), pixels = context.createImageData(cells.w, cells.h);
    for (let i = 0; i < bytes.length; i++) {
      const a = bytes.charCodeAt(i) / 255;
      pixels.data.set([r0 + a * (r - r0), g0 + a * (g - g0), b0 + a * (b - b0), 255], 4 * i);
    }
    context.putImageData(pixels, 0, 0);
  };

  /* Early steps matter most: x = log(1 + step/10), scaled to 0..1. */
  const scale = total => {
    const top = Math.log1p(Math.max(total, 1) / 10);
    return { at: step => Math.log1p(Math.max(step, 0) / 10) / top, step: x => 10 * Math.expm1(x * top) };
  };

  const formats = new Map();
  const format = digits => {
    if (!formats.has(digits)) formats.set(digits, new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
    return formats.get(digits);
  };
  const number = (value, digits = 1) => value == null || !isFinite(value) ? "–" : format(digits).format(value);
  const signed = (value, digits = 1) => {
    const text = number(Math.abs(value), digits);
    return (Number(Math.abs(value).toFixed(digits)) === 0 ? "±" : value > 0 ? "+" : "−") + text;
  };
  const short = value => {
    if (value == null) return "–";
    if (!isFinite(value)) return "∞";
    if (value === 0) return "0";
    if (value < 0) return "−" + short(-value);
    const size = value;
    const point = text => text.replace(".", format(1).format(1.5)[1]);
    if (size >= 1e6) return point(value.toExponential(1).replace("e+", "e"));
    if (size >= 100) return whole(value);
    if (size >= 0.0001) return point(String(Number(value.toPrecision(3))));
    return point(value.toExponential(1));
  };
  const whole = value => value == null || !isFinite(value) ? "–" : format(0).format(Math.round(value));
  let plural = null;
  const ordinal = (value, table) => {
    plural ??= new Intl.PluralRules(locale, { type: "ordinal" });
    return say(table["ordinal_" + plural.select(value)] ?? table.ordinal_other, { n: value });
  };
  const duration = (seconds, table) => seconds < 3 ? `${number(Math.max(seconds, 0.1))} s` : seconds < 90 ? `${whole(seconds)} s`
    : seconds < 5400 ? say(table.minutes, { n: whole(seconds / 60) }) : say(table.hours, { n: number(seconds / 3600) });
  /* A defense's parts in words: "clip to 1, add noise 0.001". */
  const defense = (parts, table) => parts.map(part => table["does_" + part.name]
    ? say(table["does_" + part.name], Object.fromEntries(Object.entries(part).map(([k, v]) => [k, typeof v === "number" && !table["does_" + part.name].includes(`{${k}%}`) ? short(v) : v])))
    : part.text).join(", ") || table.no_defense;

  let timer = 0;
  const toast = text => {
    let box = document.querySelector(".gi .toast");
    if (!box) {
      box = document.createElement("div");
      box.className = "toast";
      box.setAttribute("role", "status");
      document.querySelector(".gi").append(box);
    }
    box.textContent = text;
    box.classList.add("on");
    clearTimeout(timer);
    timer = setTimeout(() => box.classList.remove("on"), 2200);
  };
  const copy = async (text, said) => {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    toast(said);
  };
  const hand = (name, blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 5000);
  };
  const save = (name, base64, type) => hand(name, new Blob([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], { type }));
  const saveText = (name, text, type) => hand(name, new Blob([text], { type: type + ";charset=utf-8" }));
  /* A table as CSV; a text that a spreadsheet would take for a formula is quoted away. */
  const csv = rows => rows.map(row => row.map(value => {
    const text = typeof value === "string" && /^[=+@]|^-(?!\d)/.test(value) ? "'" + value : String(value ?? "");
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }).join(",")).join("\r\n") + "\r\n";

  /* Shrink a picture here, before anything is sent: a centred square of at most `side` pixels, no metadata. */
  const shrink = async (file, side, words) => {
    if (file.size > 20e6) throw Error(words.too_big.replace("{mb}", number(file.size / 1e6)));
    const bytes = new Uint8Array(await file.arrayBuffer());
    const starts = (...head) => head.every((byte, i) => bytes[i] === byte);
    const png = starts(0x89, 0x50, 0x4e, 0x47), jpeg = starts(0xff, 0xd8);
    if (!png && !jpeg && !starts(0x52, 0x49, 0x46, 0x46) && !starts(0x47, 0x49, 0x46) && !starts(0x42, 0x4d))
      throw Error(words.not_picture.replace("{name}", file.name));
    if (png) {
      const view = new DataView(bytes.buffer), width = view.getUint32(16), height = view.getUint32(20);
      if (width * height > 40e6) throw Error(words.too_many_pixels.replace("{size}", `${width} × ${height}`));
    }
    const tail = bytes.subarray(Math.max(0, bytes.length - 64));
    if (jpeg && !tail.some((byte, i) => byte === 0xff && tail[i + 1] === 0xd9)) throw Error(words.truncated.replace("{name}", file.name));
    let bitmap;
    try { bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }); } catch { throw Error(words.not_picture.replace("{name}", file.name)); }
    const cut = Math.min(bitmap.width, bitmap.height);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.min(side, cut);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, (bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut, cut, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return canvas.toDataURL("image/png");
  };

  return {
    speak, localised, whenWanted, awaken, say, escape, token, icon, mount, image, tiles, difference, strip, scale, number, signed, short, whole, ordinal,
    duration, defense, toast, copy, save, saveText, csv, shrink, languages, get language() { return language; }, get words() { return words; },
  };
})();
