// What of this installation works: decisions in the engines that need nothing else, engines and compilers that are found, folders that can be
// written. Everything is tried, nothing is guessed from versions alone.

import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WINDOW_SAMPLES } from "../../assembly/format/input_spec.ts";
import { needTool, type Tool } from "../../host/engines/tools.ts";
import type { QurioError } from "../../host/errors.ts";
import { packagePath, readInput } from "../../host/files.ts";
import { hasSimd } from "../../host/runtime/index.ts";
import { engineReports, openEngine } from "./engines.ts";

/** Names are a contract. */
export interface Check {
  name: string;
  ok: boolean;
  /** Without it nothing can be decided; the others each serve something of their own. */
  required: boolean;
  /** A version, or what was seen; null when it is not there. */
  found: string | null;
  /** What it is for. */
  serves: string;
  /** What is wrong and what helps; null when nothing is. */
  problem: string | null;
  install: string | null;
}

export interface Diagnosis {
  /** Sound can be decided about: every required check is ok. */
  works: boolean;
  checks: Check[];
}

const MODEL = "esc10-tiny.qmoe";
/** Bytes that training, baking and studying may leave in the folder of temporary files. */
const ROOM_BYTES = 1 << 28;

const GCC: Tool = {
  name: "gcc",
  programs: ["gcc", "cc"],
  versionArgs: ["--version"],
  accepts: /^\S+ \(.*\) (\d+\.\S+)/,
  expected: "a C compiler",
  install: "apt-get install --no-install-recommends gcc libc6-dev",
};

/** @param folder where temporary files go */
export async function diagnose(folder = tmpdir()): Promise<Diagnosis> {
  const checks = [
    await check("node", true, "everything", async () => process.versions.node),
    await check("SIMD", false, "faster decisions in this process", async () =>
      hasSimd()
        ? "yes"
        : fail("this Node runs no WebAssembly SIMD", "Decisions work without; install a current Node from https://nodejs.org."),
    ),
    await check("temporary files", false, "engines, bake, emulation", async () => writable(folder)),
    ...(await decisions()),
    await check("gcc", false, "emulated boards: qurio bake --target cortex-m, qurio meter", async () => needTool(GCC).version),
    ...engineReports()
      .filter(({ engine }) => engine !== "node" && engine !== "wasi")
      .map(
        ({ engine, found, versions, runs, problem, install }): Check => ({
          name: `engine ${engine}`,
          ok: found,
          required: false,
          found: found
            ? Object.entries(versions)
                .map((pair) => pair.join(" "))
                .join(", ")
            : null,
          serves: runs,
          problem,
          install,
        }),
      ),
  ];
  return { works: checks.every(({ ok, required }) => ok || !required), checks };
}

/** The same sound in both builds of the core and in the WASI command: the same 40 bytes. */
async function decisions(): Promise<Check[]> {
  const pcm = Int16Array.from({ length: WINDOW_SAMPLES }, (_, i) => 8000 * Math.sin(i * i * 1e-6));
  let first: Uint8Array | null = null;
  const decide = async (engine: string, build: "scalar" | "simd" | "wasi"): Promise<string> => {
    const opened = await openEngine(engine, readInput(packagePath("models", MODEL)), build);
    try {
      const [record] = await opened.decideRecords([pcm]);
      first ??= record!;
      if (Buffer.compare(record!, first) === 0) return `decides about 5 s with ${MODEL}`;
      return fail(`record ${Buffer.from(first).toString("hex")} expected, ${Buffer.from(record!).toString("hex")} found`);
    } finally {
      await opened.close();
    }
  };
  return [
    await check("decision, scalar", true, "qurio run, an application", () => decide("node", "scalar")),
    await check("decision, SIMD", false, "qurio run, an application", () => decide("node", "simd")),
    await check("decision, WASI", false, "other runtimes: qurio-wasi.wasm", () => decide("wasi", "wasi")),
  ];
}

function fail(message: string, hint = "Install qurio again; in a clone, npm ci."): never {
  throw Object.assign(new Error(message), { hint });
}

/** A file can be written, and there is room. */
function writable(folder: string): string {
  const own = mkdtempSync(join(folder, "qurio-doctor-"));
  try {
    writeFileSync(join(own, "x"), "x");
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < ROOM_BYTES) fail(`${folder}: 256 MiB expected, ${Math.floor(free / 2 ** 20)} MiB free`, "Make room, or set TMPDIR.");
  return `${folder}, ${(free / 2 ** 30).toFixed(1)} GiB free`;
}

async function check(name: string, required: boolean, serves: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, required, found: await look(), serves, problem: null, install: null };
  } catch (error) {
    const { message, hint } = error as QurioError;
    return { name, ok: false, required, found: null, serves, problem: message, install: hint ?? null };
  }
}
