// Golden vectors: which model hears which input with which seed, what the core said when they were recorded, and how an engine differs.

import { existsSync, readFileSync } from "node:fs";
import * as D from "../../assembly/format/decision.ts";
import { openEngine } from "../../firmware-sim/engines/engines.ts";
import type { Engine } from "../../host/engines/engine.ts";
import type { Build } from "../../host/engines/runner.ts";
import type { Trace } from "../../host/engines/trace.ts";
import { packagePath } from "../../host/files.ts";
import { crc32 } from "../../host/model-file/crc32.ts";
import { goldenInput } from "./inputs.ts";
import { GOLDEN_MODELS } from "./models.ts";

export const GOLDEN_PATH = packagePath("tests", "golden", "vectors.json");

/** CRC-32 in hexadecimal; of nothing at all it is 00000000. */
const crc = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, "0");

export interface GoldenVector {
  model: string;
  /** goldenInput() makes it. */
  input: string;
  seed: number;
  /** CRC-32 of what each phase left behind. */
  codes: string;
  features: string;
  router: string;
  /** The 40 bytes of the decision record. */
  record: string;
}

export interface GoldenFile {
  recipe: { command: string; generator: string; core: string };
  /** CRC-32 of each model file and of each input's bytes, little-endian. */
  models: Record<string, string>;
  inputs: Record<string, string>;
  vectors: GoldenVector[];
}

const SOUNDS = [
  "noise 1",
  "quiet 2",
  "chirp 3",
  "tones 4",
  "clicks 5",
  "bursts 6",
  "square 4",
  "extremes 0",
  "lowest 0",
  "dc 0",
  "silence 0",
];
const whole = (sounds: readonly string[]) => sounds.map((sound) => `${sound} 80000`);
const LENGTHS = ["noise 11 1", "noise 12 399", "chirp 13 400", "tones 14 41234", "bursts 15 100000"];

/** Inputs and seeds of a model. */
function questions(model: string): { inputs: string[]; seeds: number[] } {
  const vectors = (features: number) => ["features 1", "features 2", "extremes 3", "zeros 0"].map((kind) => `vector ${kind} ${features}`);
  if (model === "esc10-tiny") return { inputs: [...whole(SOUNDS), ...LENGTHS, ...vectors(969).slice(0, 2)], seeds: [0] };
  if (model === "esc10") return { inputs: [...whole(SOUNDS.slice(2, 6)), ...vectors(969)], seeds: [0] };
  if (model === "fixed-point front end") return { inputs: [...whole(SOUNDS), ...LENGTHS], seeds: [0] };
  if (model.endsWith("offset removed")) return { inputs: whole(SOUNDS), seeds: [0] };
  if (model === "unusual") return { inputs: [...whole(SOUNDS.slice(0, 3)), ...vectors(969)], seeds: [9, 0x80000000] };
  if (model === "features only") return { inputs: whole(SOUNDS.slice(2, 4)), seeds: [0] };
  if (model === "bayesian, 7 experts") return { inputs: vectors(61), seeds: [0, 1, 2, 3, 0xffffffff] };
  if (model.startsWith("single ")) return { inputs: vectors(131), seeds: [0] };
  if (/samples|bayesian/.test(model)) return { inputs: ["tones 4 80000", ...vectors(969)], seeds: [0, 1, 0xffffffff] };
  return { inputs: ["chirp 3 80000", ...vectors(969)], seeds: [0] };
}

const phasesOf = ({ codes, features, router, record }: Trace) => ({
  codes: crc(codes),
  features: crc(features),
  router: crc(router),
  record: Buffer.from(record).toString("hex"),
});

/** What the scalar core says now. */
export async function recordGolden(): Promise<GoldenFile> {
  const file: GoldenFile = {
    recipe: {
      command: "npm run golden",
      generator: "xorshift32 and whole numbers, tests/golden/inputs.ts; models: tests/golden/models.ts",
      core: "build/qurio.wasm in Node, scalar",
    },
    models: {},
    inputs: {},
    vectors: [],
  };
  for (const [model, make] of Object.entries(GOLDEN_MODELS)) {
    const bytes = make();
    file.models[model] = crc(bytes);
    const engine = await openEngine("node", bytes, "scalar");
    const { inputs, seeds } = questions(model);
    for (const text of inputs) {
      const input = goldenInput(text);
      file.inputs[text] = crc(new Uint8Array(input.buffer));
      for (const seed of seeds) file.vectors.push({ model, input: text, seed, ...phasesOf(await engine.trace!(input, seed)) });
    }
    await engine.close();
  }
  return file;
}

/** One vector a line, so that a diff shows what has changed. */
export function goldenText({ recipe, models, inputs, vectors }: GoldenFile): string {
  const lines = (entries: unknown[]) => entries.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n");
  const map = (values: object) => JSON.stringify(values, null, 2).replace(/\n/g, "\n  ");
  return `{\n  "recipe": ${map(recipe)},\n  "models": ${map(models)},\n  "inputs": ${map(inputs)},\n  "vectors": [\n${lines(vectors)}\n  ]\n}\n`;
}

export function readGolden(): GoldenFile {
  if (!existsSync(GOLDEN_PATH)) throw new Error("tests/golden/vectors.json is missing: npm run golden");
  return JSON.parse(readFileSync(GOLDEN_PATH, "utf8"));
}

/** The first vector in which an engine differs, and how; null when it never does. */
export interface Difference {
  vector: GoldenVector;
  /** The first phase whose bytes differ, where memory can be read; else "record". */
  phase: "codes" | "features" | "router" | "record" | "error";
  detail: string;
}

/** Runs one model's vectors in one engine. */
export async function compareEngine(
  name: string,
  build: Build,
  model: string,
  vectors: readonly GoldenVector[],
): Promise<Difference | null> {
  let engine: Engine | undefined;
  let at = vectors[0];
  try {
    engine = await openEngine(name, GOLDEN_MODELS[model](), build);
    for (const seed of new Set(vectors.map((vector) => vector.seed))) {
      const group = vectors.filter((vector) => vector.seed === seed);
      at = group[0];
      const records = await engine.decideRecords(
        group.map(({ input }) => goldenInput(input)),
        seed,
      );
      for (const [i, vector] of group.entries()) {
        if (Buffer.from(records[i]).toString("hex") === vector.record) continue;
        at = vector;
        const trace = await engine.trace?.(goldenInput(vector.input), seed);
        return { vector, ...firstDifference(vector, records[i], trace) };
      }
    }
    return null;
  } catch (error) {
    const { code = "", message } = error as Error & { code?: string };
    return { vector: at, phase: "error", detail: `${message} (${code})` };
  } finally {
    await engine?.close();
  }
}

/** Where bytes part first. The trace, if there is one, is of the same decision. */
export function firstDifference(vector: GoldenVector, record: Uint8Array, trace?: Trace): Pick<Difference, "phase" | "detail"> {
  if (trace) {
    const found = phasesOf(trace);
    for (const phase of ["codes", "features", "router"] as const) {
      if (found[phase] !== vector[phase]) return { phase, detail: `CRC-32 ${vector[phase]} expected, found ${found[phase]}` };
    }
  }
  const expected = Buffer.from(vector.record, "hex");
  const fields = Object.entries(D).filter(([name]) => /^DECISION_(?!BYTES)/.test(name)) as [string, number][];
  const [name, at] = fields
    .sort((a, b) => a[1] - b[1])
    .find(([, offset]) => expected.subarray(offset, offset + 4).compare(record, offset, offset + 4) !== 0)!;
  const word = (bytes: Uint8Array) => Buffer.from(bytes.slice(at, at + 4)).toString("hex");
  return { phase: "record", detail: `${name}: bytes ${word(expected)} expected, found ${word(record)}` };
}
