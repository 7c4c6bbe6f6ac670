// Puts a graph together op by op, each reading what the one before it wrote.

import type { Graph, LinearOp, Op, Origin, Quantization, Tensor, TensorId } from "./graph.ts";

/** A constant: floats, or codes with their grid. */
export interface Constant {
  shape: readonly number[];
  data: NonNullable<Tensor["data"]>;
  quantization?: Quantization;
}

export class Chain {
  private readonly tensors: Tensor[] = [];
  private readonly ops: Op[] = [];
  private readonly name: string;
  private at: TensorId;
  private layers = 0;

  /** @param grid that the network's origin rounds its input to, if it does */
  constructor(name: string, inputs: number, grid: Quantization | null = null) {
    this.name = name;
    this.at = this.computed("input", inputs, grid);
  }

  linear(
    weight: Constant,
    bias: Constant | null,
    packing: Pick<LinearOp, "weightType" | "perTensor">,
    grid: Quantization | null = null,
  ): void {
    const i = this.layers++;
    const weightId = this.constant(`${i}.weight`, weight);
    const biasId = bias && this.constant(`${i}.bias`, bias);
    this.step(weight.shape[0]!, grid, { kind: "linear", weight: weightId, bias: biasId, ...packing });
  }

  norm(gamma: Constant, beta: Constant): void {
    const i = this.layers - 1;
    this.step(this.width, null, { kind: "norm", gamma: this.constant(`${i}.gamma`, gamma), beta: this.constant(`${i}.beta`, beta) });
  }

  relu(grid: Quantization | null = null): void {
    this.step(this.width, grid, { kind: "relu" });
  }

  dropout(rate: number): void {
    this.step(this.width, null, { kind: "dropout", rate });
  }

  softmax(): void {
    this.step(this.width, null, { kind: "softmax" });
  }

  graph(origin: Origin | null): Graph {
    return { name: this.name, tensors: this.tensors, ops: this.ops, input: 0, output: this.at, origin };
  }

  private get width(): number {
    return this.tensors[this.at]!.shape[0]!;
  }

  private step(width: number, grid: Quantization | null, op: Computation): void {
    const output = this.computed(`${this.ops.length}.${op.kind}`, width, grid);
    this.ops.push({ ...op, input: this.at, output });
    this.at = output;
  }

  private computed(name: string, width: number, quantization: Quantization | null): TensorId {
    return this.tensors.push({ name, shape: [width], data: null, quantization }) - 1;
  }

  private constant(name: string, { shape, data, quantization }: Constant): TensorId {
    return this.tensors.push({ name, shape, data, quantization: quantization ?? null }) - 1;
  }
}

/** An op before its input and output are known. */
type Computation = { [K in Op["kind"]]: Omit<Extract<Op, { kind: K }>, "input" | "output"> }[Op["kind"]];
