// Whether a graph is sound: every op reads what is there and fits, every number is one. What is wrong is named.

import { QurioError } from "../../host/errors.ts";
import type { WeightType } from "../../host/model-file/weight_types.ts";
import { type Graph, type LinearOp, type Op, sizeOf, type Tensor, type TensorId } from "./graph.ts";

/**
 * Returns the graph if it is sound.
 * @throws QurioError GRAPH: the first thing that is wrong, with the op or tensor, what was expected and what was found
 */
export function checkGraph(graph: Graph): Graph {
  new Check(graph).run();
  return graph;
}

class Check {
  private readonly graph: Graph;
  /** Written so far: the input, then the output of each op. */
  private readonly written: Set<TensorId>;

  constructor(graph: Graph) {
    this.graph = graph;
    this.written = new Set([graph.input]);
  }

  run(): void {
    const { tensors, ops, input, output } = this.graph;
    tensors.forEach((tensor, id) => {
      this.tensor(tensor, id);
    });
    this.computed("input", input);
    if (ops.length === 0) this.refuse("ops", "at least 1", 0);
    ops.forEach((op, i) => {
      const where = `op ${i} (${op.kind})`;
      this.computed(`${where}, input`, op.input);
      if (!this.written.has(op.input)) this.refuse(`${where}, input`, "a tensor written before it", `tensor ${op.input}`);
      this.computed(`${where}, output`, op.output);
      if (this.written.has(op.output)) this.refuse(`${where}, output`, "a tensor that nothing wrote", `tensor ${op.output}`);
      this.op(where, op);
      this.written.add(op.output);
    });
    this.computed("output", output);
    if (!this.written.has(output)) this.refuse("output", "a tensor that an op writes", `tensor ${output}`);
  }

  private tensor({ name, shape, data, quantization }: Tensor, id: TensorId): void {
    const where = `tensor ${id} (${name})`;
    if (!shape.every((n) => Number.isInteger(n) && n >= 1)) this.refuse(`${where}, shape`, "whole numbers above 0", `[${shape}]`);
    if (quantization) {
      const { scale, zeroPoint } = quantization;
      if (scale.length !== 1 && scale.length !== shape[0]) this.refuse(`${where}, scales`, `1 or ${shape[0]}`, scale.length);
      const wrong = scale.find((value) => !(value > 0 && Number.isFinite(value)));
      if (wrong !== undefined) this.refuse(`${where}, scale`, "a finite number above 0", wrong);
      if (!Number.isInteger(zeroPoint)) this.refuse(`${where}, zero point`, "a whole number", zeroPoint);
    }
    if (data === null) return;
    if (data.length !== sizeOf({ shape })) this.refuse(`${where}, values`, `${sizeOf({ shape })}`, data.length);
    const isFloat = data instanceof Float32Array;
    if (isFloat === (quantization !== null)) this.refuse(where, "floats, or codes with their scale", isFloat ? "both" : "codes alone");
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) this.refuse(`${where}, value ${at}`, "a finite number", data[at]!);
  }

  private op(where: string, op: Op): void {
    const width = sizeOf(this.graph.tensors[op.input]!);
    let rows = width;
    if (op.kind === "linear") rows = this.linear(where, op, width);
    if (op.kind === "norm")
      for (const [what, id] of [["gamma", op.gamma] as const, ["beta", op.beta] as const]) this.constant(`${where}, ${what}`, id, [width]);
    if (op.kind === "dropout" && !(op.rate > 0 && op.rate < 1)) this.refuse(`${where}, rate`, "above 0 and below 1", op.rate);
    const output = sizeOf(this.graph.tensors[op.output]!);
    if (output !== rows) this.refuse(`${where}, values of its output`, `${rows}`, output);
  }

  /** Returns its rows. */
  private linear(where: string, { weight, bias, weightType }: LinearOp, width: number): number {
    const { shape } = this.constant(`${where}, weight`, weight, null);
    const [rows, columns] = shape;
    if (shape.length !== 2) this.refuse(`${where}, weight`, "[rows, columns]", `[${shape}]`);
    if (columns !== width) this.refuse(`${where}, columns of its weight`, `${width}, the values of its input,`, columns!);
    this.codes(where, this.graph.tensors[weight]!, weightType);
    if (bias !== null) this.constant(`${where}, bias`, bias, [rows!]);
    return rows!;
  }

  /** Codes of weights lie around 0 and within their type. */
  private codes(where: string, { data, quantization }: Tensor, weightType: WeightType): void {
    if (quantization === null) return;
    const bits = Number(weightType);
    if (!(bits >= 2 && bits <= 16)) this.refuse(`${where}, type of weights that are codes`, "2 to 16 bits", weightType);
    if (quantization.zeroPoint !== 0) this.refuse(`${where}, zero point of weights`, "0", quantization.zeroPoint);
    const top = 2 ** (bits - 1) - 1;
    const least = bits === 2 ? -1 : -1 - top;
    const wrong = data!.find((code) => code < least || code > top);
    if (wrong !== undefined) this.refuse(`${where}, ${bits}-bit codes of weights`, `${least} to ${top}`, wrong);
  }

  /** A tensor with data; of that shape, if one is given. */
  private constant(where: string, id: TensorId, shape: number[] | null): Tensor {
    const tensor = this.existing(where, id);
    if (tensor.data === null) this.refuse(where, "a tensor with values", `tensor ${id}, which is computed`);
    if (shape && `${tensor.shape}` !== `${shape}`) this.refuse(`${where}, shape`, `[${shape}]`, `[${tensor.shape}]`);
    return tensor;
  }

  private computed(where: string, id: TensorId): void {
    if (this.existing(where, id).data !== null) this.refuse(where, "a tensor that is computed", `tensor ${id}, which has values`);
  }

  private existing(where: string, id: TensorId): Tensor {
    return this.graph.tensors[id] ?? this.refuse(where, `tensor 0 to ${this.graph.tensors.length - 1}`, id);
  }

  private refuse(where: string, expected: string, found: number | string): never {
    throw new QurioError(
      "GRAPH",
      `network ${this.graph.name}: ${where}: ${expected} expected, ${found} found`,
      "The network is not sound: export it again from where it was trained.",
    );
  }
}
