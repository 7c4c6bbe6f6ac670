// Writes small TensorFlow Lite files of fully connected layers, and spoils them on demand. Field numbers: tools/import/tflite.ts.

import { Builder } from "flatbuffers";
import { random } from "./random.ts";

const [FLOAT32, INT32, INT8] = [0, 2, 9];
const [DEQUANTIZE, FULLY_CONNECTED, RELU, RESHAPE, SOFTMAX, CUSTOM, QUANTIZE] = [6, 9, 19, 22, 25, 32, 114];

export interface LayerOptions {
  columns: number;
  rows: number;
  relu: boolean;
}

/** What to write otherwise than a sound file has it. */
export interface Spoil {
  identifier?: string;
  version?: number;
  code?: number;
  activation?: number;
  optionsType?: number;
  weightsFormat?: number;
  weightType?: number;
  weightScales?: number;
  weightZeroPoint?: number;
  outputScale?: number;
  outputZeroPoint?: number;
  opcodeIndex?: number;
  inputTensor?: number;
  tensorBuffer?: number;
  weightBytes?: number;
  rows?: number;
  batch?: number;
  operators?: number;
  subgraphs?: number;
  noBias?: boolean;
  /** A shape of the input that says what is known at run time only. */
  signature?: number[];
  sparse?: boolean;
  /** Of the scales of weights. */
  quantizedDimension?: number;
  /** Shape of what SOFTMAX reads. */
  softmaxShape?: number[];
  /** Float values in and out: QUANTIZE before, DEQUANTIZE behind. */
  edges?: boolean;
  /** Its beta. */
  softmax?: number;
  /** RELU as an operator of its own. */
  reluOps?: boolean;
  reshape?: boolean;
  /** Codes of operators that stand before the first layer and behind the last one; a name is a custom operator. */
  before?: (number | string)[];
  behind?: (number | string)[];
}

export type Kind = "int8" | "float32" | "hybrid";

export interface WrittenLayer extends LayerOptions {
  weights: Int8Array;
  weightScale: Float32Array;
  bias: Int32Array;
  input: { scale: number; zeroPoint: number };
  output: { scale: number; zeroPoint: number };
}

/** Random int8 layers with a scale a row where `perRow`; scales fit random inputs of -3 to 1. */
export function randomLayers(shapes: readonly LayerOptions[], seed: number, perRow = false): WrittenLayer[] {
  const next = random(seed);
  let input = { scale: Math.fround(4 / 255), zeroPoint: 63 };
  return shapes.map((shape) => {
    const { columns, rows, relu } = shape;
    const weightScale = Float32Array.from({ length: perRow ? rows : 1 }, () => (0.5 + next()) / (127 * Math.sqrt(columns)));
    const weights = Int8Array.from({ length: rows * columns }, () => Math.floor(255 * next()) - 127);
    const bias = Int32Array.from({ length: rows }, () => Math.floor(2000 * next()) - 1000);
    const output = { scale: Math.fround(8 / 255), zeroPoint: relu ? -128 : 5 };
    const layer = { ...shape, weights, weightScale, bias, input, output };
    input = output;
    return layer;
  });
}

/** Buffer 0 is empty, as the schema asks; tensor 0 is the input, then weights, bias and output of each layer. */
export function writeTflite(layers: readonly WrittenLayer[], kind: Kind = "int8", spoil: Spoil = {}): Uint8Array {
  const b = new Builder(1024);
  const table = (fields: readonly [id: number, add: () => void][]) => {
    b.startObject(Math.max(0, ...fields.map(([id]) => id)) + 1);
    for (const [, add] of fields) add();
    return b.endObject();
  };
  const vector = (size: number, values: readonly number[], add: (value: number) => void) => {
    b.startVector(size, values.length, size);
    for (const value of [...values].reverse()) add(value);
    return b.endVector();
  };
  const offsets = (values: readonly number[]) => vector(4, values, (value) => b.addOffset(value));
  const int32s = (values: readonly number[]) => vector(4, values, (value) => b.addInt32(value));
  const offset = (id: number, value: number): [number, () => void] => [id, () => b.addFieldOffset(id, value, 0)];
  const int32 = (id: number, value: number): [number, () => void] => [id, () => b.addFieldInt32(id, value, 0)];
  const int8 = (id: number, value: number): [number, () => void] => [id, () => b.addFieldInt8(id, value, 0)];

  const isFloat = kind !== "int8";
  const buffers = [table([])];
  const tensors: number[] = [];
  const buffer = (data: ArrayBufferView, cut = data.byteLength) => {
    const bytes = b.createByteVector(new Uint8Array(data.buffer, data.byteOffset, cut));
    buffers.push(table([offset(0, bytes)]));
    return buffers.length - 1;
  };
  const tensor = (
    shape: number[],
    type: number,
    data: number,
    scales: readonly number[],
    zeroPoint: number,
    { signature, sparse, quantizedDimension }: { [K in "signature" | "sparse" | "quantizedDimension"]?: Spoil[K] | undefined } = {},
  ) => {
    const scale = vector(4, scales, (value) => b.addFloat32(value));
    const zeros = vector(
      8,
      scales.map(() => zeroPoint),
      (value) => b.addInt64(BigInt(value)),
    );
    const dimension = quantizedDimension ? [int32(6, quantizedDimension)] : [];
    const quantization = table([offset(2, scale), offset(3, zeros), ...dimension]);
    const name = b.createString(`tensor ${tensors.length}`);
    const more = [...(sparse ? [offset(6, table([]))] : []), ...(signature ? [offset(7, int32s(signature))] : [])];
    tensors.push(table([offset(0, int32s(shape)), int8(1, type), int32(2, data), offset(3, name), offset(4, quantization), ...more]));
    return tensors.length - 1;
  };
  const codes: number[] = [];
  const codeOf = new Map<number | string, number>();
  const codeIndex = (code: number | string) => {
    const known = codeOf.get(code);
    if (known !== undefined) return known;
    const builtin = typeof code === "number" ? code : CUSTOM;
    const custom = typeof code === "string" ? [offset(1, b.createString(code))] : [];
    codes.push(table([int8(0, Math.min(builtin, 127)), ...custom, int32(3, builtin)]));
    codeOf.set(code, codes.length - 1);
    return codes.length - 1;
  };
  const operators: number[] = [];
  const operate = (code: number | string, from: readonly number[], to: number, optionsType = 0, options: [number, () => void][] = []) => {
    const known = codeIndex(code);
    const index = spoil.opcodeIndex ?? known;
    const optionsTable = optionsType ? [int8(3, optionsType), offset(4, table(options))] : [];
    const [inputs, outputs] = [int32s(from), int32s([to])];
    operators.push(table([int32(0, index), offset(1, inputs), offset(2, outputs), ...optionsTable]));
    return to;
  };
  const activations = isFloat ? FLOAT32 : INT8;
  const { input } = layers[0];
  const width = layers[0].columns;
  const grid = (values: number, { scale, zeroPoint }: { scale: number; zeroPoint: number }) =>
    tensor([1, values], activations, 0, [scale], zeroPoint);
  const real = (values: number) => tensor([1, values], FLOAT32, 0, [], 0);
  let at = spoil.edges
    ? real(width)
    : tensor([spoil.batch ?? 1, width], activations, spoil.tensorBuffer ?? 0, [input.scale], input.zeroPoint, spoil);
  const first = at;
  if (spoil.edges) at = operate(QUANTIZE, [at], grid(width, input));
  for (const code of spoil.before ?? []) at = operate(code, [at], code === DEQUANTIZE ? real(width) : grid(width, input));
  if (spoil.reshape) {
    const shape = tensor([2], INT32, buffer(Int32Array.of(1, width)), [], 0);
    at = operate(RESHAPE, [at, shape], grid(width, input));
  }
  layers.forEach((layer, i) => {
    const { columns, rows, relu, output } = layer;
    const floats = floatsOf(layer);
    const scales = spoil.weightScales ? new Array<number>(spoil.weightScales).fill(1) : [...layer.weightScale];
    const weightType = spoil.weightType ?? (kind === "float32" ? FLOAT32 : INT8);
    const weights = tensor(
      [spoil.rows ?? rows, columns],
      weightType,
      buffer(kind === "float32" ? floats.weights : layer.weights, spoil.weightBytes),
      scales,
      spoil.weightZeroPoint ?? 0,
      { sparse: spoil.sparse, quantizedDimension: spoil.quantizedDimension },
    );
    const biasScales = Array.from(layer.weightScale, (scale) => scale * layer.input.scale);
    const bias = spoil.noBias ? -1 : tensor([rows], isFloat ? FLOAT32 : INT32, buffer(isFloat ? floats.bias : layer.bias), biasScales, 0);
    const from = spoil.inputTensor ?? at;
    at = tensor([1, rows], activations, 0, [spoil.outputScale ?? output.scale], spoil.outputZeroPoint ?? output.zeroPoint);
    const activation = spoil.activation ?? (relu && !spoil.reluOps ? 1 : 0);
    operate(spoil.code ?? FULLY_CONNECTED, [from, weights, bias], at, spoil.optionsType ?? 8, [
      int8(0, activation),
      int8(1, spoil.weightsFormat ?? 0),
    ]);
    if (relu && spoil.reluOps) at = operate(RELU, [at], grid(rows, output));
    if (i < layers.length - 1) return;
    if (spoil.softmaxShape) at = operate(RESHAPE, [at], tensor(spoil.softmaxShape, activations, 0, [output.scale], output.zeroPoint));
    if (spoil.softmax !== undefined) {
      const beta = spoil.softmax;
      at = operate(SOFTMAX, [at], grid(rows, { scale: 1 / 256, zeroPoint: -128 }), 9, [[0, () => b.addFieldFloat32(0, beta, 0)]]);
    }
    for (const code of spoil.behind ?? []) at = operate(code, [at], grid(rows, output));
    if (spoil.edges) at = operate(DEQUANTIZE, [at], real(rows));
  });
  const repeated = Array.from({ length: spoil.operators ?? operators.length }, (_, i) => operators[i % operators.length]);
  const parts = [offsets(tensors), int32s([first]), int32s([at]), offsets(repeated)];
  const subgraph = table(parts.map((part, i) => offset(i, part)));
  const subgraphs = offsets(new Array<number>(spoil.subgraphs ?? 1).fill(subgraph));
  const [allBuffers, allCodes] = [offsets(buffers), offsets(codes)];
  b.finish(
    table([int32(0, spoil.version ?? 3), offset(1, allCodes), offset(2, subgraphs), offset(4, allBuffers)]),
    spoil.identifier ?? "TFL3",
  );
  return b.asUint8Array().slice();
}

/** The real numbers that the codes stand for. */
export function floatsOf({ columns, weights, weightScale, bias, input }: WrittenLayer): { weights: Float32Array; bias: Float32Array } {
  const scale = (n: number) => weightScale[n % weightScale.length];
  return {
    weights: Float32Array.from(weights, (code, i) => code * scale(Math.floor(i / columns))),
    bias: Float32Array.from(bias, (code, n) => code * input.scale * scale(n)),
  };
}
