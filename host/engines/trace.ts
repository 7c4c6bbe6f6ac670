// The core asked for a record, or for what a decision leaves behind, phase by phase: to find the first in which two engines differ.
// Browser-safe.

import { PHASE_ROUTER } from "../../assembly/format/ids.ts";
import { align16 } from "../../assembly/format/plan.ts";
import { decodePlan, memoryPlan, type PackedModel } from "../model-file/model_file.ts";
import { outputsOf } from "../model-file/network.ts";
import type { Core } from "../runtime/core.ts";
import { pumpDecision, pumpToEnd, putFeatures } from "../runtime/pump.ts";

/** As bytes; what a decision has not is empty. */
export interface Trace {
  /** u8 [frames][bands]: the log-mel codes in the ring; only for sound. */
  codes: Uint8Array;
  /** f32 [features], raw. */
  features: Uint8Array;
  /** f32 [outputs]: what the router says, the mean of its samples if it samples. */
  router: Uint8Array;
  /** The decision record. */
  record: Uint8Array;
}

/** The 40 bytes about 16-bit PCM or raw features. */
export function decideRecord(core: Core, input: Int16Array | Float32Array, seed: number): Uint8Array {
  if (input instanceof Float32Array) core.decideFeatures(input, seed);
  else {
    core.reset(seed);
    core.push(input);
    core.decide();
  }
  return core.decisionBytes();
}

/** One decision with its trace. `input` is 16-bit PCM or raw features of the model that is loaded. */
export function traceDecision(core: Core, packed: PackedModel, input: Int16Array | Float32Array, seed: number): Trace {
  const { exports } = core;
  const { features, ringBytes } = memoryPlan(packed);
  const bytes = (ptr: number, length: number) => new Uint8Array(exports.memory.buffer, ptr, length).slice();
  const trace: Trace = { codes: bytes(0, 0), features: bytes(0, 0), router: bytes(0, 0), record: bytes(0, 0) };
  for (const phase of pumpDecision(core, input, seed)) {
    if (phase >= PHASE_ROUTER && trace.features.length === 0) {
      trace.features = bytes(exports.featuresPtr(), 4 * features);
      if (input instanceof Int16Array) trace.codes = bytes(exports.ringPtr(), ringBytes);
    }
    if (phase === PHASE_ROUTER) trace.router = bytes(exports.probabilitiesPtr(), 4 * (packed.router ? outputsOf(packed.router) : 0));
  }
  trace.record = core.decisionBytes();
  return trace;
}

/**
 * What the first `layers` layers of a network make of a feature vector, float32 [width], before any softmax. The vector that layers read
 * and write stands behind the features (assembly/format/plan.ts), and softmax leaves it as it is.
 * @param file the model that is loaded: policy single
 * @param width rows of layer `layers`
 */
export function layerOutputs(core: Core, file: Uint8Array, features: Float32Array, layers: number, width: number): Float32Array {
  const { exports } = core;
  core.reset();
  putFeatures(core, features);
  const steps = pumpToEnd(core);
  for (let i = 0; i < layers; i++) steps.next();
  return new Float32Array(exports.memory.buffer, exports.featuresPtr() + align16(4 * decodePlan(file).features), width).slice();
}
