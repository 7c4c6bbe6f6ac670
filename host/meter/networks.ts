// What one answer of a network costs, before it is trained: kernels do the same work whatever the weights are, but for a few
// branches (ReLU, absmax), so a network of random weights stands for any of its shape.

import { POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { layerShapes, type Network, type NetworkSpec } from "../../tools/export/checkpoint.ts";
import { packNetwork } from "../../tools/export/exporter.ts";
import { encodeModel } from "../../tools/export/model_file.ts";
import { costOf } from "./cost.ts";
import type { DeviceProfile } from "./device.ts";
import type { Meter } from "./meter.ts";

/** Deterministic weights in -1..1: only their shape matters here. */
function standIn(spec: NetworkSpec): Network {
  const wave = (count: number, phase: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + phase)));
  const layers = layerShapes(spec).map(({ rows, columns }, i) => {
    const norm = spec.norm && i < spec.hidden.length;
    return {
      rows,
      columns,
      weight: wave(rows * columns, i),
      bias: wave(rows, 2),
      gamma: norm ? new Float32Array(rows).fill(1) : null,
      beta: norm ? wave(rows, 3) : null,
    };
  });
  return { spec, layers };
}

/** Modelled cycles of one answer. The meter's core is left with another model loaded. */
export function networkCycles(spec: NetworkSpec, meter: Meter, device: DeviceProfile): number {
  const zeros = new Array(8).fill(0);
  meter.core.load(
    encodeModel({
      features: spec.inputs,
      frontEnd: null,
      normalization: { mean: new Float32Array(spec.inputs), inverseStd: new Float32Array(spec.inputs).fill(1), clip: 5 },
      router: null,
      experts: [packNetwork(standIn(spec))],
      policy: { kind: POLICY_SINGLE, samples: 0, alpha: 0, varianceScale: 1, escalate: zeros, abstain: zeros, beta: zeros },
      labels: Array.from({ length: spec.outputs }, (_, i) => `${i}`),
      provenance: null,
    }),
  );
  const features = Float32Array.from({ length: spec.inputs }, (_, i) => Math.sin(78.233 * i));
  const { cycles } = costOf(meter.decide({ features }).counts, device);
  return cycles.expert;
}
