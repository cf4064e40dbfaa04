/** The page's letters, there before its first line is laid out: a face made from bytes has nothing left to load. */

/** @param {{ family: string, weight: string, range: string, base64: string }[]} faces WOFF2 files */
export function letters(faces) {
  for (const { family, weight, range, base64 } of faces) {
    const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
    document.fonts.add(new FontFace(family, bytes, { weight, unicodeRange: range }));
  }
}
