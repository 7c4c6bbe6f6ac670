// The op `linear` as values and as bytes: y = W x + b on packed weights, LayerNorm, ReLU. Its fields are in assembly/format/linear.ts.

import { formulation, isPacked, scalarLayout } from "../../../assembly/format/layouts.ts";
import * as L from "../../../assembly/format/linear.ts";
import { layoutFor, packWeights, unpackWeights } from "../pack.ts";
import { floatsAt } from "../tensors.ts";
import { weightTypeById } from "../weight_types.ts";
import type { OpFields, OpKind } from "./op.ts";

export interface PackedLinear extends OpFields {
  kind: "linear";
  /** WEIGHT_* */
  weightType: number;
  /** LAYOUT_* */
  layout: number;
  columns: number;
  rows: number;
  norm: boolean;
  relu: boolean;
  /** Packed as `layout` says. */
  weights: Uint8Array;
  /** f32 [rows], or [1] for the whole matrix */
  scale: Float32Array;
  /** f32 [rows] each */
  bias: Float32Array;
  gamma: Float32Array | null;
  beta: Float32Array | null;
}

export const LINEAR: OpKind<PackedLinear> = {
  id: L.OP_LINEAR,
  inputs: ({ columns }) => columns,
  outputs: ({ rows }) => rows,
  inputBytes: ({ layout, columns }) => L.linearInputBytes(layout, columns),
  outputBytes: ({ layout, rows }) => L.linearOutputBytes(layout, rows),
  scratchBytes: ({ layout, rows, columns }) => L.linearScratchBytes(layout, rows, columns),
  macs: ({ rows, columns }) => L.linearMacs(rows, columns),

  encode(op, tensors) {
    const perTensor = op.scale.length < op.rows ? L.LINEAR_SCALE_PER_TENSOR : 0;
    return [
      [L.LINEAR_WEIGHT_TYPE, op.weightType],
      [L.LINEAR_LAYOUT, op.layout],
      [L.LINEAR_FLAGS, (op.norm ? L.LINEAR_NORM : 0) | (op.relu ? L.LINEAR_RELU : 0) | perTensor],
      [L.LINEAR_WEIGHTS_OFFSET, tensors.add(op.weights)],
      [L.LINEAR_WEIGHTS_BYTES, op.weights.length],
      [L.LINEAR_SCALE_OFFSET, tensors.add(op.scale)],
      [L.LINEAR_BIAS_OFFSET, tensors.add(op.bias)],
      [L.LINEAR_GAMMA_OFFSET, op.gamma ? tensors.add(op.gamma) : 0],
      [L.LINEAR_BETA_OFFSET, op.beta ? tensors.add(op.beta) : 0],
    ];
  },

  decode(common, columns, rows, field, section) {
    const flags = field(L.LINEAR_FLAGS);
    const norm = (flags & L.LINEAR_NORM) !== 0;
    const weights = field(L.LINEAR_WEIGHTS_OFFSET);
    const tensor = (at: number) => floatsAt(section, field(at), rows);
    return {
      kind: "linear",
      ...common,
      weightType: field(L.LINEAR_WEIGHT_TYPE),
      layout: field(L.LINEAR_LAYOUT),
      columns,
      rows,
      norm,
      relu: (flags & L.LINEAR_RELU) !== 0,
      weights: section.subarray(weights, weights + field(L.LINEAR_WEIGHTS_BYTES)),
      scale: floatsAt(section, field(L.LINEAR_SCALE_OFFSET), flags & L.LINEAR_SCALE_PER_TENSOR ? 1 : rows),
      bias: tensor(L.LINEAR_BIAS_OFFSET),
      gamma: norm ? tensor(L.LINEAR_GAMMA_OFFSET) : null,
      beta: norm ? tensor(L.LINEAR_BETA_OFFSET) : null,
    };
  },

  repack(op, target) {
    const layout = layoutFor(op.weightType, target, op.rows, op.columns);
    if (layout === op.layout) return op;
    const codes = unpackWeights(op.layout, op.weights, op.rows, op.columns);
    return { ...op, layout, weights: packWeights(layout, codes, op.rows, op.columns) };
  },

  uses({ layout, weightType, rows, norm }) {
    // weight bytes are counted in the layout that files have, whichever one the module reads
    const counted = scalarLayout(weightType, rows);
    return { layouts: isPacked(counted) ? [layout, counted] : [layout], names: norm ? ["USES_LAYER_NORM"] : [] };
  },

  size({ rows, columns, weightType, norm, relu, weights: packed, scale, gamma, beta }) {
    const type = weightTypeById(weightType);
    const weights = rows * columns;
    const scaleBytes = 4 * scale.length;
    return {
      layer: `linear ${columns}->${rows}${norm ? ", norm" : ""}${relu ? ", relu" : ""}`,
      type: type.name,
      kernel: formulation(layoutFor(weightType, "scalar", rows, columns)),
      simdKernel: formulation(layoutFor(weightType, "simd", rows, columns)),
      weights,
      payloadBytes: packed.length,
      paddingBytes: packed.length - Math.ceil((type.bits * weights) / 8),
      scaleBytes,
      otherBytes: 4 * rows * (1 + (gamma ? 1 : 0) + (beta ? 1 : 0)),
      bitsPerWeight: (8 * (packed.length + scaleBytes)) / weights,
    };
  },
};
