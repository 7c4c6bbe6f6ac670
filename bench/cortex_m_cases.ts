// What npm run bench:cortex-m runs: each weight type as a whole layer and, where it has a kernel of its own, the kernel alone;
// LayerNorm and softmax; the phases of a decision. Each with the linear memory to run on and the result that is right.

import { DECISION_BYTES } from "../assembly/format/decision.ts";
import { PHASE_DONE, PHASE_EXPERT, PHASE_FEATURES, PHASE_FRAME, PHASE_IDLE, PHASE_ROUTER } from "../assembly/format/ids.ts";
import {
  columnBlock,
  inputWidth,
  LAYOUT_INT1_LUT,
  LAYOUT_INT4_SWAR,
  LAYOUT_INT8_BLOCKED,
  LAYOUT_TERNARY_PLANES,
  LAYOUT_TERNARY_SWAR,
  LAYOUT_TERNARY5_LUT,
  outputWidth,
  padTo,
  rowBlock,
  tableBytes,
} from "../assembly/format/layouts.ts";
import type { Call } from "../firmware-sim/image/calls.ts";
import { layoutFor, packWeights } from "../host/model-file/pack.ts";
import type { Codes, WeightTypeInfo } from "../host/model-file/weight_types.ts";
import type { CoreExports } from "../host/runtime/core_exports.ts";
import { pumpSound, pumpToEnd } from "../host/runtime/pump.ts";
import { Instance } from "../tests/harness/compile.ts";
import { random } from "../tests/harness/random.ts";
import { gemv, linearInteger, quantizeActivations, ternaryActivations } from "../tests/reference/kernels.ts";

export const ENTRY = "meter-kernels";

/** The GEMV kernel that reads a layout, and its arguments behind columns and rows; null for layouts that several kernels share. */
function kernelOf(layout: number, xSum: number, tablePtr: number): [name: string | null, ...last: number[]] {
  if (layout === LAYOUT_TERNARY_SWAR) return ["ternaryGemv", xSum];
  if (layout === LAYOUT_TERNARY5_LUT) return ["ternary5Gemv", tablePtr];
  if (layout === LAYOUT_TERNARY_PLANES) return ["popcountGemv"];
  if (layout === LAYOUT_INT1_LUT) return ["int1Gemv", tablePtr];
  if (layout === LAYOUT_INT4_SWAR) return ["int4Gemv", 8 * xSum];
  if (layout === LAYOUT_INT8_BLOCKED) return ["int8Gemv"];
  return [null];
}

export interface Case {
  memory: Uint8Array;
  layer: Call;
  /** Absent for types that share others' kernels. */
  kernel?: Call;
  expectedLayer: Uint8Array;
  expectedKernel: Uint8Array;
}

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/**
 * A layer of random codes on random 8-bit activations, seeds fixed; the kernel's activations are prepared by the layer in V8. Right is
 * what the slow reference says, bit for bit; with float32 weights what V8 says.
 */
export async function layerCase(type: WeightTypeInfo, columns: number, rows: number): Promise<Case> {
  const instance = await Instance.of(ENTRY, "scalar");
  const layout = layoutFor(type.id, "scalar", rows, columns);
  const next = random(7);
  const [low, high] = type.range;
  const code = () => low + Math.floor(next() * (high - low + 1)) || (type.bits === 1 ? 1 : 0);
  const isFloat = type.spec === "float32";
  const count = { length: rows * columns };
  const w: Codes | Float32Array = isFloat
    ? Float32Array.from(count, () => next() - 0.5)
    : type.bits > 8
      ? Int16Array.from(count, code)
      : Int8Array.from(count, code);
  // whole numbers up to 127, and one 127, so that the codes are the numbers
  const x = Float32Array.from({ length: columns }, (_, k) => (k === columns - 1 ? 127 : Math.floor(next() * 255) - 127));
  const width = Math.max(inputWidth(layout, columns), outputWidth(layout, rows));
  const vector = new Float32Array(width);
  vector.set(x);
  const scale = Float32Array.from({ length: rows }, () => 0.001 + next());
  const bias = Float32Array.from({ length: rows }, () => next() - 0.5);

  const vectorPtr = instance.put(vector);
  const preparedBytes = 64 + 4 * width;
  const preparedPtr = instance.alloc(preparedBytes);
  const tablePtr = instance.alloc(tableBytes(layout, rows, columns));
  const wPtr = instance.put(packWeights(layout, w, rows, columns));
  const scalePtr = instance.put(scale);
  const biasPtr = instance.put(bias);
  const memoryBytes = instance.alloc(0);
  const numbers = [vectorPtr, vectorPtr, preparedPtr, tablePtr, wPtr, scalePtr, 4, biasPtr];
  instance.exports.linear(layout, ...numbers, columns, rows);
  const ofV8 = instance.u8(vectorPtr, 4 * rows).slice();
  instance.u8(vectorPtr, vector.byteLength).set(bytesOf(vector));
  const memory = instance.u8(0, memoryBytes).slice();

  const quantize = type.ternaryActivations ? ternaryActivations : quantizeActivations;
  const { codes } = quantize(x);
  const xSum = codes.reduce((sum, xCode) => sum + xCode, 0);
  const result = { offset: vectorPtr, bytes: 4 * rows };
  const [name, ...last] = kernelOf(layout, xSum, tablePtr);
  const padded = [padTo(columns, columnBlock(layout)), padTo(rows, rowBlock(layout))];
  return {
    memory,
    layer: { name: "linear", pointers: [], numbers: [layout, ...numbers, columns, rows], result },
    ...(name !== null && { kernel: { name, pointers: [preparedPtr, wPtr, vectorPtr], numbers: [...padded, ...last], result } }),
    expectedLayer: isFloat ? ofV8 : bytesOf(linearInteger(x, w, scale, bias, rows, columns, quantize)),
    expectedKernel: bytesOf(Int32Array.from(gemv(codes, w, rows, columns))),
  };
}

export interface VectorCase {
  memory: Uint8Array;
  call: Call;
  expected: Uint8Array;
}

/** LayerNorm or softmax of `count` random values; the right result is V8's, which tests/layers.test.ts compares with float64. */
export async function vectorCase(name: "layerNorm" | "softmax", count: number): Promise<VectorCase> {
  const instance = await Instance.of(ENTRY, "scalar");
  const next = random(5);
  const floats = () => Float32Array.from({ length: count }, () => 4 * next() - 2);
  const pointers = [instance.put(floats()), instance.put(floats()), instance.put(floats())];
  const memory = instance.u8(0, instance.alloc(0)).slice();
  const numbers = name === "layerNorm" ? [...pointers, count] : [pointers[0], pointers[1], count];
  instance.exports[name](...numbers);
  const result = { offset: pointers[name === "layerNorm" ? 0 : 1], bytes: 4 * count };
  const expected = instance.u8(result.offset, result.bytes).slice();
  return { memory, call: { name, pointers: [], numbers, result }, expected };
}

export interface DecisionCase {
  memory: Uint8Array;
  steps: { phase: string; units: number; call: Call }[];
  /** The decision record of V8. */
  expected: Uint8Array;
}

const PHASES: Record<number, string> = {
  [PHASE_FRAME]: "frame",
  [PHASE_FEATURES]: "features",
  [PHASE_ROUTER]: "router",
  [PHASE_EXPERT]: "expert",
};

/**
 * The phases of one decision of the scalar core, in order, on one memory: load, frames of noise, the other frames as silence, the
 * statistics (98 steps), and the networks.
 */
export async function decisionCase(core: Uint8Array, model: Uint8Array, workBytes: number): Promise<DecisionCase> {
  const { instance } = await WebAssembly.instantiate(core as BufferSource);
  const exports = instance.exports as unknown as CoreExports;
  const modelPtr = (exports.workPtr() + workBytes + 15) & ~15;
  const bytes = (modelPtr + model.length + 15) & ~15;
  exports.memory.grow(Math.max(0, Math.ceil((bytes - exports.memory.buffer.byteLength) / 65536)));
  new Uint8Array(exports.memory.buffer).set(model, modelPtr);
  if (exports.load(modelPtr, model.length) !== 0) throw new Error("the model does not load");
  const next = random(3);
  const samples = exports.audioSpace();
  const pcm = Int16Array.from({ length: samples }, () => Math.floor(20000 * next()) - 10000);
  new Int16Array(exports.memory.buffer, exports.audioPtr(), samples).set(pcm);
  const memory = new Uint8Array(exports.memory.buffer).slice(0, bytes);

  const steps: DecisionCase["steps"] = [
    { phase: "load", units: 1, call: { name: "load", pointers: [], numbers: [modelPtr, model.length] } },
    { phase: "push", units: 1, call: { name: "pushAudio", pointers: [], numbers: [samples], keepMemory: true } },
  ];
  let last = 0;
  const write = (name: "step" | "stepPadded", phase: number) => {
    if (phase === PHASE_IDLE || phase === PHASE_DONE) last = 0;
    else if (!PHASES[phase]) throw new Error(`${name}() returned ${phase}: a model that takes audio is expected`);
    else if (phase === last) {
      const { call } = steps.at(-1)!;
      steps.at(-1)!.units = call.times = (call.times ?? 1) + 1;
    } else {
      steps.push({
        phase: name === "step" ? "frame" : PHASES[phase],
        units: 1,
        call: { name, pointers: [], numbers: [], keepMemory: true },
      });
      last = phase;
    }
  };
  const pumped = { exports, check: () => {} };
  for (const phase of pumpSound(pumped, pcm)) write("step", phase);
  for (const phase of pumpToEnd(pumped)) write("stepPadded", phase);
  steps.push({ phase: "answer", units: 1, call: { name: "stepPadded", pointers: [], numbers: [], keepMemory: true } });
  const result = { offset: exports.decisionPtr(), bytes: DECISION_BYTES };
  steps.at(-1)!.call.result = result;
  return { memory, steps, expected: new Uint8Array(exports.memory.buffer).slice(result.offset, result.offset + result.bytes) };
}
