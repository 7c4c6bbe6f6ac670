// qurio's candidates: one layer as the core runs it (absmax, codes, product, scale and bias), batches of it, and register-only ceilings.

import {
  formulation,
  inputWidth,
  LAYOUT_FLOAT32_ROWS,
  LAYOUT_INT1_LUT_SIMD,
  LAYOUT_INT4_MASKDOT,
  LAYOUT_INT8_BLOCKED,
  LAYOUT_INT16_BLOCKED,
  LAYOUT_TERNARY_LUT_SIMD,
  LAYOUT_TERNARY_MASKDOT,
  LAYOUT_TERNARY_PLANES,
  outputWidth,
  tableBytes,
} from "../assembly/format/layouts.ts";
import { layoutFor, packWeights } from "../host/model-file/pack.ts";
import { type Codes, WEIGHT_TYPES, type WeightTypeInfo } from "../host/model-file/weight_types.ts";
import { Instance, type Target } from "../tests/harness/compile.ts";
import { random } from "../tests/harness/random.ts";
import type { Candidate } from "./timing.ts";

export interface LayerCandidate extends Candidate {
  bits: number;
  /** Key into CEILINGS; none for scalar code. */
  ceiling: string | null;
  /** y of the (first) vector, after a call. */
  outputs: Float32Array;
}

export function weightsOf(type: WeightTypeInfo, count: number, seed: number): Codes | Float32Array {
  const next = random(seed);
  if (type.spec === "float32") return Float32Array.from({ length: count }, () => 2 * next() - 1);
  const [low, high] = type.range;
  const code = () => low + Math.floor(next() * (high - low + 1)) || (type.bits === 1 ? 1 : 0);
  return type.bits > 8 ? Int16Array.from({ length: count }, code) : Int8Array.from({ length: count }, code);
}

export const typeOf = (spec: string): WeightTypeInfo => WEIGHT_TYPES.find((type) => type.spec === spec)!;

// ---- one layer ----

const VECTOR_CEILINGS: Record<number, string> = {
  [LAYOUT_TERNARY_LUT_SIMD]: "look-up, ternary",
  [LAYOUT_INT1_LUT_SIMD]: "look-up, 1-bit",
  [LAYOUT_TERNARY_MASKDOT]: "mask-dot, ternary",
  [LAYOUT_INT4_MASKDOT]: "mask-dot, 4-bit",
  [LAYOUT_INT8_BLOCKED]: "widen and dot",
  [LAYOUT_INT16_BLOCKED]: "dot",
  [LAYOUT_TERNARY_PLANES]: "popcount",
  [LAYOUT_FLOAT32_ROWS]: "float32",
};

const BATCH_CEILINGS: Record<number, string> = {
  [LAYOUT_TERNARY_LUT_SIMD]: "dot, two weights a lane",
  [LAYOUT_INT1_LUT_SIMD]: "look-up, 1-bit",
  [LAYOUT_TERNARY_MASKDOT]: "dot, two weights a lane",
  [LAYOUT_INT4_MASKDOT]: "dot",
  [LAYOUT_INT8_BLOCKED]: "dot",
};

export type MakeInstance = (entry: string, target: Target) => Promise<Instance>;

const compiled: MakeInstance = (entry, target) => Instance.of(entry, target);

/** A layer's weights in memory; growing it later would detach views, so all room is taken at once. */
function place(instance: Instance, layout: number, type: WeightTypeInfo, columns: number, rows: number, roomBytes: number) {
  const packed = packWeights(layout, weightsOf(type, rows * columns, 3), rows, columns);
  const wPtr = instance.put(packed);
  const scalePtr = instance.put(new Float32Array(rows).fill(0.01));
  const biasPtr = instance.put(new Float32Array(rows).fill(0.5));
  return { wPtr, scalePtr, biasPtr, roomPtr: instance.alloc(roomBytes) };
}

/** x [columns] -> y [rows], float32 to float32, in the layout that the build reads. */
export async function layerCandidate(
  type: WeightTypeInfo,
  target: Target,
  columns: number,
  rows: number,
  make = compiled,
): Promise<LayerCandidate> {
  const layout = layoutFor(type.id, target, rows, columns);
  const width = Math.max(inputWidth(layout, columns), outputWidth(layout, rows));
  const instance = await make("kernels", target);
  const { wPtr, scalePtr, biasPtr, roomPtr } = place(
    instance,
    layout,
    type,
    columns,
    rows,
    8 * width + 64 + tableBytes(layout, rows, columns),
  );
  const preparedPtr = roomPtr + 4 * width;
  const tablePtr = preparedPtr + 64 + 4 * width;
  const next = random(1);
  const x = Float32Array.from({ length: width }, (_, i) => (i < columns ? 2 * next() - 1 : 0));
  const vector = instance.f32(roomPtr, width);
  const { linear } = instance.exports;
  const run = () => {
    vector.set(x);
    linear(layout, roomPtr, roomPtr, preparedPtr, tablePtr, wPtr, scalePtr, 4, biasPtr, columns, rows);
  };
  const ceiling = target === "simd" ? VECTOR_CEILINGS[layout] : null;
  return {
    name: `${type.name}, ${formulation(layout)}${target === "scalar" ? ", scalar" : ""}`,
    bits: type.bits,
    run,
    ceiling,
    outputs: vector.subarray(0, rows),
  };
}

/** X [batch][columns] -> Y [batch][rows], SIMD. */
export async function batchCandidate(
  type: WeightTypeInfo,
  columns: number,
  rows: number,
  batch: number,
  make = compiled,
): Promise<LayerCandidate> {
  const layout = layoutFor(type.id, "simd", rows, columns);
  const width = Math.max(inputWidth(layout, columns), outputWidth(layout, rows));
  // more than linearBatchBytes ever asks for
  const scratchBytes = 4 * batch * (width + 16) + 16 * width + 4096 + tableBytes(layout, rows, columns);
  const instance = await make("gemm", "simd");
  const { wPtr, scalePtr, biasPtr, roomPtr } = place(instance, layout, type, columns, rows, 4 * width * batch + scratchBytes);
  const scratchPtr = roomPtr + 4 * width * batch;
  const next = random(1);
  const x = Float32Array.from({ length: width * batch }, (_, i) => (i % width < columns ? 2 * next() - 1 : 0));
  const vectors = instance.f32(roomPtr, width * batch);
  const { linearBatch } = instance.exports;
  const run = () => {
    vectors.set(x);
    linearBatch(layout, roomPtr, roomPtr, 4 * width, batch, scratchPtr, wPtr, scalePtr, 4, biasPtr, columns, rows);
  };
  return { name: `${type.name}, batch`, bits: type.bits, run, ceiling: BATCH_CEILINGS[layout] ?? null, outputs: vectors.subarray(0, rows) };
}

// ---- ceilings ----

const ITERATIONS = 2000;
/** Probe of tests/assembly/ceiling.ts and its MACs an iteration. */
const PROBES: Record<string, [probe: string, macs: number]> = {
  dot: ["ceilingDot", 96],
  "dot, two weights a lane": ["ceilingDot", 192],
  "widen and dot": ["ceilingWidenDot", 96],
  "mask-dot, 4-bit": ["ceilingMaskDot4", 256],
  "mask-dot, ternary": ["ceilingMaskDot8", 512],
  "look-up, ternary": ["ceilingLookUp", 512],
  "look-up, 1-bit": ["ceilingLookUp", 1024],
  popcount: ["ceilingPopcount", 1024],
  float32: ["ceilingFloat", 48],
};

export async function ceilingCandidates(): Promise<(Candidate & { macs: number })[]> {
  const instance = await Instance.of("ceiling", "simd");
  const ptr = instance.alloc(256);
  instance.u8(ptr, 256).forEach((_, i, bytes) => {
    bytes[i] = i * 37;
  });
  return Object.entries(PROBES).map(([name, [probe, macs]]) => ({
    name: `ceiling: ${name}`,
    macs: macs * ITERATIONS,
    run: () => instance.exports[probe](ptr, ITERATIONS),
  }));
}
