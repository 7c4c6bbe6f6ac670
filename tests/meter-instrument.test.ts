// Exactness of the op counter, four ways: formulas worked out on paper, one counter per instruction, wabt's interpreter
// trace, and random control flow.

import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { QurioError } from "../host/errors.ts";
import { CounterReader, type Counts, noCounts, totalOf } from "../host/meter/counts.ts";
import { type InstrumentOptions, instrument } from "../host/meter/instrument.ts";
import { layoutFor } from "../host/model-file/pack.ts";
import { WEIGHT_TYPES } from "../host/model-file/weight_types.ts";
import { leb, Reader } from "../host/wasm/leb.ts";
import { CLASSES, type OpClass, readInstruction } from "../host/wasm/opcodes.ts";
import { compileEntry, TARGETS } from "./harness/compile.ts";

type Call = (exports: Record<string, (...numbers: number[]) => number>) => void;

async function count(wasm: Uint8Array, granularity: InstrumentOptions["granularity"] & string, call: Call): Promise<Counts> {
  const instrumented = instrument(wasm, { granularity });
  const { instance } = await WebAssembly.instantiate(instrumented.wasm);
  return new CounterReader(instance.exports, instrumented).during(() => call(instance.exports as never));
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A module with one exported function f: (i32) -> i32 and two i32 locals. */
function moduleOf(body: number[]): Uint8Array {
  const code = [1, 2, 0x7f, ...body, 0x0b];
  return new Uint8Array([
    ...HEADER,
    ...[1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0],
    ...[10, ...leb(code.length + leb(code.length).length + 1), 1, ...leb(code.length), ...code],
  ]);
}

// total = n + (n - 1) + ... + 1
const SUM = moduleOf([
  ...[0x02, 0x40, 0x03, 0x40], //                        block, loop                free
  ...[0x20, 0, 0x45, 0x0d, 1], //                        leave if n == 0            local, compare, branch: n + 1 times
  ...[0x20, 1, 0x20, 0, 0x6a, 0x21, 1], //               total = total + n          3 local, alu            \
  ...[0x20, 0, 0x41, 1, 0x6b, 0x21, 0, 0x0c, 0], //      n = n - 1, again           2 local, const, alu, branch: n times
  ...[0x0b, 0x0b, 0x20, 1], //                           end, end, total            local: once
]);

test("a loop counted on paper", async () => {
  for (const n of [0, 1, 2, 7, 1000]) {
    const counts = await count(SUM, "block", (e) => assert.is(e["f"](n), (n * (n + 1)) / 2));
    const expected = { ...noCounts(), local: n + 1 + 5 * n + 1, compare: n + 1, branch: n + 1 + n, alu: 2 * n, const: n };
    assert.equal(counts, expected, `n = ${n}`);
    assert.is(totalOf(counts), 12 * n + 4);
  }
});

test("counters: two for a loop, none that flow determines", () => {
  assert.is(instrument(SUM).counters.length, 2);
  const ifElse = moduleOf([0x20, 0, 0x04, 0x40, 0x41, 1, 0x21, 1, 0x05, 0x01, 0x0b, 0x20, 1]);
  assert.is(instrument(ifElse).counters.length, 2);
});

test("two br_table that share targets: every region counted, still exact", async () => {
  const table = [0x20, 0, 0x0e, 1, 0, 1]; //              br_table 0 1 by n
  const twice = moduleOf([
    ...[0x02, 0x40, 0x02, 0x40],
    ...[0x20, 0, 0x41, 2, 0x49, 0x04, 0x40, 0x20, 0, 0x0e, 1, 1, 2, 0x0b],
    ...[...table, 0x0b, 0x20, 1, 0x41, 5, 0x6a, 0x21, 1, 0x0b, 0x20, 1],
  ]);
  for (const n of [0, 1, 2, 3]) {
    const call: Call = (e) => assert.is(e["f"](n), n === 0 ? 5 : 0);
    assert.equal(await count(twice, "block", call), await count(twice, "instruction", call), `n = ${n}`);
  }
});

// A random program: statements on local 1, blocks, loops of at most 3 turns over local 2, ifs, and branches to any label around.
const statement = fc.letrec((tie) => ({
  one: fc.oneof({ depthSize: "small", withCrossShrink: true }, tie("leaf"), tie("block"), tie("if"), tie("ifElse"), tie("loop")),
  leaf: fc.oneof(
    fc.constant(() => [0x20, 1, 0x41, 1, 0x6a, 0x21, 1]),
    fc.nat(5).map((d) => (labels: number) => [0x0c, d % labels]),
    fc.nat(5).map((d) => (labels: number) => [0x20, 1, 0x41, 3, 0x71, 0x0d, d % labels]),
    fc.tuple(fc.nat(5), fc.nat(5)).map(([a, b]) => (labels: number) => [0x20, 1, 0x41, 1, 0x71, 0x0e, 1, a % labels, b % labels]),
  ),
  list: fc.array(tie("one"), { maxLength: 4 }),
  block: tie("list").map((list) => (labels: number) => [0x02, 0x40, ...emit(list, labels + 1), 0x0b]),
  if: tie("list").map((list) => (labels: number) => [0x20, 1, 0x41, 2, 0x71, 0x04, 0x40, ...emit(list, labels + 1), 0x0b]),
  ifElse: fc.tuple(tie("list"), tie("list")).map(([yes, no]) => (labels: number) => [
    0x20,
    0,
    0x04,
    0x40,
    ...emit(yes, labels + 1),
    0x05,
    ...emit(no, labels + 1),
    0x0b,
  ]),
  loop: tie("list").map((list) => (labels: number) => [
    ...[0x03, 0x40, 0x20, 2, 0x41, 1, 0x6a, 0x22, 2, 0x41, 24, 0x4a, 0x04, 0x40, 0x41, 7, 0x0f, 0x0b],
    ...[...emit(list, labels + 1), 0x20, 2, 0x41, 3, 0x70, 0x0d, 0, 0x0b],
  ]),
}));
type Emit = (labels: number) => number[];
const emit = (list: unknown, labels: number) => (list as Emit[]).flatMap((one) => one(labels));

test("random control flow: derived counts equal one counter per instruction", async () => {
  await fc.assert(
    fc.asyncProperty(statement.list, fc.integer({ min: 0, max: 3 }), async (list, n) => {
      const wasm = moduleOf([...[0x02, 0x40], ...emit(list, 1), 0x0b, 0x20, 1]);
      const call: Call = (e) => e["f"](n);
      assert.equal(await count(wasm, "block", call), await count(wasm, "instruction", call));
    }),
    { seed: 11, numRuns: 150 },
  );
});

/** Small inputs: whatever memory holds. */
function microCalls(wasm: Uint8Array): [name: string, numbers: number[]][] {
  const names = WebAssembly.Module.exports(new WebAssembly.Module(wasm as BufferSource)).filter(({ kind }) => kind === "function");
  return names.map(({ name }) => [name, [4096, 16384, name === "callChain" ? 7 : 16]]);
}

test("compiled code, scalar and SIMD targets: block equals instruction granularity", async () => {
  for (const target of TARGETS) {
    const wasm = await compileEntry("meter-micro", target);
    for (const [name, numbers] of microCalls(wasm)) {
      const call: Call = (e) => e[name](...numbers);
      assert.equal(await count(wasm, "block", call), await count(wasm, "instruction", call), `${name}, ${target}`);
    }
  }
});

/** Classes by wabt's instruction names, written apart from opcodes.ts. Branches are lowered by the interpreter: not compared. */
const BY_NAME: [RegExp, OpClass][] = [
  [/^(i32|i64|f32|f64)\.const/, "const"],
  [/^local\./, "local"],
  [/^global\./, "global"],
  [/^(i32\.load|f32\.load)/, "load"],
  [/^(i64\.load|f64\.load)/, "load64"],
  [/^(i32\.store|f32\.store)/, "store"],
  [/^(i64\.store|f64\.store)/, "store64"],
  [/^select/, "select"],
  [/^call/, "call"],
  [/^i32\.(add|sub|and|or|xor|extend)/, "alu"],
  [/^i32\.(shl|shr|rot)/, "shift"],
  [/^i32\.(eqz|eq|ne|lt|gt|le|ge)/, "compare"],
  [/^i32\.mul/, "mul"],
  [/^i32\.(div|rem)/, "div"],
  [/^i64\.mul/, "mul64"],
  [/^i64\.(shl|shr)/, "shift64"],
  [/^(i64\.(add|sub|and|or|xor|extend)|i32\.wrap)/, "alu64"],
  [/popcnt|clz/, "bits"],
  [/^f32\.(eq|ne|lt|gt|le|ge)/, "floatCompare"],
  [/^f32\.(add|sub|neg|abs)/, "float"],
  [/^f32\.mul/, "floatMul"],
  [/^f32\.(div|sqrt)/, "floatDiv"],
  [/^i32\.trunc_f32/, "truncate"],
  [/^(f32\.convert_i32|i32\.reinterpret|f32\.reinterpret)/, "convert"],
  [/^f32\.convert_i64/, "double"],
];
/** Together they hold every class above; the interpreter takes a fifth of a second to start. */
const TRACED = new Set([
  "insertionSort",
  "crc",
  "remainders",
  "swapGlobals",
  "wideProducts",
  "floatRoots",
  "toInteger",
  "polynomial",
  "mixPairs",
]);
/** Opcodes 0x45-0xc4 in order: WebAssembly core specification 2.0, section 5.4.6. */
const COMPARISONS = (type: string) =>
  ["eqz", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"].map((n) => `${type}.${n}`);
const FLOAT_COMPARISONS = (type: string) => ["eq", "ne", "lt", "gt", "le", "ge"].map((n) => `${type}.${n}`);
const INTEGER = (type: string) =>
  "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr".split(" ").map((n) => `${type}.${n}`);
const FLOAT = (type: string) =>
  "abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign".split(" ").map((n) => `${type}.${n}`);
const CONVERSIONS = [
  ..."i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u i64.extend_i32_s i64.extend_i32_u".split(" "),
  ..."i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s".split(" "),
  ..."f32.convert_i64_u f32.demote_f64 f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32".split(" "),
  ..."i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64".split(" "),
  ..."i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s".split(" "),
];
const NUMERIC = [
  ...[...COMPARISONS("i32"), ...COMPARISONS("i64"), ...FLOAT_COMPARISONS("f32"), ...FLOAT_COMPARISONS("f64")],
  ...[...INTEGER("i32"), ...INTEGER("i64"), ...FLOAT("f32"), ...FLOAT("f64"), ...CONVERSIONS],
];
const NUMERIC_BY_NAME: [RegExp, OpClass][] = [
  [/reinterpret|f32\.convert_i32/, "convert"],
  [/i32\.trunc_f32/, "truncate"],
  [/f64|i64\.trunc|convert_i64/, "double"],
  [/(clz|ctz|popcnt)/, "bits"],
  [/i32\.(rot|sh)/, "shift"],
  [/i64\.(rot|sh)/, "shift64"],
  [/i32\.(div|rem)/, "div"],
  [/i64\.(div|rem)/, "div64"],
  [/i64\.mul/, "mul64"],
  [/i64\.|wrap/, "alu64"],
  [/f32\.(ceil|floor|trunc|nearest)/, "floatRound"],
  [/f32\.(abs|neg|min|max|copysign)/, "float"],
];

test("every numeric opcode has the class that its name says", () => {
  assert.is(NUMERIC.length, 0xc4 - 0x45 + 1);
  for (const [i, name] of NUMERIC.entries()) {
    const expected = [...NUMERIC_BY_NAME, ...BY_NAME].find(([pattern]) => pattern.test(name))?.[1];
    assert.is(readInstruction(new Reader(new Uint8Array([0x45 + i]))).class, expected, `0x${(0x45 + i).toString(16)} ${name}`);
  }
});

const LOWERED = /^(br|return|alloca|drop)/;

function traced(file: string, name: string, numbers: number[]): Counts {
  const trace = `${file}.trace`;
  const options = [file, "--trace", "-r", name, ...numbers.flatMap((n) => ["-a", `i32:${n}`])];
  execFileSync("node_modules/.bin/wasm-interp", options, { stdio: ["ignore", openSync(trace, "w"), "inherit"] });
  const counts = noCounts();
  let before = "";
  for (const [, instruction] of readFileSync(trace, "utf8").matchAll(/^#.*\| (.*)$/gm)) {
    const name = instruction.split(" ")[0];
    const accumulates = /i32.mul (local.get )?i32.add$|i32.mul i32.sub$/.test(`${before} ${name}`);
    const kind = accumulates ? "mulAdd" : BY_NAME.find(([pattern]) => pattern.test(instruction))?.[1];
    before = `${before.split(" ").at(-1)} ${name}`;
    if (kind) counts[kind]++;
    else if (!LOWERED.test(instruction)) throw new Error(`instruction unknown to this test: ${instruction}`);
  }
  return counts;
}

test("compiled code: counts equal the trace of wabt's interpreter", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qurio-trace-"));
  try {
    const wasm = await compileEntry("meter-micro", "scalar");
    const file = join(folder, "micro.wasm");
    writeFileSync(file, wasm);
    for (const [name, numbers] of microCalls(wasm).filter(([name]) => TRACED.has(name))) {
      const counts = await count(wasm, "block", (e) => e[name](...numbers));
      const expected = traced(file, name, numbers);
      for (const kind of CLASSES) if (kind !== "branch") assert.is(counts[kind], expected[kind], `${name}: ${kind}`);
      assert.ok(totalOf(counts) > 30, name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Where the kernels' vectors, tables and weights are put: all zeros, which is as good as any number, since no kernel branches on them. */
const [VECTOR, PREPARED, TABLES, SCALES, WEIGHTS] = [1024, 3072, 8192, 20480, 24576];
const [COLUMNS, ROWS] = [45, 9];
test("every kernel of the core, in a layer of each weight type: counts equal the trace of wabt's interpreter", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qurio-trace-"));
  try {
    const wasm = await compileEntry("meter-kernels", "scalar");
    const file = join(folder, "kernels.wasm");
    writeFileSync(file, wasm);
    const layouts = new Set(WEIGHT_TYPES.map(({ id }) => layoutFor(id, "scalar", ROWS, COLUMNS)));
    const calls: [name: string, numbers: number[], what: string][] = [
      ["layerNorm", [VECTOR, SCALES, SCALES, ROWS], "layerNorm"],
      ["relu", [VECTOR, ROWS], "relu"],
      ["softmax", [VECTOR, PREPARED, ROWS], "softmax"],
      ...[...layouts].map((layout): [string, number[], string] => [
        "linear",
        [layout, VECTOR, VECTOR, PREPARED, TABLES, WEIGHTS, SCALES, 4, SCALES, COLUMNS, ROWS],
        `linear, layout ${layout}`,
      ]),
    ];
    assert.ok(layouts.size >= 17, `${layouts.size} layouts`);
    for (const [name, numbers, what] of calls) {
      const counts = await count(wasm, "block", (e) => e[name](...numbers));
      const expected = traced(file, name, numbers);
      for (const kind of CLASSES) if (kind !== "branch") assert.is(counts[kind], expected[kind], `${what}: ${kind}`);
      assert.ok(totalOf(counts) > 100, what);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("bytes loaded and stored: those of the widths in the instructions' names", () => {
  const widths: Record<string, number> = { "8": 1, "16": 2, "32": 4 };
  const names = [
    ..."i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u".split(" "),
    ..."i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u".split(" "),
    ..."i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32".split(" "),
  ];
  for (const [i, name] of names.entries()) {
    const [, type, part] = name.match(/^[if](32|64)\.[a-z]+(8|16|32)?/)!;
    const { bytes } = readInstruction(new Reader(new Uint8Array([0x28 + i, 0, 0])));
    assert.is(bytes, part ? widths[part] : Number(type) / 8, name);
  }
  const simd: [sub: number, bytes: number][] = [[0, 16], [1, 8], [6, 8], [7, 1], [8, 2], [9, 4], [10, 8], [11, 16], [84, 1], [87, 8], [88, 1], [91, 8], [92, 4], [93, 8]]; // biome-ignore format: a table
  for (const [sub, bytes] of simd) assert.is(readInstruction(new Reader(new Uint8Array([0xfd, sub, 0, 0, 0]))).bytes, bytes, `0xfd ${sub}`);
  assert.is(readInstruction(new Reader(new Uint8Array([0x6a]))).bytes, 0);
});

test("only what the roots reach is counted", async () => {
  const wasm = await compileEntry("meter-micro", "scalar");
  const some = instrument(wasm, { roots: ["crc", "swapGlobals"] });
  assert.ok(some.counters.length < instrument(wasm).counters.length / 4, `${some.counters.length}`);
  const { instance } = await WebAssembly.instantiate(some.wasm);
  const reader = new CounterReader(instance.exports, some);
  const run = (name: string) => () => (instance.exports[name] as (...numbers: number[]) => number)(4096, 16384, 16);
  for (const name of ["crc", "swapGlobals", "crc"]) {
    assert.equal(reader.during(run(name)), await count(wasm, "instruction", (e) => e[name](4096, 16384, 16)), name);
  }
  assert.is(totalOf(reader.during(run("sumBytes"))), 0);
  assert.throws(
    () => instrument(wasm, { roots: ["nothing"] }),
    (error: QurioError) => error.code === "WASM_NO_EXPORT",
  );
});

test("an inner function called twice in one place: no counter of its own", async () => {
  // f(n) = g(g(n)), g(n) = n + 1
  const wasm = new Uint8Array([
    ...[...HEADER, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 3, 2, 0, 0, 7, 5, 1, 1, 0x66, 0, 0],
    ...[10, 18, 2, 8, 0, 0x20, 0, 0x10, 1, 0x10, 1, 0x0b, 7, 0, 0x20, 0, 0x41, 1, 0x6a, 0x0b],
  ]);
  assert.is(instrument(wasm).counters.length, 1);
  const counts = await count(wasm, "block", (e) => assert.is(e["f"](40), 42));
  assert.equal(counts, { ...noCounts(), local: 3, call: 2, const: 2, alu: 2 });
});

test("a helper called from two places and recursion: entries follow from the call sites", async () => {
  const wasm = await compileEntry("meter-micro", "scalar");
  for (const n of [1, 2, 9]) {
    const call: Call = (e) => {
      e["callChain"](0, 0, n);
      e["swapGlobals"](4096, 16384, 40);
    };
    assert.equal(await count(wasm, "block", call), await count(wasm, "instruction", call));
  }
});

function errorOf(wasm: Uint8Array): QurioError {
  try {
    instrument(wasm);
  } catch (error) {
    return error as QurioError;
  }
  throw new Error("no error");
}

test("damaged and unsupported modules are refused by name", () => {
  assert.is(errorOf(new Uint8Array(4)).code, "WASM_MALFORMED");
  assert.match(errorOf(new Uint8Array(HEADER)).message, "at byte 8 a code section expected, the end found");
  assert.match(errorOf(moduleOf([0x0c, 9])).message, "a branch depth below 1 expected, 9 found");
  assert.match(errorOf(moduleOf([0x05])).message, "an else inside an if expected");
  assert.match(errorOf(moduleOf([0x0b])).message, "the end of the function body expected");
  const unsupported = errorOf(moduleOf([0x06, 0x40, 0x0b]));
  assert.is(unsupported.code, "WASM_UNSUPPORTED");
  assert.match(unsupported.message, "wasm opcode 0x6 at byte");
  assert.is(errorOf(instrument(SUM).wasm).code, "WASM_INSTRUMENTED");
});

test("every truncation ends in a named error", async () => {
  const wasm = await compileEntry("meter-micro", "scalar");
  for (let bytes = 0; bytes < wasm.length - 1; bytes += 7) {
    const cut = wasm.subarray(0, bytes);
    try {
      assert.ok(instrument(cut)); // whole sections may be missing at the end
      assert.ok(bytes > wasm.length / 2, `${bytes} bytes passed`);
    } catch (error) {
      assert.is((error as QurioError).code, "WASM_MALFORMED", `${bytes} bytes: ${error}`);
    }
  }
});

test("an instance without the counters is refused", async () => {
  const { instance } = await WebAssembly.instantiate(SUM as BufferSource);
  assert.throws(
    () => new CounterReader((instance as unknown as WebAssembly.Instance).exports, instrument(SUM)),
    (error: QurioError) => error.code === "WASM_NOT_INSTRUMENTED",
  );
});

test.run();
