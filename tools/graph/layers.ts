// A graph as a chain of layers, which is what can be packed today:
//
//   linear [norm] [relu] [dropout], linear [norm] [relu] [dropout], ..., [softmax]

import { QurioError } from "../../host/errors.ts";
import type { WeightType } from "../../host/model-file/weight_types.ts";
import { checkGraph } from "./check.ts";
import { type Graph, type LinearOp, type Op, type Tensor, valuesOf } from "./graph.ts";

/** One linear op and what follows it up to the next. */
export interface GraphLayer {
  op: LinearOp;
  rows: number;
  columns: number;
  /** [rows, columns] */
  weight: Tensor;
  /** [rows] */
  bias: Float32Array;
  /** [rows]; null without norm. */
  gamma: Float32Array | null;
  beta: Float32Array | null;
  relu: boolean;
  /** 0 without dropout. */
  dropout: number;
  input: Tensor;
  /** Behind the layer's last op. */
  output: Tensor;
}

/** Ops of a layer in the order that the device runs them. */
const ORDER: readonly Op["kind"][] = ["linear", "norm", "relu", "dropout", "softmax"];

/** @throws QurioError GRAPH for a graph that is not sound, UNSUPPORTED_OP for one that is no chain of layers */
export function layersOf(graph: Graph): GraphLayer[] {
  const { ops, output } = checkGraph(graph);
  const groups: Op[][] = [];
  for (const [i, op] of ops.entries()) {
    const previous = ops[i - 1];
    if (op.input !== (previous?.output ?? graph.input)) refuse(graph, i, "the output of the op before it as its input");
    if (op.kind === "linear" && previous?.kind !== "softmax") groups.push([op]);
    else if (previous && ORDER.indexOf(op.kind) > ORDER.indexOf(previous.kind)) groups.at(-1)!.push(op);
    else refuse(graph, i, `a linear op between ${previous?.kind ?? "the input"} and it`);
  }
  if (ops.at(-1)!.output !== output) refuse(graph, ops.length - 1, "the network's output as its output");
  const early = ops.findIndex(({ kind }, i) => kind === "softmax" && i < ops.length - 1);
  if (early >= 0) refuse(graph, early, "softmax at the end only");
  return groups.map((group) => layerOf(graph, group));
}

/** Whether the outputs are probabilities of classes, rather than logits or values of another kind. */
export function endsInSoftmax({ ops }: Graph): boolean {
  return ops.at(-1)?.kind === "softmax";
}

/** Of the first layer, and so of all hidden ones: the last may have more bits. */
export function weightTypeOf({ ops }: Graph): WeightType | undefined {
  return ops.find((op) => op.kind === "linear")?.weightType;
}

function layerOf({ tensors }: Graph, group: Op[]): GraphLayer {
  const find = <K extends Op["kind"]>(kind: K) => group.find((op): op is Extract<Op, { kind: K }> => op.kind === kind);
  const op = find("linear")!;
  const norm = find("norm");
  const floats = (id: number) => Float32Array.from(valuesOf(tensors[id]!));
  const weight = tensors[op.weight]!;
  const [rows, columns] = weight.shape as [number, number];
  return {
    op,
    rows,
    columns,
    weight,
    bias: op.bias === null ? new Float32Array(rows) : floats(op.bias),
    gamma: norm ? floats(norm.gamma) : null,
    beta: norm ? floats(norm.beta) : null,
    relu: find("relu") !== undefined,
    dropout: find("dropout")?.rate ?? 0,
    input: tensors[op.input]!,
    output: tensors[group.filter(({ kind }) => kind !== "softmax").at(-1)!.output]!,
  };
}

function refuse({ name, ops }: Graph, i: number, expected: string): never {
  throw new QurioError(
    "UNSUPPORTED_OP",
    `network ${name}: op ${i} (${ops[i]!.kind}): ${expected} expected`,
    "Networks that can be packed are fully connected layers, one behind the other: linear, norm, ReLU, dropout; softmax at the end.",
  );
}
