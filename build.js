/** Bundle the browser side: gi_core/web/main.js and all it imports to gi_core/web/bundle/gi.{js,css}. */

import { relative, resolve } from "node:path";

import { build } from "esbuild";

const outdir = process.argv[2] ?? "gi_core/web/bundle";
const target = ["chrome100", "firefox100", "safari15.4"];

/** `import code from "./x.js?worker"`: the text of a script that runs in a thread of its own. */
const workers = {
  name: "workers",
  /** @param {import("esbuild").PluginBuild} of */
  setup(of) {
    of.onResolve({ filter: /\?worker$/ }, ({ path, resolveDir }) =>
      ({ path: relative(".", resolve(resolveDir, path.replace(/\?worker$/, ""))), namespace: "worker" }));
    of.onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
      const options = { entryPoints: [path], bundle: true, minify: true, write: false, target };
      const made = await build({ ...options, format: "iife", charset: "utf8", legalComments: "none" });
      return { contents: made.outputFiles?.[0].text, loader: "text" };
    });
  },
};

await build({
  entryPoints: { gi: "gi_core/web/main.js" },
  outdir,
  bundle: true,
  format: "iife",
  globalName: "gi",
  target,
  plugins: [workers],
  loader: { ".html": "text" },
  charset: "utf8",
  legalComments: "none",
  banner: { js: "/* Made by `npm run build` from gi_core/web/main.js; edit that. */" },
});
