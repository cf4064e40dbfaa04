import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["gi_core/web/bundle/**", "gi_core/web/export/**", "node_modules/**"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: globals.browser },
    rules: {
      "max-len": ["error", { code: 120 }],
      "max-lines-per-function": ["error", { max: 60 }],
      "prefer-const": ["error", { destructuring: "all" }],
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-var": "error",
    },
  },
  { files: ["build.js", "eslint.config.js", "tests/js/**"], languageOptions: { globals: globals.node } },
];
