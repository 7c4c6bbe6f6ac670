// What a stranger has: the packed packages, and folders that they are installed in. Packing and installing are done once per test file.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packagePath } from "../../host/files.ts";

export const PACKAGES = ["qurio", "cli"] as const;

/** Output of a program; a failure shows what it printed. */
export function output(cwd: string, program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { cwd, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
  }
}

export interface Strangers {
  /** A temporary folder; remove it with `end`. */
  root: string;
  /** Paths of the packed packages, which stand in it. */
  tarballs: { qurio: string; cli: string };
  /** A new folder, with the packages installed in it. */
  folder(name: string, ...packages: string[]): string;
  end(): void;
}

/** Builds both packages, over what an earlier build left, and packs them. Apart from the clone's packages/, where others may build. */
export function pack(): Strangers {
  const root = mkdtempSync(join(tmpdir(), "qurio-test-strangers-"));
  const folder = (name: string) => join(root, "packages", name);
  for (const name of PACKAGES) {
    mkdirSync(join(folder(name), "dist"), { recursive: true });
    writeFileSync(join(folder(name), "dist", "left-over.js"), "// of an earlier build");
    const committed = output(packagePath("packages", name), "git", "ls-files").trim().split("\n");
    for (const file of committed) cpSync(packagePath("packages", name, file), join(folder(name), file));
  }
  output(packagePath(), "npm", "run", "--silent", "build", "--", join(root, "packages"));
  // without scripts: npm pack would build again for each package, and elsewhere
  const packed = PACKAGES.map((name) =>
    output(folder(name), "npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", root).trim(),
  );
  const [qurio, cli] = packed.map((name) => join(root, name));
  return {
    root,
    tarballs: { qurio, cli },
    folder(name, ...packages) {
      const folder = join(root, name);
      mkdirSync(folder);
      writeFileSync(join(folder, "package.json"), '{ "name": "stranger", "private": true, "type": "module" }');
      output(folder, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", ...packages);
      return folder;
    },
    end: () => rmSync(root, { recursive: true, force: true }),
  };
}
