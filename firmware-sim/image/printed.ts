// Node only. What an emulated image prints: lines of board/board.h, and in between those of the plugin, cycles.c.

import { emulationError } from "./tools.ts";

export const INSTRUCTION_CLASSES = ["alu", "mul", "div", "load", "store", "branch", "float"] as const;

export interface Counts {
  /** Exact. */
  instructions: number;
  classes: Record<(typeof INSTRUCTION_CLASSES)[number], number>;
  /** Modelled, zero wait states. */
  cycles: number;
}

export interface Emulation {
  output: string;
  /** Of the emulator, and of quit() in the image. */
  code: number;
}

export interface Printed {
  /** In order. */
  lines: { name: string; value: string }[];
  /** Of each region, in order; empty unless counted. */
  regions: Counts[];
  /** Most bytes of stack that were in use. */
  stackBytes: number;
  /** @throws QurioError EMULATION with all that was printed */
  refuse(): never;
}

export const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

/** The plugin's lines, in order, and the text that was printed between them. */
export function readCounts(output: string): { regions: Counts[]; text: string } {
  const regions: Counts[] = [];
  const text = output.replaceAll(/region (instructions .*)\n/g, (_, line: string) => {
    const value = (word: string) => Number(line.match(new RegExp(`\\b${word} (\\d+)`))?.[1]);
    const classes = Object.fromEntries(INSTRUCTION_CLASSES.map((kind) => [kind, value(kind)])) as Counts["classes"];
    regions.push({ instructions: value("instructions"), classes, cycles: value("cycles") });
    return "";
  });
  return { regions, text };
}

/**
 * @param onError reads the value of an "error" line and throws
 * @throws QurioError EMULATION for an image that did not come to its end
 */
export function readPrinted({ output, code }: Emulation, onError?: (value: string) => never): Printed {
  const { regions, text } = readCounts(output);
  const lines = [...text.matchAll(/^(\w+) (.*)$/gm)].map(([, name, value]) => ({ name, value }));
  const find = (name: string) => lines.find((line) => line.name === name)?.value;
  const refuse = (): never => {
    throw emulationError(`exit code ${code}: ${text.trim().slice(0, 500)}`);
  };
  const [error, stack] = [find("error"), find("stack")];
  if (error !== undefined && onError) onError(error);
  if (code !== 0 || stack === undefined) return refuse();
  return { lines, regions, stackBytes: Buffer.from(stack, "hex").readUInt32LE(), refuse };
}

/** Counts of several regions together. */
export function sumCounts(parts: readonly Counts[]): Counts {
  const total = (of: (part: Counts) => number) => parts.reduce((all, part) => all + of(part), 0);
  const classes = Object.fromEntries(INSTRUCTION_CLASSES.map((kind) => [kind, total((part) => part.classes[kind])]));
  return { instructions: total((part) => part.instructions), classes: classes as Counts["classes"], cycles: total((part) => part.cycles) };
}
