// A TensorFlow Lite file as its tables say it: operators and tensors of its graphs, every place within the file's bounds.
//
// Field numbers: github.com/tensorflow/tflite-micro, commit 6cdf0d7, tensorflow/lite/schema/schema.fbs; a field's number is its place in
// its table, counted from 0, a union counts twice. Quantization, value = scale * (code - zeroPoint):
// tensorflow.org/lite/performance/quantization_spec.

import { QurioError } from "../../host/errors.ts";
import { Flatbuffer, OutOfBounds } from "./flatbuffer.ts";
import { operatorName } from "./tflite_names.ts";

export const IDENTIFIER = "TFL3";
const MODEL = { version: 0, operatorCodes: 1, subgraphs: 2, buffers: 4 };
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 };
const OPERATOR_CODE = { deprecatedBuiltinCode: 0, customCode: 1, builtinCode: 3 };
const OPERATOR = { opcodeIndex: 0, inputs: 1, outputs: 2, optionsType: 3, options: 4 };
const TENSOR = { shape: 0, type: 1, buffer: 2, name: 3, quantization: 4, sparsity: 6, shapeSignature: 7 };
const QUANTIZATION = { scale: 2, zeroPoint: 3, quantizedDimension: 6 };
const BUFFER = { data: 0 };
const CUSTOM = 32;
const MOST_SUBGRAPHS = 64;

export interface TfliteOperator {
  /** Place in its graph. */
  index: number;
  name: string;
  /** Tensor numbers; -1 for one that is left out. */
  inputs: number[];
  outputs: number[];
  /** Of the union of options; 0: none. */
  optionsType: number;
  options: number;
}

export interface TfliteTensor {
  index: number;
  shape: number[];
  type: number;
  /** Bytes of a constant; 0 for what is computed. */
  bytes: number;
  /** A dimension other than the first, the batch, is known at run time only. */
  isDynamic: boolean;
  isSparse: boolean;
  scale: Float32Array;
  zeroPoint: number[];
  /** Which dimension has a scale for each of its places, where there are several scales. */
  quantizedDimension: number;
}

/** An operator with the tensors that it reads and writes first. */
export interface TfliteStep {
  operator: TfliteOperator;
  input: TfliteTensor;
  output: TfliteTensor;
}

export class TfliteFile {
  readonly flat: Flatbuffer;
  readonly name: string;
  /** Of each graph, the names of its operators. */
  readonly operatorNames: string[][];
  /** Tensors that the first graph takes and gives; what follows is of the first graph too. */
  readonly inputs: number[];
  readonly outputs: number[];
  private readonly codes: number[];
  private readonly operators: number[];
  private readonly tensors: number[];
  private readonly buffers: number[];

  /**
   * @param name of the file, for messages
   * @throws QurioError TFLITE, TFLITE_UNSUPPORTED; OutOfBounds from here and from every method: see withinBounds
   */
  constructor(file: Uint8Array, name: string) {
    this.flat = new Flatbuffer(file);
    this.name = name;
    const { flat } = this;
    const model = flat.root(IDENTIFIER);
    if (model === null) throw this.damaged("the file", `identifier ${IDENTIFIER}`, "another");
    const version = flat.i32(model, MODEL.version);
    if (version !== 3) throw this.unsupported("schema version", "3", version);
    this.codes = flat.tables(model, MODEL.operatorCodes);
    this.buffers = flat.tables(model, MODEL.buffers);
    const subgraphs = flat.tables(model, MODEL.subgraphs);
    const [first] = subgraphs;
    // operators of all are named in messages; a hostile file shall not make this reader list one without end
    if (first === undefined || subgraphs.length > MOST_SUBGRAPHS) throw this.unsupported("subgraphs", "1", subgraphs.length);
    const operators = subgraphs.map((subgraph) => flat.tables(subgraph, SUBGRAPH.operators));
    this.operators = operators[0]!;
    this.operatorNames = operators.map((list) => list.map((operator, i) => this.nameOf(operator, i)));
    this.tensors = flat.tables(first, SUBGRAPH.tensors);
    this.inputs = this.indices(first, SUBGRAPH.inputs, "inputs");
    this.outputs = this.indices(first, SUBGRAPH.outputs, "outputs");
  }

  private operator(index: number): TfliteOperator {
    const { flat } = this;
    const operator = this.operators[index]!;
    return {
      index,
      name: this.operatorNames[0]![index]!,
      inputs: this.indices(operator, OPERATOR.inputs, `operator ${index}, inputs`),
      outputs: this.indices(operator, OPERATOR.outputs, `operator ${index}, outputs`),
      optionsType: flat.u8(operator, OPERATOR.optionsType),
      options: flat.child(operator, OPERATOR.options),
    };
  }

  tensor(index: number): TfliteTensor {
    const { flat } = this;
    const table = this.tensors[index]!;
    const quantization = flat.child(table, TENSOR.quantization);
    return {
      index,
      shape: flat.integers(table, TENSOR.shape, 4),
      type: flat.u8(table, TENSOR.type),
      bytes: flat.vector(this.bufferOf(index), BUFFER.data, 1).length,
      isDynamic: flat.integers(table, TENSOR.shapeSignature, 4).some((n, i) => i > 0 && n < 0),
      isSparse: flat.child(table, TENSOR.sparsity) !== 0,
      scale: quantization ? flat.floats(quantization, QUANTIZATION.scale) : new Float32Array(0),
      zeroPoint: quantization ? flat.integers(quantization, QUANTIZATION.zeroPoint, 8) : [],
      quantizedDimension: quantization ? flat.i32(quantization, QUANTIZATION.quantizedDimension) : 0,
    };
  }

  /** @param inputs how many tensors it may read */
  step(index: number, [least, most]: readonly [number, number]): TfliteStep {
    const operator = this.operator(index);
    const { inputs, outputs } = operator;
    if (inputs.length < least || inputs.length > most) {
      const expected = least === most ? `${least} tensor` : `${least} to ${most} tensors`;
      throw this.unsupported(`operator ${index}, inputs`, expected, inputs.length);
    }
    const input = this.needed(inputs[0]!, `operator ${index}, input`);
    return { operator, input, output: this.one(outputs, `operator ${index}, outputs`) };
  }

  /** The only one of a list. */
  one(tensors: number[], where: string): TfliteTensor {
    if (tensors.length !== 1) throw this.unsupported(where, "1 tensor", tensors.length);
    return this.needed(tensors[0]!, where);
  }

  /** A tensor that must not be left out. */
  needed(index: number, where: string): TfliteTensor {
    if (index < 0) throw this.damaged(where, "a tensor", "none");
    return this.tensor(index);
  }

  /** A constant's bytes, a copy. */
  data({ index }: TfliteTensor): ArrayBuffer {
    return this.flat.data(this.bufferOf(index), BUFFER.data).buffer as ArrayBuffer;
  }

  damaged(where: string, expected: string, found: number | string): QurioError {
    return new QurioError("TFLITE", `${this.name} is damaged: ${where}: ${expected} expected, ${found} found`, "Fetch the file again.");
  }

  unsupported(where: string, expected: string, found: number | string): QurioError {
    return new QurioError(
      "TFLITE_UNSUPPORTED",
      `${this.name}: ${where}: ${expected} expected, ${found} found`,
      "Only chains of fully connected layers can be read, int8 or float32, with ReLU or nothing behind each.",
    );
  }

  private nameOf(operator: number, i: number): string {
    const index = this.flat.i32(operator, OPERATOR.opcodeIndex);
    const code = this.codes[index];
    if (code === undefined) throw this.damaged(`operator ${i}, code`, `0 to ${this.codes.length - 1}`, index);
    // old files have the code in a byte, new ones beyond 127 in another field; the larger is meant
    const builtin = Math.max(this.flat.u8(code, OPERATOR_CODE.deprecatedBuiltinCode), this.flat.i32(code, OPERATOR_CODE.builtinCode));
    return builtin === CUSTOM ? `custom ${JSON.stringify(this.flat.text(code, OPERATOR_CODE.customCode, 40))}` : operatorName(builtin);
  }

  private indices(table: number, id: number, where: string): number[] {
    const list = this.flat.integers(table, id, 4);
    const wrong = list.find((n) => !(n in this.tensors) && n !== -1);
    if (wrong !== undefined) throw this.damaged(where, `tensors 0 to ${this.tensors.length - 1}`, wrong);
    return list;
  }

  private bufferOf(tensor: number): number {
    const buffer = this.flat.i32(this.tensors[tensor]!, TENSOR.buffer);
    if (!(buffer in this.buffers)) throw this.damaged(`tensor ${tensor}, buffer`, `0 to ${this.buffers.length - 1}`, buffer);
    return this.buffers[buffer]!;
  }
}

/** What `work` returns; reading outside the file becomes an error that names it. Errors: TFLITE. */
export function withinBounds<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof OutOfBounds)) throw error;
    throw new QurioError("TFLITE", `${name} is damaged: ${error.message}`, "Fetch the file again.");
  }
}
