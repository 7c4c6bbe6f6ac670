// Tensors of a TensorFlow Lite file as a graph has them: constants with their codes and scales, and the grids of what is computed.

import type { Constant } from "../graph/chain.ts";
import { type Quantization, sizeOf } from "../graph/graph.ts";
import type { TfliteFile, TfliteStep, TfliteTensor } from "./tflite_file.ts";
import { typeName } from "./tflite_names.ts";

export const FLOAT32 = 0;
export const FLOAT16 = 1;
export const INT8 = 9;
const INT32 = 2;

/** Weights [rows, columns], int8 with zero point 0 or float32. */
export function weightsOf(file: TfliteFile, tensor: TfliteTensor, shape: [rows: number, columns: number], where: string): Constant {
  if (tensor.type !== INT8) return floatsOf(file, tensor, shape, where);
  const data = new Int8Array(bytesOf(file, tensor, sizeOf({ shape }), where));
  const scale = checkedScales(file, tensor.scale, shape[0], `${where}, scales`);
  if (!tensor.zeroPoint.every((n) => n === 0)) throw file.unsupported(`${where}, zero points`, "0", "others");
  if (scale.length > 1 && tensor.quantizedDimension !== 0)
    throw file.unsupported(`${where}, dimension that has the scales`, "0 (rows)", tensor.quantizedDimension);
  return { shape, data, quantization: { scale, zeroPoint: 0 } };
}

export function floatsOf(file: TfliteFile, tensor: TfliteTensor, shape: readonly number[], where: string): Constant {
  checkType(file, tensor, FLOAT32, where);
  const data = new Float32Array(bytesOf(file, tensor, sizeOf({ shape }), where));
  if (!data.every(Number.isFinite)) throw file.damaged(where, "finite numbers", "others");
  return { shape, data };
}

/** Codes of a bias have no scale of their own: TensorFlow Lite's kernels take that of input times weights, in float32. */
export function int32BiasOf(file: TfliteFile, tensor: TfliteTensor, input: Quantization, weight: Constant, where: string): Constant {
  const [rows] = weight.shape as [number];
  checkType(file, tensor, INT32, where);
  const data = new Int32Array(bytesOf(file, tensor, rows, where));
  const products = weight.quantization!.scale.map((scale) => scale * input.scale[0]!);
  return { shape: [rows], data, quantization: { scale: checkedScales(file, products, rows, `${where}, scales`), zeroPoint: 0 } };
}

/** The codes that a computed tensor is rounded to; null for float32. */
export function gridOf(file: TfliteFile, { type, scale, zeroPoint }: TfliteTensor, where: string): Quantization | null {
  if (type !== INT8) return null;
  if (scale.length !== 1 || zeroPoint.length !== 1) throw file.unsupported(`${where}, scales`, "1 with its zero point", scale.length);
  const [zero] = zeroPoint as [number];
  if (!(scale[0]! > 0 && Number.isFinite(scale[0]))) throw file.damaged(`${where}, scale`, "a finite number above 0", scale[0]!);
  if (zero < -128 || zero > 127) throw file.damaged(`${where}, zero point`, "-128 to 127", zero);
  return { scale, zeroPoint: zero };
}

/** What is wrong with the tensors of an operator that keeps type and grid, in the words that follow its name; null for nothing. */
export function passingProblem(step: TfliteStep): string | null {
  const { input, output } = step;
  const type = input.type === INT8 ? INT8 : FLOAT32;
  const grid = ({ scale, zeroPoint }: TfliteTensor) => `${scale} ${zeroPoint}`;
  return typesProblem(step, type, type) ?? (type === FLOAT32 || grid(input) === grid(output) ? null : "that changes the scale");
}

/** The same for an operator that reads and writes these types. */
export function typesProblem({ input, output }: TfliteStep, from: number, to: number): string | null {
  return input.type === from && output.type === to ? null : `of ${typeName(input.type)} to ${typeName(output.type)}`;
}

function checkType(file: TfliteFile, tensor: TfliteTensor, type: number, where: string): void {
  if (tensor.type !== type) throw file.unsupported(`${where}, type`, typeName(type), typeName(tensor.type));
}

function bytesOf(file: TfliteFile, tensor: TfliteTensor, count: number, where: string): ArrayBuffer {
  const size = count * (tensor.type === INT8 ? 1 : 4);
  if (tensor.bytes !== size) throw file.damaged(`${where}, bytes`, `${size}`, tensor.bytes);
  return file.data(tensor);
}

function checkedScales(file: TfliteFile, scale: Float32Array, rows: number, where: string): Float32Array {
  if (scale.length !== 1 && scale.length !== rows) throw file.unsupported(where, `1 or ${rows}`, scale.length);
  if (!scale.every((n) => n > 0 && Number.isFinite(n))) throw file.damaged(where, "finite numbers above 0", "others");
  return scale;
}
