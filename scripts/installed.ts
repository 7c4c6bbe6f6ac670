// What npm has installed in a folder: packages, their bytes on the disk, and what each direct dependency adds.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Packages and what they take. */
export interface Weight {
  name: string;
  packages: number;
  sizeBytes: number;
}

/** What a dependency brings that nothing else does, and what it is without the packages that it needs. */
export interface Added extends Weight {
  ownBytes: number;
}

interface Locked {
  link?: boolean;
  resolved?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

const BLOCK = 512;

/** Bytes that a folder takes on the disk, as `du` counts, without packages nested in it. */
function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    if (entry.name === "node_modules" || entry.isSymbolicLink()) return sum;
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? folderBytes(path) : BLOCK * statSync(path).blocks);
  }, BLOCK * statSync(folder).blocks);
}

/** The packages in a folder's node_modules. */
export class Installed {
  private readonly folder: string;
  private readonly locked: Record<string, Locked>;

  constructor(folder: string) {
    this.folder = folder;
    this.locked = JSON.parse(readFileSync(join(folder, "node_modules", ".package-lock.json"), "utf8")).packages;
  }

  /** Everything that is there. */
  total(name: string): Weight {
    return this.sum(name, new Set(Object.keys(this.locked).filter((path) => !this.locked[path].link)));
  }

  /**
   * What each of these packages brings beyond `others` and the rest of them.
   * @param names direct dependencies
   */
  added(names: readonly string[], others: readonly string[] = []): Added[] {
    return names.map((name) => {
      const without = this.reached([...others, ...names.filter((other) => other !== name)]);
      const own = [...this.reached([name])].filter((path) => !without.has(path));
      return { ...this.sum(name, new Set(own)), ownBytes: folderBytes(join(this.folder, this.resolve("", name)!)) };
    });
  }

  /** Paths of packages and of all that they depend on. */
  private reached(names: readonly string[]): Set<string> {
    const seen = new Set<string>();
    const visit = (from: string, name: string): void => {
      const path = this.resolve(from, name);
      if (path === undefined || seen.has(path)) return;
      seen.add(path);
      const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = this.locked[path];
      const peers = Object.keys(peerDependencies ?? {}).filter((peer) => !peerDependenciesMeta?.[peer]?.optional);
      for (const next of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) visit(path, next);
    };
    for (const name of names) visit("", name);
    return seen;
  }

  /** Where Node finds `name` from the package at `from`; undefined for an optional one that is not installed. */
  private resolve(from: string, name: string): string | undefined {
    for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
      const path = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
      if (this.locked[path]) return path;
      if (folder === "") return undefined;
    }
  }

  private sum(name: string, paths: Set<string>): Weight {
    const sizeBytes = [...paths].reduce((sum, path) => sum + folderBytes(join(this.folder, path)), 0);
    return { name, packages: paths.size, sizeBytes };
  }
}
