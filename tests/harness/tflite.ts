// Writes small TensorFlow Lite files of fully connected layers, and spoils them on demand. Field numbers: tools/import/tflite.ts.

import { Builder } from "flatbuffers";
import { random } from "./random.ts";

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
}

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
export function writeTflite(layers: readonly WrittenLayer[], kind: "int8" | "float32" = "int8", spoil: Spoil = {}): Uint8Array {
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

  const isFloat = kind === "float32";
  const buffers = [table([])];
  const tensors: number[] = [];
  const buffer = (data: ArrayBufferView, cut = data.byteLength) => {
    const bytes = b.createByteVector(new Uint8Array(data.buffer, data.byteOffset, cut));
    buffers.push(table([offset(0, bytes)]));
    return buffers.length - 1;
  };
  const tensor = (shape: number[], type: number, data: number, scales: readonly number[], zeroPoint: number) => {
    const scale = vector(4, scales, (value) => b.addFloat32(value));
    const zeros = vector(
      8,
      scales.map(() => zeroPoint),
      (value) => b.addInt64(BigInt(value)),
    );
    const quantization = table([offset(2, scale), offset(3, zeros)]);
    const name = b.createString(`tensor ${tensors.length}`);
    tensors.push(table([offset(0, int32s(shape)), int8(1, type), int32(2, data), offset(3, name), offset(4, quantization)]));
    return tensors.length - 1;
  };
  const activations = isFloat ? 0 : 9;
  const { input } = layers[0];
  let at = tensor([spoil.batch ?? 1, layers[0].columns], activations, spoil.tensorBuffer ?? 0, [input.scale], input.zeroPoint);
  const first = at;
  const operators = layers.map((layer) => {
    const { columns, rows, relu, output } = layer;
    const values = isFloat ? floatsOf(layer) : layer;
    const scales = spoil.weightScales ? new Array<number>(spoil.weightScales).fill(1) : [...layer.weightScale];
    const weightType = spoil.weightType ?? activations;
    const weights = tensor(
      [spoil.rows ?? rows, columns],
      weightType,
      buffer(values.weights, spoil.weightBytes),
      scales,
      spoil.weightZeroPoint ?? 0,
    );
    const bias = spoil.noBias ? -1 : tensor([rows], isFloat ? 0 : 2, buffer(values.bias), [1], 0);
    const from = spoil.inputTensor ?? at;
    at = tensor([1, rows], activations, 0, [spoil.outputScale ?? output.scale], spoil.outputZeroPoint ?? output.zeroPoint);
    const options = table([int8(0, spoil.activation ?? (relu ? 1 : 0)), int8(1, spoil.weightsFormat ?? 0)]);
    const [inputs, outputs] = [int32s([from, weights, bias]), int32s([at])];
    return table([
      int32(0, spoil.opcodeIndex ?? 0),
      offset(1, inputs),
      offset(2, outputs),
      int8(3, spoil.optionsType ?? 8),
      offset(4, options),
    ]);
  });
  const repeated = Array.from({ length: spoil.operators ?? operators.length }, (_, i) => operators[i % operators.length]);
  const parts = [offsets(tensors), int32s([first]), int32s([at]), offsets(repeated)];
  const subgraph = table(parts.map((part, i) => offset(i, part)));
  const code = table([int8(0, spoil.code ?? 9), int32(3, spoil.code ?? 9)]);
  const codes = offsets([code]);
  const subgraphs = offsets(new Array<number>(spoil.subgraphs ?? 1).fill(subgraph));
  const allBuffers = offsets(buffers);
  b.finish(
    table([int32(0, spoil.version ?? 3), offset(1, codes), offset(2, subgraphs), offset(4, allBuffers)]),
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
