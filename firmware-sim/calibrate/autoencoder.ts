// Node only. MLPerf Tiny's anomaly-detection autoencoder as a benchmark model: two estimates of its cycles, neither of which was fitted on it.
// autoencoder_trained.ts has the trained weights, scripts/validate-energy.ts prints it.

import { POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { cyclesOf } from "../../host/meter/cost.ts";
import { addCounts, noCounts, totalOf } from "../../host/meter/counts.ts";
import { type CortexM, type DeviceProfile, isCortexM } from "../../host/meter/device.ts";
import { encodeModel } from "../../host/model-file/model_file.ts";
import { packNetwork } from "../../tools/export/exporter.ts";
import { around, standIn } from "../../tools/export/network_cost.ts";
import type { Graph } from "../../tools/graph/graph.ts";
import { layerShapes, type NetworkSpec } from "../../tools/import/checkpoint.ts";
import { networkGraph } from "../../tools/import/checkpoint_graph.ts";
import { emulatedOf, openEmulatedMeter } from "../estimates/emulated.ts";

/** Log-mel values of a frame, and frames in one input. */
export const BANDS = 128;
export const WIDTH = 5 * BANDS;

/** Rows of its ten layers. */
export const ROWS = [128, 128, 128, 128, 8, 128, 128, 128, 128, WIDTH];

/**
 * A model ends in a decision: softmax and entropy of all outputs, which no autoencoder pays for. So an eleventh layer of two outputs stands
 * behind the ten, and what it costs is in no figure here.
 */
const SPEC: NetworkSpec = { name: "autoencoder", weightType: "8", inputs: WIDTH, hidden: ROWS, outputs: 2, norm: false, dropout: 0 };

export const MACS = layerShapes(SPEC)
  .slice(0, ROWS.length)
  .reduce((sum, { rows, columns }) => sum + rows * columns, 0);

/** One packing of the network, and an input to run it on. */
export interface Variant {
  weights: string;
  file: Uint8Array;
  features: Float32Array;
}

/** The network with weights that stand for any of its shape. */
export function standInVariants(): Variant[] {
  const features = Float32Array.from({ length: WIDTH }, (_, i) => Math.sin(78.233 * i));
  return [["8-bit", "8"] as const, ["4-bit", "4"] as const, ["ternary", "2"] as const].map(([weights, weightType]) => {
    const network = packNetwork(withoutRelu(networkGraph(standIn({ ...SPEC, weightType })), ROWS.length - 1));
    return { weights, features, file: encodeModel(around(network, POLICY_SINGLE, 0)) };
  });
}

/** The eleventh layer behind a graph of ten. */
export function withHead(graph: Graph): Graph {
  const { weight, bias } = standIn(SPEC).layers[ROWS.length];
  const at = graph.tensors.length;
  const tensor = (name: string, shape: number[], data: Float32Array | null) => ({ name, shape, data, quantization: null });
  const head = {
    kind: "linear",
    input: graph.output,
    output: at + 2,
    weight: at,
    bias: at + 1,
    weightType: "8",
    perTensor: false,
  } as const;
  return {
    ...graph,
    tensors: [
      ...graph.tensors,
      tensor("head weight", [SPEC.outputs, WIDTH], weight),
      tensor("head bias", [SPEC.outputs], bias),
      tensor("head", [SPEC.outputs], null),
    ],
    ops: [...graph.ops, head],
    output: at + 2,
  };
}

/** A checkpoint has ReLU behind all layers but the last; this takes that of one layer away. */
function withoutRelu(graph: Graph, layer: number): Graph {
  const relu = graph.ops.filter(({ kind }) => kind === "relu")[layer];
  const ops = graph.ops.filter((op) => op !== relu).map((op) => (op.input === relu.output ? { ...op, input: relu.input } : op));
  return { ...graph, ops };
}

/** Both estimates of the cycles of one input; the device's wait states are in both. */
export interface EstimateRow {
  device: DeviceProfile;
  core: CortexM;
  weights: string;
  ops: number;
  /** Of the ops, by the device's factors. */
  opCycles: number;
  instructions: number;
  /** Of the instructions, by the core's published timings. */
  emulatedCycles: number;
}

/** One row for each device and variant. Errors: TOOL_MISSING, EMULATION; devices that no emulated core stands for are left out. */
export async function estimateRows(devices: readonly DeviceProfile[], variants: readonly Variant[]): Promise<EstimateRow[]> {
  const rows: EstimateRow[] = [];
  for (const device of devices) {
    const { core } = device;
    if (!isCortexM(core)) continue;
    const meter = await openEmulatedMeter(core);
    try {
      for (const { weights, file, features } of variants) {
        const steps = meter.decide(file, { features }).steps.slice(0, ROWS.length);
        const counts = noCounts();
        for (const step of steps) addCounts(counts, step.counts);
        const { instructions, cycles } = emulatedOf({ steps });
        rows.push({
          device,
          core,
          weights,
          ops: totalOf(counts),
          opCycles: cyclesOf(counts, device),
          instructions,
          emulatedCycles: cycles * device.waitStates.value,
        });
      }
    } finally {
      meter.close();
    }
  }
  return rows;
}
