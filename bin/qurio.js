#!/usr/bin/env node
// In a clone: builds the wasm when its sources changed and runs the TypeScript as it is. In an installed package: runs dist/.

import { existsSync } from "node:fs";

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`qurio: Node ${process.versions.node} is too old, 20 or newer expected\nInstall a current Node from https://nodejs.org`);
  process.exit(1);
}

const has = (path) => existsSync(new URL(`../${path}`, import.meta.url));
if (has("cli/main.ts") && has("node_modules/tsx")) {
  const { register } = await import("tsx/esm/api");
  register();
  const { main } = await import("../cli/main.ts");
  const args = process.argv.slice(2);
  await main(args, async () => {
    const { buildWasm, CORE_MODULES } = await import("../scripts/build-wasm.js");
    await buildWasm(args.some((arg) => /engine|doctor/.test(arg)) ? undefined : CORE_MODULES);
  });
} else {
  const { main } = await import("../dist/cli/main.js");
  await main(process.argv.slice(2));
}
