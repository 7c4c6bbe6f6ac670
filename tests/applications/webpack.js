// usage: node webpack.js WEBPACK FOLDER          builds FOLDER/main.js into FOLDER/webpack, with webpack's own settings

import { createRequire } from "node:module";

const [path, context] = process.argv.slice(2);
const webpack = createRequire(import.meta.url)(path);
webpack({ context, mode: "production", entry: "./main.js", output: { path: `${context}/webpack` } }, (error, stats) => {
  console.log(error ?? stats.toString());
  process.exitCode = error || stats.hasErrors() || stats.hasWarnings() ? 1 : 0;
});
