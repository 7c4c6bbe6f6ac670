// A checkpoint's network as a graph. docs/reference/checkpoint.md, "What a network computes", is the same in formulas.

import { Chain } from "../graph/chain.ts";
import type { Graph } from "../graph/graph.ts";
import { layerWeightType, type Network } from "./checkpoint_types.ts";

/**
 * Weights as floats, with the type that each layer is to be packed in; the last one has 8 bits at least.
 * @param perTensor one scale for each matrix instead of one a row
 */
export function networkGraph({ spec, layers }: Network, perTensor = false): Graph {
  const chain = new Chain(spec.name, spec.inputs);
  for (const [i, { rows, columns, weight, bias, gamma, beta }] of layers.entries()) {
    const vector = (data: Float32Array) => ({ shape: [rows], data });
    chain.linear({ shape: [rows, columns], data: weight }, vector(bias), { weightType: layerWeightType(spec, i), perTensor });
    if (i === layers.length - 1) break;
    if (gamma && beta) chain.norm(vector(gamma), vector(beta));
    chain.relu();
    if (spec.dropout > 0) chain.dropout(spec.dropout);
  }
  return chain.graph(null);
}
