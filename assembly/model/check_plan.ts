// Judges the networks of a file, adds up what they need, and compares it with the memory plan that the file brings.

import { ERROR_LAYER_SHAPE, ERROR_MISSING_SECTION, ERROR_NETWORK, ERROR_PLAN, ERROR_POLICY, OK } from "../format/errors.ts";
import {
  PLAN_ARENA_BYTES,
  PLAN_AUDIO_SAMPLES,
  PLAN_BUFFER_BYTES,
  PLAN_CACHE,
  PLAN_CLASSES,
  PLAN_EXPERTS,
  PLAN_MAX_MACS,
  PLAN_OUTPUTS,
  PLAN_RING_BYTES,
  PLAN_SCRATCH_BYTES,
  PLAN_WORK_BYTES,
  POLICY_KIND,
  POLICY_SAMPLES,
} from "../format/file.ts";
import {
  MAX_EXPERTS,
  POLICY_FEATURES,
  POLICY_PROBE,
  POLICY_SINGLE,
  SECTION_EXPERT,
  SECTION_LABELS,
  SECTION_NORMALIZATION,
  SECTION_POLICY,
  SECTION_ROUTER,
} from "../format/ids.ts";
import { AUDIO_SAMPLES, align16, arenaBytes, FRONT_END_SCRATCH_BYTES, networkScratchBytes, RING_BYTES, RING_BYTES_4BIT } from "../format/plan.ts";
import { fourBitCodes } from "../frontend/front_end.ts";
import { fail } from "../kernels/fail.ts";
import { lastOp, opCount, opPtr, outputValues } from "../ops/records.ts";
import { macsOf, reachOf, scratchOf } from "../ops/table.ts";
import { USES_SAMPLES } from "../uses.ts";
import { checkNetwork, placeOf } from "./network.ts";
import { findSection, sectionBytes } from "./sections.ts";

let planBuffers: i32 = 0;
let planScratch: i32 = 0;
let planCache: i32 = 0;
let planOutputs: i32 = 0;
let planMacs: i32 = 0;

/** Before the networks of a file are counted. */
export function startPlan(): void {
  planBuffers = 0;
  planScratch = 0;
  planCache = 0;
  planOutputs = 0;
  planMacs = 0;
}

/** Without networks nothing else may be there either: it would go unchecked, and hosts decode whatever sections they find. */
export function checkNoNetworks(file: usize, plan: usize): i32 {
  for (let id = SECTION_NORMALIZATION; id <= SECTION_LABELS; id++) {
    if (id != SECTION_POLICY && findSection(file, id, 0) != 0) return fail(ERROR_POLICY, POLICY_KIND, POLICY_SINGLE, POLICY_FEATURES);
  }
  return planned(plan, PLAN_CLASSES, 0) && planned(plan, PLAN_EXPERTS, 0) ? OK : ERROR_PLAN;
}

export function checkNetworks(file: usize, plan: usize, kind: i32, features: i32): i32 {
  const experts = load<i32>(plan, PLAN_EXPERTS);
  const classes = load<i32>(plan, PLAN_CLASSES);
  const fewest = kind == POLICY_PROBE ? 0 : 1;
  const most = kind == POLICY_PROBE ? MAX_EXPERTS - 1 : kind == POLICY_SINGLE ? 1 : MAX_EXPERTS;
  if (experts < fewest || experts > most) return fail(ERROR_PLAN, PLAN_EXPERTS, most, experts);
  let count = 0;
  while (findSection(file, SECTION_EXPERT, count) != 0) count++;
  if (count != experts) return fail(ERROR_PLAN, PLAN_EXPERTS, count, experts);
  const router = findSection(file, SECTION_ROUTER, 0);
  if (router != 0 && kind == POLICY_SINGLE) return fail(ERROR_POLICY, POLICY_KIND, POLICY_PROBE, kind);
  if (router == 0 && kind != POLICY_SINGLE) return fail(ERROR_MISSING_SECTION, SECTION_ROUTER, 1, 0);
  if (router != 0) {
    const samples = load<i32>(findSection(file, SECTION_POLICY, 0), POLICY_SAMPLES);
    const error = addNetwork(
      router,
      sectionBytes(file, SECTION_ROUTER, 0),
      0,
      features,
      kind == POLICY_PROBE ? classes : experts,
      samples,
    );
    if (error != OK) return error;
  }
  for (let i = 0; i < experts; i++) {
    const error = addNetwork(findSection(file, SECTION_EXPERT, i), sectionBytes(file, SECTION_EXPERT, i), i + 1, features, classes, 0);
    if (error != OK) return error;
  }
  return OK;
}

/** Checks one network and adds its needs to the plan; ops behind the first count once per router sample. */
function addNetwork(network: usize, bytes: i32, number: i32, features: i32, outputs: i32, samples: i32): i32 {
  const error = checkNetwork(network, bytes, number, features, samples);
  if (error != OK) return error;
  const ops = opCount(network);
  const found = outputValues(network, lastOp(network));
  if (found != outputs) return fail(ERROR_LAYER_SHAPE, placeOf(number, ops - 1), outputs, found);
  if (samples > 0 && ops < 2) return fail(ERROR_NETWORK, placeOf(number, 0), 2, ops);
  for (let i = 0; i < ops; i++) {
    const op = opPtr(network, i);
    planBuffers = max(planBuffers, reachOf(network, op));
    planScratch = max(planScratch, scratchOf(network, op));
    const times = USES_SAMPLES && i > 0 && samples > 0 ? samples : 1;
    const macs = <u64>planMacs + <u64>macsOf(network, op) * <u64>times;
    // ops may share one tensor and samples repeat them, so that a small file could ask for hours of work
    if (macs > 0x7fffffff) return fail(ERROR_PLAN, PLAN_MAX_MACS, 0x7fffffff, -1);
    planMacs = <i32>macs;
  }
  if (USES_SAMPLES && samples > 0) planCache = max(planCache, outputValues(network, opPtr(network, 0)));
  planOutputs = max(planOutputs, outputs);
  return OK;
}

/** `sound`: the input spec of a model with a front end, else 0. */
export function checkPlan(plan: usize, features: i32, sound: usize): i32 {
  const frontEnd = sound ? FRONT_END_SCRATCH_BYTES : 0;
  const arena = arenaBytes(features, networkScratchBytes(planBuffers, planScratch, planCache, planOutputs), frontEnd);
  const ring = sound == 0 ? 0 : fourBitCodes(sound) ? RING_BYTES_4BIT : RING_BYTES;
  const audio = sound ? AUDIO_SAMPLES : 0;
  const work = arena + align16(ring) + align16(audio << 1);
  if (!planned(plan, PLAN_BUFFER_BYTES, planBuffers) || !planned(plan, PLAN_SCRATCH_BYTES, planScratch)) return ERROR_PLAN;
  if (!planned(plan, PLAN_CACHE, planCache) || !planned(plan, PLAN_OUTPUTS, planOutputs)) return ERROR_PLAN;
  if (!planned(plan, PLAN_ARENA_BYTES, arena) || !planned(plan, PLAN_RING_BYTES, ring) || !planned(plan, PLAN_AUDIO_SAMPLES, audio))
    return ERROR_PLAN;
  if (!planned(plan, PLAN_WORK_BYTES, work) || !planned(plan, PLAN_MAX_MACS, planMacs)) return ERROR_PLAN;
  return OK;
}

function planned(plan: usize, field: i32, needed: i32): bool {
  const found = load<i32>(plan + field);
  if (found == needed) return true;
  fail(ERROR_PLAN, field, needed, found);
  return false;
}
