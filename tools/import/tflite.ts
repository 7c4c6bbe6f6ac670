// TensorFlow Lite files of fully connected networks, one layer behind the other, as graphs.
//
// An operator is read by a row of OPERATORS: `problem` says why one of this kind cannot be packed, so that a file is refused with all its
// reasons at once; `add` puts it behind the chain. Quantization is kept: weights and biases as their codes, and the grids of tensors
// between layers, for whoever wants to compute what TensorFlow Lite does (tflite_reference.ts).

import { createHash } from "node:crypto";
import { MAX_OPS, MAX_WEIGHTS, MAX_WIDTH } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import { Chain, type Constant } from "../graph/chain.ts";
import { checkGraph } from "../graph/check.ts";
import { type Graph, type Quantization, sizeOf } from "../graph/graph.ts";
import { TfliteFile, type TfliteOperator, type TfliteTensor, withinBounds } from "./tflite_file.ts";
import { activationName, typeName } from "./tflite_names.ts";

const FLOAT32 = 0;
const FLOAT16 = 1;
const INT32 = 2;
const INT8 = 9;

const FULLY_CONNECTED = { optionsType: 8, activation: 0, weightsFormat: 1 };
const SOFTMAX = { optionsType: 9, beta: 0 };
const NONE = 0;
const RELU = 1;

/** Types of input, weights and output: float, int8, and int8 weights between float activations. */
const LINEAR_TYPES = [
  [FLOAT32, FLOAT32, FLOAT32],
  [INT8, INT8, INT8],
  [FLOAT32, INT8, FLOAT32],
];

/** More than any chain of layers has; a hostile file shall not make this reader read one table without end. */
const MOST_OPERATORS = 64;
/** In a message: places of operators of one kind, and kinds. */
const MOST_PLACES = 8;
const MOST_KINDS = 32;

/**
 * @param file the bytes
 * @param name of the file, for messages and as the graph's name
 * @throws QurioError TFLITE for a damaged file; UNSUPPORTED_OP with every operator that cannot be packed, TFLITE_UNSUPPORTED for another
 * reason why a sound file cannot be read
 */
export function readTflite(file: Uint8Array, name: string): Graph {
  return withinBounds(name, () => {
    const reader = new Reader(new TfliteFile(file, name));
    reader.refuseUnsupported();
    return checkGraph(reader.graph(createHash("sha256").update(file).digest("hex")));
  });
}

/** An operator and the tensors that it reads and writes first. */
interface Step {
  operator: TfliteOperator;
  input: TfliteTensor;
  output: TfliteTensor;
}

interface OperatorReader {
  inputs: [least: number, most: number];
  /** Why this operator cannot be packed, in the words that follow its name; null if it can. */
  problem(step: Step, reader: Reader): string | null;
  add(step: Step, chain: Chain, reader: Reader): void;
}

const OPERATORS: Record<string, OperatorReader> = {
  FULLY_CONNECTED: {
    inputs: [2, 3],
    problem: (step, reader) => reader.linearProblem(step),
    add: (step, chain, reader) => reader.addLinear(step, chain),
  },
  RELU: {
    inputs: [1, 1],
    problem: ({ operator, input, output }, reader) => {
      if (operator.index < reader.firstLinear) return "before the first layer";
      return typesProblem([input, output]) ?? (sameGrid(input, output) ? null : "that changes the scale");
    },
    add: ({ output }, chain, reader) => chain.relu(reader.grid(output, "RELU")),
  },
  // the chain is one vector at a time, whatever its shape
  RESHAPE: {
    inputs: [1, 2],
    problem: ({ input, output }) => typesProblem([input, output]) ?? (sameGrid(input, output) ? null : "that changes the scale"),
    add: () => {},
  },
  // to codes before the first layer and back to numbers behind the last: the grid of the layer's own tensor says the same
  QUANTIZE: {
    inputs: [1, 1],
    problem: ({ operator, input, output }, reader) => {
      if (input.type !== FLOAT32 || output.type !== INT8) return `of ${typeName(input.type)} to ${typeName(output.type)}`;
      return operator.index < reader.firstLinear ? null : "behind the first layer";
    },
    add: () => {},
  },
  DEQUANTIZE: {
    inputs: [1, 1],
    problem: ({ operator, input, output }, reader) => {
      if (input.type === FLOAT16) return "of float16 constants";
      if (input.type !== INT8 || output.type !== FLOAT32) return `of ${typeName(input.type)} to ${typeName(output.type)}`;
      return operator.index > reader.lastLinear ? null : "before the last layer";
    },
    add: () => {},
  },
  SOFTMAX: {
    inputs: [1, 1],
    problem: ({ operator, input, output }, reader) => {
      const { flat } = reader.file;
      const hasOptions = operator.options !== 0 && operator.optionsType === SOFTMAX.optionsType;
      const beta = hasOptions ? flat.f32(operator.options, SOFTMAX.beta) : 1;
      if (beta !== 1) return `with beta ${beta}`;
      return typesProblem([input, output]) ?? (operator.index > reader.lastLinear ? null : "before the last layer");
    },
    add: (_, chain) => chain.softmax(),
  },
};

class Reader {
  readonly file: TfliteFile;
  /** Places of FULLY_CONNECTED; Infinity and -1 without any. */
  readonly firstLinear: number;
  readonly lastLinear: number;
  private readonly names: string[];

  constructor(file: TfliteFile) {
    this.file = file;
    this.names = file.operatorNames[0]!;
    const first = this.names.indexOf("FULLY_CONNECTED");
    this.firstLinear = first < 0 ? Number.POSITIVE_INFINITY : first;
    this.lastLinear = this.names.lastIndexOf("FULLY_CONNECTED");
  }

  /** One message for all operators that cannot be packed, of all graphs in the file. */
  refuseUnsupported(): void {
    const { file } = this;
    const all = file.operatorNames.flat();
    const groups = new Map<string, number[]>();
    const add = (what: string, at: number) => groups.set(what, [...(groups.get(what)?.slice(0, MOST_PLACES) ?? []), at]);
    let count = 0;
    for (const [i, name] of all.entries()) {
      const known = OPERATORS[name];
      const isRead = known && i < this.names.length && this.names.length <= MOST_OPERATORS;
      const problem = known ? isRead && known.problem(this.step(i, known), this) : "";
      if (problem === null || problem === false) continue;
      add(problem ? `${name} ${problem}` : name, i);
      count++;
    }
    if (count === 0) return;
    const places = (list: number[]) => (list.length > MOST_PLACES ? `${list.slice(0, MOST_PLACES).join(", ")}, …` : list.join(", "));
    const named = [...groups].slice(0, MOST_KINDS).map(([what, list]) => `${what} (${places(list)})`);
    if (groups.size > named.length) named.push(`and ${groups.size - named.length} other kinds`);
    throw new QurioError(
      "UNSUPPORTED_OP",
      `${file.name}: ${count} of ${all.length} operators cannot be packed: ${named.join(", ")}`,
      "Fully connected layers can: FULLY_CONNECTED with ReLU or nothing behind it, float32 or int8, and SOFTMAX at the end.",
    );
  }

  graph(sha256: string): Graph {
    const { file } = this;
    if (file.operatorNames.length !== 1) throw file.unsupported("subgraphs", "1", file.operatorNames.length);
    const count = this.names.length;
    if (count === 0 || count > MOST_OPERATORS) throw file.unsupported("operators", `1 to ${MOST_OPERATORS}`, count);
    const layers = this.names.filter((name) => name === "FULLY_CONNECTED").length;
    if (layers === 0 || layers > MAX_OPS) throw file.unsupported("FULLY_CONNECTED operators", `1 to ${MAX_OPS}`, layers);
    let at = this.one(file.inputs, "inputs");
    const first = this.step(this.firstLinear, OPERATORS["FULLY_CONNECTED"]!).input;
    const chain = new Chain(file.name, sizeOf(first), this.grid(first, "the first layer's input"));
    for (const [i, name] of this.names.entries()) {
      const known = OPERATORS[name]!;
      const step = this.step(i, known);
      if (step.input.index !== at)
        throw file.unsupported(`operator ${i}`, `tensor ${at}, which comes before it, as its input`, `tensor ${step.input.index}`);
      this.refuseDynamic(step.input, `operator ${i}, input`);
      known.add(step, chain, this);
      at = step.output.index;
    }
    const output = this.one(file.outputs, "outputs");
    if (output !== at) throw file.unsupported("output", `tensor ${at} of the last operator`, `tensor ${output}`);
    return chain.graph({ format: "TensorFlow Lite", name: file.name, sha256 });
  }

  // ---- FULLY_CONNECTED ----

  linearProblem({ operator, input, output }: Step): string | null {
    const { activation, weightsFormat } = this.linearOptions(operator);
    if (activation !== NONE && activation !== RELU) return `with ${activationName(activation)} behind it`;
    if (weightsFormat !== 0) return `with weights in format ${weightsFormat}`;
    const weights = this.weights(operator);
    if (weights.isSparse) return "with sparse weights";
    if (weights.bytes === 0) return "with weights that are computed";
    const types = [input.type, weights.type, output.type];
    if (LINEAR_TYPES.some((known) => `${known}` === `${types}`)) return null;
    return `of ${typeName(weights.type)} weights from ${typeName(input.type)} to ${typeName(output.type)}`;
  }

  addLinear({ operator, input, output }: Step, chain: Chain): void {
    const { file } = this;
    const where = `operator ${operator.index}`;
    const weights = this.weights(operator);
    if (weights.shape.length !== 2) throw file.unsupported(`${where}, dimensions of weights`, "2", weights.shape.length);
    const [rows, columns] = weights.shape as [number, number];
    if (![rows, columns].every((n) => n >= 1 && n <= MAX_WIDTH) || rows * columns > MAX_WEIGHTS)
      throw file.unsupported(`${where}, weights`, `at most ${MAX_WIDTH} x ${MAX_WIDTH} and ${MAX_WEIGHTS} in all`, `${rows} x ${columns}`);
    for (const [tensor, what, width] of [[input, "input", columns] as const, [output, "output", rows] as const])
      if (sizeOf(tensor) !== width) throw file.unsupported(`${where}, values of its ${what}`, `${width} (a batch of one)`, sizeOf(tensor));
    const weight = this.constant(weights, [rows, columns], `${where}, weights`);
    if (weight.quantization) this.refuseZeroPoints(weights, rows, where);
    const grid = this.grid(output, `${where}, output`);
    const hasRelu = this.linearOptions(operator).activation === RELU;
    const packing = { weightType: weight.quantization ? ("8" as const) : ("float32" as const), perTensor: false };
    chain.linear(weight, this.bias(operator, input, weight, where), packing, hasRelu ? null : grid);
    if (hasRelu) chain.relu(grid);
  }

  private linearOptions({ index, options, optionsType }: TfliteOperator): { activation: number; weightsFormat: number } {
    if (options === 0) return { activation: NONE, weightsFormat: 0 };
    if (optionsType !== FULLY_CONNECTED.optionsType)
      throw this.file.damaged(`operator ${index}, options`, `${FULLY_CONNECTED.optionsType} (FullyConnectedOptions)`, optionsType);
    const { flat } = this.file;
    return { activation: flat.u8(options, FULLY_CONNECTED.activation), weightsFormat: flat.u8(options, FULLY_CONNECTED.weightsFormat) };
  }

  private weights({ index, inputs }: TfliteOperator): TfliteTensor {
    return this.file.tensor(this.needed(inputs[1]!, `operator ${index}, weights`));
  }

  /** Codes of a bias have no scale of their own: TensorFlow Lite's kernels take that of input times weights, in float32. */
  private bias({ inputs }: TfliteOperator, input: TfliteTensor, weight: Constant, where: string): Constant | null {
    const id = inputs[2] ?? -1;
    if (id < 0) return null;
    const [rows] = weight.shape as [number];
    const bias = this.file.tensor(id);
    if (input.type === FLOAT32) return this.constant(bias, [rows], `${where}, bias`, FLOAT32);
    if (bias.type !== INT32) throw this.file.unsupported(`${where}, bias, type`, typeName(INT32), typeName(bias.type));
    const data = new Int32Array(this.bytes(bias, rows, `${where}, bias`));
    const scale = weight.quantization!.scale.map((value) => value * input.scale[0]!);
    return { shape: [rows], data, quantization: { scale: this.goodScales(scale, rows, `${where}, scales of bias`), zeroPoint: 0 } };
  }

  // ---- tensors ----

  /** Of float32 or int8; of `type` alone, if it is given. */
  private constant(tensor: TfliteTensor, shape: number[], where: string, type = tensor.type): Constant {
    const { file } = this;
    if (tensor.type !== type) throw file.unsupported(`${where}, type`, typeName(type), typeName(tensor.type));
    const bytes = this.bytes(tensor, sizeOf({ shape }), where);
    if (type === INT8)
      return {
        shape,
        data: new Int8Array(bytes),
        quantization: { scale: this.goodScales(tensor.scale, shape[0]!, `${where}, scales`), zeroPoint: 0 },
      };
    const data = new Float32Array(bytes);
    if (!data.every(Number.isFinite)) throw file.damaged(where, "finite numbers", "others");
    return { shape, data };
  }

  private bytes(tensor: TfliteTensor, count: number, where: string): ArrayBuffer {
    const size = count * (tensor.type === INT8 ? 1 : 4);
    if (tensor.bytes !== size) throw this.file.damaged(`${where}, bytes`, `${size}`, tensor.bytes);
    return this.file.data(tensor);
  }

  private goodScales(scale: Float32Array, rows: number, where: string): Float32Array {
    if (scale.length !== 1 && scale.length !== rows) throw this.file.unsupported(where, `1 or ${rows}`, scale.length);
    if (!scale.every((n) => n > 0 && Number.isFinite(n))) throw this.file.damaged(where, "finite numbers above 0", "others");
    return scale;
  }

  private refuseZeroPoints({ zeroPoint }: TfliteTensor, rows: number, where: string): void {
    if (zeroPoint.length !== 1 && zeroPoint.length !== rows && zeroPoint.length !== 0)
      throw this.file.damaged(`${where}, zero points of weights`, `1 or ${rows}`, zeroPoint.length);
    if (!zeroPoint.every((n) => n === 0)) throw this.file.unsupported(`${where}, zero points of weights`, "0", "others");
  }

  /** Of what is computed: null for float32. */
  grid({ type, scale, zeroPoint }: TfliteTensor, where: string): Quantization | null {
    const { file } = this;
    if (type !== INT8) return null;
    if (scale.length !== 1 || zeroPoint.length !== 1) throw file.unsupported(`${where}, scales`, "1 with its zero point", scale.length);
    const [zero] = zeroPoint as [number];
    if (!(scale[0]! > 0 && Number.isFinite(scale[0]))) throw file.damaged(`${where}, scale`, "a finite number above 0", scale[0]!);
    if (zero < -128 || zero > 127) throw file.damaged(`${where}, zero point`, "-128 to 127", zero);
    return { scale, zeroPoint: zero };
  }

  private refuseDynamic(tensor: TfliteTensor, where: string): void {
    if (tensor.isDynamic) throw this.file.unsupported(where, "sizes that the file states", "sizes known at run time only");
  }

  private step(index: number, { inputs: [least, most] }: OperatorReader): Step {
    const { file } = this;
    const operator = file.operator(index);
    const { inputs, outputs } = operator;
    if (inputs.length < least || inputs.length > most) {
      const expected = least === most ? `${least} tensor` : `${least} to ${most} tensors`;
      throw file.unsupported(`operator ${index}, inputs`, expected, inputs.length);
    }
    const input = file.tensor(this.needed(inputs[0]!, `operator ${index}, input`));
    return { operator, input, output: file.tensor(this.one(outputs, `operator ${index}, outputs`)) };
  }

  private one(tensors: number[], where: string): number {
    if (tensors.length !== 1) throw this.file.unsupported(where, "1 tensor", tensors.length);
    return this.needed(tensors[0]!, where);
  }

  private needed(tensor: number, where: string): number {
    if (tensor < 0) throw this.file.damaged(where, "a tensor", "none");
    return tensor;
  }
}

function typesProblem(tensors: TfliteTensor[]): string | null {
  const wrong = tensors.find(({ type }) => type !== FLOAT32 && type !== INT8);
  return wrong ? `of ${typeName(wrong.type)}` : null;
}

function sameGrid(a: TfliteTensor, b: TfliteTensor): boolean {
  return a.type === b.type && (a.type !== INT8 || (`${a.scale}` === `${b.scale}` && `${a.zeroPoint}` === `${b.zeroPoint}`));
}
