// Prints what `npm i qurio` and `npm i @qurio/cli` install, what each direct dependency adds, and what development needs besides.
// usage: npm run size:packages [-- --json]

import { readFileSync } from "node:fs";
import { formatTable } from "../cli/output.ts";
import { packagePath } from "../host/files.ts";
import { pack } from "../tests/harness/strangers.ts";
import { type Added, Installed, type Weight } from "./installed.ts";

/** The one package of commit b275187, measured in the same way: the last before it was split. */
const BEFORE: Weight = { name: "npm i qurio, before the split", packages: 109, sizeBytes: 149 * 2 ** 20 };

const manifest = (...folder: string[]) => JSON.parse(readFileSync(packagePath(...folder, "package.json"), "utf8"));
const names = (dependencies: Record<string, string>) => Object.keys(dependencies).sort();
const bySize = (rows: Added[]) => rows.sort((a, b) => b.sizeBytes - a.sizeBytes);

const strangers = pack();
try {
  const { qurio, cli } = strangers.tarballs;
  const runtime = new Installed(strangers.folder("runtime", qurio));
  const command = new Installed(strangers.folder("command", qurio, cli));
  const dependencies = names(manifest("packages", "cli").dependencies);
  const clone = new Installed(packagePath());
  const installed = [runtime.total("npm i qurio"), command.total("npm i @qurio/cli"), BEFORE, clone.total("npm ci in a clone")];
  const added = bySize(command.added(dependencies));
  const development = bySize(clone.added(names(manifest().devDependencies), dependencies));
  if (process.argv.includes("--json")) console.log(JSON.stringify({ installed, added, development }, null, 2));
  else {
    const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    const print = (title: string, rows: Weight[]) => {
      const cells = rows.map(({ name, packages, sizeBytes }) => [name, `${packages}`, mib(sizeBytes)]);
      console.log(`${formatTable(cells, { head: [title, "packages", "MiB"] })}\n`);
    };
    const printAdded = (title: string, rows: Added[]) => {
      const cells = rows.map(({ name, packages, sizeBytes, ownBytes }) => [name, `${packages}`, mib(sizeBytes), mib(ownBytes)]);
      console.log(`${formatTable(cells, { head: [title, "packages", "MiB", "itself, MiB"] })}\n`);
    };
    print("installed", installed);
    printAdded("a dependency of @qurio/cli adds", added);
    printAdded("a development tool adds", development);
  }
} finally {
  strangers.end();
}
