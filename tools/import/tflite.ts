// TensorFlow Lite files of fully connected networks, one layer behind the other, int8 or float32: what MLPerf Tiny's autoencoder is.
//
// Field numbers and enumerations: github.com/tensorflow/tflite-micro, commit 6cdf0d7, tensorflow/lite/schema/schema.fbs; a field's
// number is its place in its table, counted from 0, a union counts twice. Quantization, value = scale * (code - zeroPoint):
// tensorflow.org/lite/performance/quantization_spec.

import { MAX_WEIGHTS, MAX_WIDTH } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import { Flatbuffer, OutOfBounds } from "./flatbuffer.ts";

const IDENTIFIER = "TFL3";
const MODEL = { version: 0, operatorCodes: 1, subgraphs: 2, buffers: 4 };
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 };
const OPERATOR_CODE = { deprecatedBuiltinCode: 0, builtinCode: 3 };
const OPERATOR = { opcodeIndex: 0, inputs: 1, outputs: 2, optionsType: 3, options: 4 };
const FULLY_CONNECTED_OPTIONS = { activation: 0, weightsFormat: 1 };
const TENSOR = { shape: 0, type: 1, buffer: 2, name: 3, quantization: 4, sparsity: 6 };
const QUANTIZATION = { scale: 2, zeroPoint: 3, quantizedDimension: 6 };
const BUFFER = { data: 0 };

const FLOAT32 = 0;
const INT32 = 2;
const INT8 = 9;
const TYPE_NAMES: Record<number, string> = { [FLOAT32]: "float32", [INT32]: "int32", [INT8]: "int8" };
const FULLY_CONNECTED = 9;
const OPTIONS_OF_FULLY_CONNECTED = 8;
const ACTIVATIONS: Record<number, "none" | "relu"> = { 0: "none", 1: "relu" };
/** More than any network that qurio can hold; a hostile file shall not make this reader copy one tensor without end. */
const MOST_LAYERS = 64;

/** value = scale * (code - zeroPoint) */
export interface Affine {
  scale: number;
  zeroPoint: number;
}

interface TfliteShape {
  name: string;
  columns: number;
  rows: number;
  relu: boolean;
}

export interface FloatLayer extends TfliteShape {
  kind: "float32";
  /** [rows][columns] */
  weights: Float32Array;
  /** [rows], zeros if the file has none */
  bias: Float32Array;
}

export interface Int8Layer extends TfliteShape {
  kind: "int8";
  /** [rows][columns], zero point 0 */
  weights: Int8Array;
  /** [rows] or [1] */
  weightScale: Float32Array;
  /** [rows], in units of input.scale * weightScale; zeros if the file has none */
  bias: Int32Array;
  input: Affine;
  output: Affine;
}

export interface TfliteNetwork {
  /** Of one kind, each reading what the one before it wrote. */
  layers: FloatLayer[] | Int8Layer[];
}

/**
 * @param name of the file, for messages
 * @throws QurioError TFLITE for a damaged file, TFLITE_UNSUPPORTED for one that is sound but something else
 */
export function readTflite(file: Uint8Array, name: string): TfliteNetwork {
  try {
    return new Reader(file, name).network();
  } catch (error) {
    if (!(error instanceof OutOfBounds)) throw error;
    throw new QurioError("TFLITE", `${name} is damaged: ${error.message}`, "Fetch the file again.");
  }
}

interface Tensor {
  name: string;
  shape: number[];
  type: number;
  data: Uint8Array;
  scale: Float32Array;
  zeroPoint: number[];
}

class Reader {
  private readonly flat: Flatbuffer;
  private readonly file: string;
  private readonly tensors: number[];
  private readonly buffers: number[];
  private readonly subgraph: number;
  private readonly model: number;

  constructor(file: Uint8Array, name: string) {
    this.flat = new Flatbuffer(file);
    this.file = name;
    const model = this.flat.root(IDENTIFIER);
    if (model === null) throw this.damaged("the file", `identifier ${IDENTIFIER}`, "another");
    this.model = model;
    const version = this.flat.i32(model, MODEL.version);
    if (version !== 3) throw this.unsupported("schema version", "3", version);
    const subgraphs = this.flat.tables(model, MODEL.subgraphs);
    if (subgraphs.length !== 1) throw this.unsupported("subgraphs", "1", subgraphs.length);
    this.subgraph = subgraphs[0];
    this.tensors = this.flat.tables(this.subgraph, SUBGRAPH.tensors);
    this.buffers = this.flat.tables(model, MODEL.buffers);
  }

  network(): TfliteNetwork {
    const operators = this.flat.tables(this.subgraph, SUBGRAPH.operators);
    if (operators.length === 0 || operators.length > MOST_LAYERS)
      throw this.unsupported("operators", `1 to ${MOST_LAYERS}`, operators.length);
    let [at] = this.indices(this.subgraph, SUBGRAPH.inputs, "inputs", 1, 1);
    const layers = operators.map((operator, i) => {
      const where = `operator ${i}`;
      const { input, weights, bias, output, relu } = this.operator(operator, where);
      if (input !== at) throw this.unsupported(where, `tensor ${at}, which comes before it, as its input`, `tensor ${input}`);
      at = output;
      return this.layer(where, relu, this.tensor(input), this.tensor(weights), bias < 0 ? null : this.tensor(bias), this.tensor(output));
    });
    const [output] = this.indices(this.subgraph, SUBGRAPH.outputs, "outputs", 1, 1);
    if (output !== at) throw this.unsupported("output", `tensor ${at} of the last operator`, `tensor ${output}`);
    for (const [i, layer] of layers.entries()) {
      if (layer.kind !== layers[0].kind) throw this.unsupported(`operator ${i}`, layers[0].kind, layer.kind);
      if (i > 0 && layer.columns !== layers[i - 1].rows) throw this.damaged(`operator ${i}`, `${layers[i - 1].rows} inputs`, layer.columns);
    }
    return { layers: layers as FloatLayer[] | Int8Layer[] };
  }

  private operator(operator: number, where: string) {
    const codes = this.flat.tables(this.model, MODEL.operatorCodes);
    const index = this.flat.i32(operator, OPERATOR.opcodeIndex);
    if (!(index in codes)) throw this.damaged(`${where}, code`, `0 to ${codes.length - 1}`, index);
    // old files have the code in a byte, new ones beyond 127 in another field; the larger is meant
    const deprecated = this.flat.u8(codes[index], OPERATOR_CODE.deprecatedBuiltinCode);
    const code = Math.max(deprecated, this.flat.i32(codes[index], OPERATOR_CODE.builtinCode));
    if (code !== FULLY_CONNECTED) throw this.unsupported(where, `${FULLY_CONNECTED} (FULLY_CONNECTED)`, code);
    const options = this.flat.child(operator, OPERATOR.options);
    const optionsType = this.flat.u8(operator, OPERATOR.optionsType);
    if (options && optionsType !== OPTIONS_OF_FULLY_CONNECTED)
      throw this.damaged(`${where}, options`, `${OPTIONS_OF_FULLY_CONNECTED} (FullyConnectedOptions)`, optionsType);
    const activation = options ? this.flat.u8(options, FULLY_CONNECTED_OPTIONS.activation) : 0;
    if (!ACTIVATIONS[activation]) throw this.unsupported(`${where}, activation`, "0 (none) or 1 (ReLU)", activation);
    const format = options ? this.flat.u8(options, FULLY_CONNECTED_OPTIONS.weightsFormat) : 0;
    if (format !== 0) throw this.unsupported(`${where}, weights format`, "0 (rows)", format);
    const [input, weights, bias = -1] = this.indices(operator, OPERATOR.inputs, `${where}, inputs`, 2, 3);
    const [output] = this.indices(operator, OPERATOR.outputs, `${where}, outputs`, 1, 1);
    return { input, weights, bias, output, relu: ACTIVATIONS[activation] === "relu" };
  }

  /** Tensor numbers, -1 for a third that is left out. */
  private indices(table: number, id: number, where: string, least: number, most: number): number[] {
    const list = this.flat.integers(table, id, 4);
    if (list.length < least || list.length > most)
      throw this.unsupported(where, least === most ? `${least} tensor` : `${least} to ${most} tensors`, list.length);
    const wrong = list.find((n, i) => !(n in this.tensors) && !(i === 2 && n === -1));
    if (wrong !== undefined) throw this.damaged(where, `tensors 0 to ${this.tensors.length - 1}`, wrong);
    return list;
  }

  private tensor(index: number): Tensor {
    const table = this.tensors[index];
    const buffer = this.flat.i32(table, TENSOR.buffer);
    if (!(buffer in this.buffers)) throw this.damaged(`tensor ${index}, buffer`, `0 to ${this.buffers.length - 1}`, buffer);
    if (this.flat.child(table, TENSOR.sparsity)) throw this.unsupported(`tensor ${index}`, "a dense tensor", "a sparse one");
    const quantization = this.flat.child(table, TENSOR.quantization);
    return {
      name: this.flat.text(table, TENSOR.name),
      shape: this.flat.integers(table, TENSOR.shape, 4),
      type: this.flat.u8(table, TENSOR.type),
      data: this.flat.data(this.buffers[buffer], BUFFER.data),
      scale: quantization ? this.flat.floats(quantization, QUANTIZATION.scale) : new Float32Array(0),
      zeroPoint: quantization ? this.flat.integers(quantization, QUANTIZATION.zeroPoint, 8) : [],
    };
  }

  private layer(where: string, relu: boolean, input: Tensor, weights: Tensor, bias: Tensor | null, output: Tensor): FloatLayer | Int8Layer {
    if (weights.shape.length !== 2) throw this.unsupported(`${where}, dimensions of weights`, "2", weights.shape.length);
    const [rows, columns] = weights.shape;
    if (![rows, columns].every((n) => n >= 1 && n <= MAX_WIDTH) || rows * columns > MAX_WEIGHTS)
      throw this.unsupported(`${where}, weights`, `at most ${MAX_WIDTH} x ${MAX_WIDTH} and ${MAX_WEIGHTS} in all`, `${rows} x ${columns}`);
    for (const [tensor, what, width] of [[input, "input", columns] as const, [output, "output", rows] as const]) {
      const size = tensor.shape.reduce((product, n) => product * n, 1);
      if (size !== width) throw this.unsupported(`${where}, values of its ${what}`, `${width} (a batch of one)`, size);
      if (tensor.type !== weights.type)
        throw this.unsupported(`${where}, type of its ${what}`, typeName(weights.type), typeName(tensor.type));
    }
    const shape = { name: output.name, columns, rows, relu };
    const bytesOf = (tensor: Tensor, what: string, count: number, type: number) => {
      if (tensor.type !== type) throw this.unsupported(`${where}, type of ${what}`, typeName(type), typeName(tensor.type));
      const size = count * (type === INT8 ? 1 : 4);
      if (tensor.data.length !== size) throw this.damaged(`${where}, bytes of ${what}`, `${size}`, tensor.data.length);
      return tensor.data.buffer;
    };
    if (weights.type === FLOAT32) {
      const floats = (tensor: Tensor, what: string, count: number) => {
        const values = new Float32Array(bytesOf(tensor, what, count, FLOAT32));
        if (!values.every(Number.isFinite)) throw this.damaged(`${where}, ${what}`, "finite numbers", "others");
        return values;
      };
      const values = floats(weights, "weights", rows * columns);
      return { ...shape, kind: "float32", weights: values, bias: bias ? floats(bias, "bias", rows) : new Float32Array(rows) };
    }
    return {
      ...shape,
      kind: "int8",
      weights: new Int8Array(bytesOf(weights, "weights", rows * columns, INT8)),
      weightScale: this.weightScale(weights, rows, where),
      bias: bias ? new Int32Array(bytesOf(bias, "bias", rows, INT32)) : new Int32Array(rows),
      input: this.affine(input, `${where}, input`),
      output: this.affine(output, `${where}, output`),
    };
  }

  private weightScale({ scale, zeroPoint }: Tensor, rows: number, where: string): Float32Array {
    if (scale.length !== 1 && scale.length !== rows) throw this.unsupported(`${where}, scales of weights`, `1 or ${rows}`, scale.length);
    if (!scale.every((n) => n > 0 && Number.isFinite(n)))
      throw this.damaged(`${where}, scales of weights`, "finite numbers above 0", "others");
    if (!zeroPoint.every((n) => n === 0)) throw this.unsupported(`${where}, zero points of weights`, "0", "others");
    return scale;
  }

  private affine({ scale, zeroPoint }: Tensor, where: string): Affine {
    if (scale.length !== 1 || zeroPoint.length !== 1) throw this.unsupported(`${where}, scales`, "1 with its zero point", scale.length);
    if (!(scale[0] > 0 && Number.isFinite(scale[0]))) throw this.damaged(`${where}, scale`, "a finite number above 0", scale[0]);
    if (zeroPoint[0] < -128 || zeroPoint[0] > 127) throw this.damaged(`${where}, zero point`, "-128 to 127", zeroPoint[0]);
    return { scale: scale[0], zeroPoint: zeroPoint[0] };
  }

  private damaged(where: string, expected: string, found: number | string): QurioError {
    return new QurioError("TFLITE", `${this.file} is damaged: ${where}: ${expected} expected, ${found} found`, "Fetch the file again.");
  }

  private unsupported(where: string, expected: string, found: number | string): QurioError {
    return new QurioError(
      "TFLITE_UNSUPPORTED",
      `${this.file}: ${where}: ${expected} expected, ${found} found`,
      "Only chains of fully connected layers can be read, int8 or float32, with ReLU or nothing behind each.",
    );
  }
}

function typeName(type: number): string {
  return TYPE_NAMES[type] ?? `type ${type}`;
}
