// TensorFlow Lite files of fully connected networks, one layer behind the other, as graphs.
//
// An operator is read by a row of OPERATORS: `problem` says why one of this kind cannot be packed, so that a file is refused with all its
// reasons at once; `add` puts it behind the chain. Quantization is kept: weights and biases as their codes, and the grids of tensors
// between layers, for whoever wants to compute what TensorFlow Lite does (tflite_reference.ts).

import { createHash } from "node:crypto";
import { MAX_OPS } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import { Chain } from "../graph/chain.ts";
import { checkGraph } from "../graph/check.ts";
import { type Graph, sizeOf } from "../graph/graph.ts";
import { TfliteFile, type TfliteStep, withinBounds } from "./tflite_file.ts";
import { addLinear, linearProblem } from "./tflite_linear.ts";
import { FLOAT16, FLOAT32, gridOf, INT8, passingProblem, typesProblem } from "./tflite_tensors.ts";

const SOFTMAX_OPTIONS = { type: 9, beta: 0 };

/** More than any chain of layers has; a hostile file shall not make this reader read one table without end. */
const MOST_OPERATORS = 64;
/** In a message: places of operators of one kind, and kinds. */
const MOST_PLACES = 8;
const MOST_KINDS = 32;

/** Where an operator stands: before the first FULLY_CONNECTED, behind the last one, or between. */
type Place = "before" | "between" | "behind";

interface OperatorReader {
  inputs: [least: number, most: number];
  /** Why this operator cannot be packed, in the words that follow its name; null if it can. */
  problem(step: TfliteStep, place: Place, file: TfliteFile): string | null;
  add(step: TfliteStep, chain: Chain, file: TfliteFile): void;
}

const OPERATORS: Record<string, OperatorReader> = {
  FULLY_CONNECTED: {
    inputs: [2, 3],
    problem: (step, _, file) => linearProblem(file, step),
    add: (step, chain, file) => addLinear(file, step, chain),
  },
  RELU: {
    inputs: [1, 1],
    problem: (step, place) => (place === "before" ? "before the first layer" : passingProblem(step)),
    add: ({ output }, chain, file) => chain.relu(gridOf(file, output, "RELU, output")),
  },
  // the chain is one vector at a time, whatever its shape
  RESHAPE: { inputs: [1, 2], problem: passingProblem, add: () => {} },
  // to codes before the first layer and back to numbers behind the last: the grid of the layer's own tensor says the same
  QUANTIZE: {
    inputs: [1, 1],
    problem: (step, place) => typesProblem(step, FLOAT32, INT8) ?? (place === "before" ? null : "behind the first layer"),
    add: () => {},
  },
  DEQUANTIZE: {
    inputs: [1, 1],
    problem: (step, place) => {
      if (step.input.type === FLOAT16) return "of float16 constants";
      return typesProblem(step, INT8, FLOAT32) ?? (place === "behind" ? null : "before the last layer");
    },
    add: () => {},
  },
  SOFTMAX: {
    inputs: [1, 1],
    problem: (step, place, file) => {
      const { options, optionsType } = step.operator;
      const beta = options !== 0 && optionsType === SOFTMAX_OPTIONS.type ? file.flat.f32(options, SOFTMAX_OPTIONS.beta) : 1;
      if (beta !== 1) return `with beta ${beta}`;
      const values = step.input.shape.at(-1);
      if (values !== sizeOf(step.input)) return `over ${values} of ${sizeOf(step.input)} values`;
      const type = step.input.type === INT8 ? INT8 : FLOAT32;
      return typesProblem(step, type, type) ?? (place === "behind" ? null : "before the last layer");
    },
    add: (_, chain) => chain.softmax(),
  },
};

/**
 * @param bytes of the file
 * @param name of the file, for messages and as the graph's name
 * @throws QurioError TFLITE for a damaged file; UNSUPPORTED_OP with every operator that cannot be packed, TFLITE_UNSUPPORTED for another
 * reason why a sound file cannot be read
 */
export function readTflite(bytes: Uint8Array, name: string): Graph {
  return withinBounds(name, () => {
    const file = new TfliteFile(bytes, name);
    refuseUnsupported(file);
    return checkGraph(graphOf(file, createHash("sha256").update(bytes).digest("hex")));
  });
}

/** One message for all operators that cannot be packed, of all graphs in the file. */
function refuseUnsupported(file: TfliteFile): void {
  const [first, ...others] = file.operatorNames as [string[], ...string[][]];
  const problemOf = first.length > MOST_OPERATORS ? unknown : (name: string, i: number) => problemAt(file, name, i);
  const problems = [...first.map(problemOf), ...others.flatMap((names) => names.map(unknown))];
  const places = new Map<string, number[]>();
  for (const [i, problem] of problems.entries()) {
    if (problem === null) continue;
    const list = places.get(problem) ?? [];
    places.set(problem, list);
    list.push(i);
  }
  if (places.size === 0) return;
  const count = problems.filter((problem) => problem !== null).length;
  const listed = (list: number[]) => `${list.slice(0, MOST_PLACES).join(", ")}${list.length > MOST_PLACES ? ", …" : ""}`;
  const kinds = [...places].slice(0, MOST_KINDS).map(([what, list]) => `${what} (${listed(list)})`);
  if (places.size > kinds.length) kinds.push(`and ${places.size - kinds.length} other kinds`);
  throw new QurioError(
    "UNSUPPORTED_OP",
    `${file.name}: ${count} of ${problems.length} operators cannot be packed: ${kinds.join(", ")}`,
    "Fully connected layers can: FULLY_CONNECTED with ReLU or nothing behind it, float32 or int8, and SOFTMAX at the end.",
  );
}

function unknown(name: string): string | null {
  return name in OPERATORS ? null : name;
}

/** Name and problem of an operator that cannot be packed. */
function problemAt(file: TfliteFile, name: string, index: number): string | null {
  const reader = OPERATORS[name];
  if (!reader) return name;
  const names = file.operatorNames[0]!;
  const isBefore = index < names.indexOf("FULLY_CONNECTED");
  const isBehind = index > names.lastIndexOf("FULLY_CONNECTED");
  const problem = reader.problem(file.step(index, reader.inputs), isBefore ? "before" : isBehind ? "behind" : "between", file);
  return problem === null ? null : `${name} ${problem}`;
}

function graphOf(file: TfliteFile, sha256: string): Graph {
  if (file.operatorNames.length !== 1) throw file.unsupported("subgraphs", "1", file.operatorNames.length);
  const names = file.operatorNames[0]!;
  if (names.length === 0 || names.length > MOST_OPERATORS) throw file.unsupported("operators", `1 to ${MOST_OPERATORS}`, names.length);
  const layers = names.filter((name) => name === "FULLY_CONNECTED").length;
  if (layers === 0 || layers > MAX_OPS) throw file.unsupported("FULLY_CONNECTED operators", `1 to ${MAX_OPS}`, layers);
  const steps = names.map((name, i) => file.step(i, OPERATORS[name]!.inputs));
  const first = steps[names.indexOf("FULLY_CONNECTED")]!.input;
  const chain = new Chain(file.name, sizeOf(first), gridOf(file, first, "the first layer's input"));
  let at = file.one(file.inputs, "inputs").index;
  for (const [i, step] of steps.entries()) {
    const { input, output } = step;
    if (input.index !== at)
      throw file.unsupported(`operator ${i}`, `tensor ${at}, which comes before it, as its input`, `tensor ${input.index}`);
    if (input.isDynamic) throw file.unsupported(`operator ${i}, input`, "sizes that the file states", "sizes known at run time only");
    if (names[i] !== "FULLY_CONNECTED" && sizeOf(input) !== sizeOf(output))
      throw file.damaged(`operator ${i}, values of its output`, `${sizeOf(input)}`, sizeOf(output));
    OPERATORS[names[i]!]!.add(step, chain, file);
    at = output.index;
  }
  const output = file.one(file.outputs, "outputs");
  if (output.index !== at) throw file.unsupported("output", `tensor ${at} of the last operator`, `tensor ${output.index}`);
  return chain.graph({ format: "TensorFlow Lite", name: file.name, sha256 });
}
