// What one answer of a network costs, before it is trained: kernels do the same work whatever the weights are, but for a few
// branches (ReLU, absmax), so a network of random weights stands for any of its shape.

import { PHASE_FEATURES, POLICY_BAYESIAN, POLICY_PROBE, POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { costOf, cyclesOf } from "../../host/meter/cost.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import type { Meter } from "../../host/meter/meter.ts";
import { meterStream } from "../../host/meter/stream_meter.ts";
import { ARITHMETICS, type Arithmetic, frontEndOf } from "../../host/model-file/front_end.ts";
import { type Framing, featureCount, framingOf } from "../../host/model-file/input_spec.ts";
import { encodeModel, type PackedModel } from "../../host/model-file/model_file.ts";
import { inputsOf, outputsOf, type PackedNetwork } from "../../host/model-file/network.ts";
import type { Core } from "../../host/runtime/core.ts";
import { streamSettings } from "../../host/runtime/stream.ts";
import { layerShapes, type Network, type NetworkSpec } from "../import/checkpoint.ts";
import { networkGraph } from "../import/checkpoint_graph.ts";
import { featuresModel, packNetwork } from "./exporter.ts";

/** Deterministic weights in -1..1: only their shape matters here. */
export function standIn(spec: NetworkSpec): Network {
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

/** A model of random weights around one network. */
export function around(network: PackedNetwork, kind: number, samples: number): PackedModel {
  const [inputs, outputs] = [inputsOf(network), outputsOf(network)];
  const small = packNetwork(
    networkGraph(standIn({ name: "stand-in", weightType: "8", inputs, hidden: [], outputs: 2, norm: false, dropout: 0 })),
  );
  const isRouter = kind !== POLICY_SINGLE;
  const experts = kind === POLICY_BAYESIAN ? new Array<PackedNetwork>(outputs).fill(small) : [];
  return {
    input: { source: "vectors", features: inputs },
    frontEnd: null,
    normalization: { mean: new Float32Array(inputs), inverseStd: new Float32Array(inputs).fill(1), clip: 5 },
    router: isRouter ? network : null,
    experts: isRouter ? experts : [network],
    policy: { kind, samples, alpha: 1, varianceScale: 1, escalate: [], abstain: [], beta: [] },
    labels: Array.from({ length: kind === POLICY_BAYESIAN ? 2 : outputs }, (_, i) => `${i}`),
    provenance: null,
  };
}

function cyclesIn(model: PackedModel, part: "router" | "expert", meter: Meter<Core>, device: DeviceProfile): number {
  meter.core.load(encodeModel(model));
  const features = Float32Array.from({ length: featureCount(model.input) }, (_, i) => Math.sin(78.233 * i));
  return costOf(meter.decide({ features }).counts, device).cycles[part];
}

/** Modelled cycles of one answer. The meter's core is left with another model loaded. */
export function networkCycles(spec: NetworkSpec, meter: Meter<Core>, device: DeviceProfile): number {
  return cyclesIn(around(packNetwork(networkGraph(standIn(spec))), POLICY_SINGLE, 0), "expert", meter, device);
}

/** Modelled cycles of a router, all its Monte Carlo samples. The meter's core is left with another model loaded. */
export function routerCycles(
  spec: NetworkSpec,
  kind: "probe" | "bayesian",
  samples: number,
  meter: Meter<Core>,
  device: DeviceProfile,
): number {
  const policy = kind === "probe" ? POLICY_PROBE : POLICY_BAYESIAN;
  return cyclesIn(around(packNetwork(networkGraph(standIn(spec))), policy, samples), "router", meter, device);
}

/** Modelled cycles of the front end with 8-bit codes, whatever networks follow. */
export interface FrontEndCycles {
  arithmetic: Arithmetic;
  framing: Framing;
  /** A whole window: its frames and its features. */
  window: number;
  features: number;
  /** One frame, the listening of qurio's own gate included. */
  gatedFrame: number;
}

/**
 * In the arithmetic that is cheaper on the device: whole numbers where there is no FPU. Every window costs about the same, so that of one
 * stands for all. The meter's core is left with another model loaded.
 */
export function frontEndCycles(meter: Meter<Core>, device: DeviceProfile): FrontEndCycles {
  const all = ARITHMETICS.map((arithmetic) => frontEndCyclesIn(arithmetic, meter, device));
  return all.reduce((best, each) => (each.window < best.window ? each : best));
}

function frontEndCyclesIn(arithmetic: Arithmetic, meter: Meter<Core>, device: DeviceProfile): FrontEndCycles {
  const model = featuresModel(frontEndOf(8, arithmetic));
  const framing = framingOf(model.input)!;
  meter.core.load(encodeModel(model));
  const pcm = Int16Array.from({ length: framing.windowSamples }, (_, i) => 8000 * Math.sin(0.05 * i) * Math.sin(0.0003 * i));
  const { counts, steps } = meter.decide({ pcm });
  const features = steps.filter(({ phase }) => phase === PHASE_FEATURES).reduce((sum, step) => sum + cyclesOf(step.counts, device), 0);
  const gated = meterStream(meter, streamSettings({ hopS: 1, wakeDb: 6 }, framing), pcm);
  return {
    arithmetic,
    framing,
    window: cyclesOf(counts.frontEnd, device),
    features,
    gatedFrame: cyclesOf(gated.counts.frames, device) / gated.steps.frames,
  };
}
