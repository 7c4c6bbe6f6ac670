// What the weights of a packed model cost, layer by layer.

import type { PackedModel } from "./model_file.ts";
import { formulation, layoutFor, weightTypeById } from "./pack.ts";

export interface LayerSize {
  network: string;
  /** "linear 969->128", "linear 969->128, norm, relu" … */
  layer: string;
  type: string;
  /** How the scalar and the SIMD build multiply. */
  kernel: string;
  simdKernel: string;
  weights: number;
  /** Packed codes in the layout of the file, row sums and padding included. */
  payloadBytes: number;
  /** What of it is row sums and padding. */
  paddingBytes: number;
  scaleBytes: number;
  /** Bias, gamma and beta. */
  otherBytes: number;
  /** (payload + scales) * 8 / weights */
  bitsPerWeight: number;
}

/** One row per layer: what its weights cost. */
export function layerSizes(model: PackedModel): LayerSize[] {
  const networks = model.router ? [model.router, ...model.experts] : model.experts;
  return networks.flatMap((network) =>
    network.layers.map((layer) => {
      const { rows, columns, weightType } = layer;
      const type = weightTypeById(weightType);
      const weights = rows * columns;
      const scaleBytes = 4 * layer.scale.length;
      return {
        network: network.name,
        layer: `linear ${columns}->${rows}${layer.norm ? ", norm" : ""}${layer.relu ? ", relu" : ""}`,
        type: type.name,
        kernel: formulation(layoutFor(weightType, "scalar", rows, columns)),
        simdKernel: formulation(layoutFor(weightType, "simd", rows, columns)),
        weights,
        payloadBytes: layer.weights.length,
        paddingBytes: layer.weights.length - Math.ceil((type.bits * weights) / 8),
        scaleBytes,
        otherBytes: 4 * layer.rows * (1 + (layer.gamma ? 1 : 0) + (layer.beta ? 1 : 0)),
        bitsPerWeight: (8 * (layer.weights.length + scaleBytes)) / weights,
      };
    }),
  );
}
