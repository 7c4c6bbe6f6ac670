// What the weights of a packed model cost, op by op.

import type { PackedModel } from "./model_file.ts";
import { opKind } from "./network.ts";
import type { OpSize } from "./ops/op.ts";

export interface LayerSize extends OpSize {
  network: string;
}

/** One row per op that has weights. */
export function layerSizes(model: PackedModel): LayerSize[] {
  const networks = model.router ? [model.router, ...model.experts] : model.experts;
  return networks.flatMap(({ name, ops }) =>
    ops.flatMap((op) => {
      const size = opKind(op).size(op);
      return size ? [{ network: name, ...size }] : [];
    }),
  );
}

/** Packed weights and scales of all networks. */
export function weightBytesOf(model: PackedModel): number {
  return layerSizes(model).reduce((sum, { payloadBytes, scaleBytes }) => sum + payloadBytes + scaleBytes, 0);
}
