// Engines that run the WASI command: model and clips go in as files of one temporary folder, records and complaints come out as text.
// A process decides many clips; whoever runs the command sees that folder and nothing else.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SAMPLE_RATE } from "../../assembly/format/input_spec.ts";
import { deviceError, QurioError } from "../errors.ts";
import { type Input, type Runner, tryModel } from "./runner.ts";

/** What a run of the command left behind. */
export interface CommandRun {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs the command in a folder, which it sees as ".". */
export type Launch = (folder: string, args: string[]) => Promise<CommandRun>;

/** The command takes 64 arguments. */
const MOST_CLIPS = 48;

export async function openCommand(file: Uint8Array, launch: Launch): Promise<Runner> {
  const folder = mkdtempSync(join(tmpdir(), "qurio-wasi-"));
  let clips = 0;
  const decideGroup = async (inputs: readonly Input[], seed: number): Promise<Uint8Array[]> => {
    const names = inputs.map((input) => {
      const name = `${clips++}`;
      writeFileSync(join(folder, name), input instanceof Float32Array ? bytesOf(input) : wavOf(input));
      return name;
    });
    const kind = inputs[0] instanceof Float32Array ? ["--features"] : [];
    try {
      const run = await launch(folder, ["--seed", `${seed >>> 0}`, "--record", ...kind, "model.qmoe", ...names]);
      return recordsOf(run, names.length);
    } finally {
      for (const name of names) rmSync(join(folder, name), { force: true });
    }
  };
  const runner: Runner = {
    async decideRecords(inputs, seed = 0) {
      const records: Uint8Array[] = [];
      for (let from = 0; from < inputs.length; ) {
        const isFeatures = inputs[from] instanceof Float32Array;
        let to = from + 1;
        while (to < inputs.length && to < from + MOST_CLIPS && inputs[to] instanceof Float32Array === isFeatures) to++;
        records.push(...(await decideGroup(inputs.slice(from, to), seed)));
        from = to;
      }
      return records;
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
  writeFileSync(join(folder, "model.qmoe"), file);
  await tryModel(runner); // a damaged model shows itself here
  return runner;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);

/** "RIFF", "WAVE", "fmt " and "data" as little-endian words. */
const [RIFF, WAVE, FORMAT, DATA] = [0x46464952, 0x45564157, 0x20746d66, 0x61746164];

/** A WAV file of 16-bit mono PCM, at the rate that the command is compiled for. No samples at all mean silence to an engine, but the command wants one. */
function wavOf(pcm: Int16Array): Uint8Array {
  const samples = pcm.length > 0 ? pcm : new Int16Array(1);
  const head = Uint32Array.of(RIFF, 36 + samples.byteLength, WAVE, FORMAT, 16, (1 << 16) | 1, SAMPLE_RATE, 2 * SAMPLE_RATE, (16 << 16) | 2);
  const data = Uint32Array.of(DATA, samples.byteLength);
  return Buffer.concat([head, data, samples].map(bytesOf));
}

/** The command's lines as records, or its complaint as the error that the core would have given. Some runtimes lose the exit code. */
function recordsOf({ exitCode, stdout, stderr }: CommandRun, count: number): Uint8Array[] {
  const records = [...stdout.matchAll(/^\{"label":.*"record":"([0-9a-f]{80})"\}$/gm)].map(
    ([, hex]) => new Uint8Array(Buffer.from(hex, "hex")),
  );
  if (exitCode !== 0 || records.length !== count) throw commandError(stderr.trim() || stdout.trim() || `exit code ${exitCode}`);
  return records;
}

function commandError(said: string): QurioError {
  const [message, hint] = said.split("\n");
  const device = message.match(/device error (\d+), place (-?\d+), expected (-?\d+), found (-?\d+) \(\w+\)$/);
  if (device) {
    const [code, place, expected, found] = device.slice(1).map(Number);
    return deviceError({ code, place, expected, found });
  }
  const [, text, name] = message.match(/^qurio: (.*) \((\w+)\)$/) ?? [];
  return new QurioError(
    name ?? "WASI",
    text ?? `the WASI command failed: ${said}`,
    hint ?? "Its runtime said this; the docs of the engine may know it.",
  );
}
