/** Bundle the browser side: gi_core/web/main.js and all it imports to gi_core/web/bundle/gi.{js,css}. */

import { build } from "esbuild";

const outdir = process.argv[2] ?? "gi_core/web/bundle";

await build({
  entryPoints: { gi: "gi_core/web/main.js" },
  outdir,
  bundle: true,
  format: "iife",
  globalName: "gi",
  target: ["chrome100", "firefox100", "safari15.4"],
  loader: { ".html": "text" },
  charset: "utf8",
  legalComments: "none",
  banner: { js: "/* Made by `npm run build` from gi_core/web/main.js; edit that. */" },
});
