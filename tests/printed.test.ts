// What an emulated image prints: lines by name, the plugin's counts in between, and refusals; exports of a translated module as C functions.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { callsSource, moduleSource } from "../firmware-sim/image/calls.ts";
import { readCounts, readPrinted, sumCounts } from "../firmware-sim/image/printed.ts";
import { translate } from "../firmware-sim/image/translate.ts";
import type { QurioError } from "../host/errors.ts";
import { coreWasm } from "../host/runtime/index.ts";

const region = (instructions: number, cycles: number, alu: number) =>
  `region instructions ${instructions} cycles ${cycles} alu ${alu} mul 1 div 0 load 2 store 0 branch 3 float 0\n`;
const OUTPUT = `phases 1${region(16, 20, 10)}2${region(17, 30, 11)}\nresult 0aff\nstack 00010000\n`;

test("regions are counted and taken out of the text, also in the middle of a line", () => {
  const { regions, text } = readCounts(OUTPUT);
  assert.is(text, "phases 12\nresult 0aff\nstack 00010000\n");
  assert.equal(regions[1], {
    ...{ instructions: 17, cycles: 30 },
    classes: { alu: 11, mul: 1, div: 0, load: 2, store: 0, branch: 3, float: 0 },
  });
  const { instructions, cycles, classes } = sumCounts(regions);
  assert.equal({ instructions, cycles, alu: classes.alu, load: classes.load }, { instructions: 33, cycles: 50, alu: 21, load: 4 });
});

test("lines come by name and in order; the stack is a little-endian word", () => {
  const { lines, stackBytes } = readPrinted({ output: OUTPUT, code: 0 });
  assert.equal(
    lines.map(({ name, value }) => `${name}=${value}`),
    ["phases=12", "result=0aff", "stack=00010000"],
  );
  assert.is(stackBytes, 256);
});

test("an image that does not come to its end, or exits with a code, is refused with what it printed; its own error comes first", () => {
  const refusal = (error: QurioError) => error.code === "EMULATION" && /exit code \d: .*trapped/s.test(error.message);
  assert.throws(() => readPrinted({ output: "trapped\n", code: 0 }), refusal);
  assert.throws(() => readPrinted({ output: `trapped\n${OUTPUT}`, code: 1 }), refusal);
  const named = (value: string): never => {
    throw new Error(`device error ${value}`);
  };
  assert.throws(() => readPrinted({ output: "error 6b000000\n", code: 1 }, named), /device error 6b000000/);
});

test("exports of the core are functions with their C types, and calls name memory and arguments", () => {
  const translated = translate(coreWasm(false));
  const load = translated.exports.find(({ name }) => name === "load");
  assert.equal(load, { name: "load", result: "u32", parameters: ["u32", "u32"] });
  const source = moduleSource(translated);
  assert.match(source, "uint32_t call_load(uint32_t p0, uint32_t p1) { return core_load(p0, p1); }");
  assert.match(source, "uint32_t call_step(void) { return core_step(); }");
  assert.not.match(source, "w2c_memory");
  const calls = callsSource(translated, 64, [
    { name: "load", pointers: [16], numbers: [-1] },
    {
      name: "step",
      pointers: [],
      numbers: [],
      times: 3,
      keepMemory: true,
      put: { from: 1, to: 2, bytes: 4 },
      result: { offset: 8, bytes: 40 },
    },
  ]);
  assert.match(calls, "#define IMAGE_BYTES 64u\n");
  assert.match(calls, "fresh();  CALL(load, 16u, 4294967295u)");
  assert.match(calls, " put(2u, 1u, 4u); REPEAT(3u, step) give(8u, 40u);");
});

test.run();
