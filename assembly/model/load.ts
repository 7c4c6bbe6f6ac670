// load(): checks every byte that will be trusted later, computes the memory plan, and opens the front end.
// Validate here, then run blind.

import {
  ERROR_FRONT_END,
  ERROR_LABELS,
  ERROR_LAYER_SHAPE,
  ERROR_MEMORY,
  ERROR_MISALIGNED,
  ERROR_MISSING_SECTION,
  ERROR_NORMALIZATION,
  ERROR_NETWORK,
  ERROR_NOT_FINITE,
  ERROR_OTHER_MODEL,
  ERROR_OVERLAP,
  ERROR_PLAN,
  ERROR_POLICY,
  OK,
} from "../format/errors.ts";
import {
  HEADER_CRC,
  LABELS_COUNT,
  LABELS_OFFSETS,
  LAYER_COLUMNS,
  LAYER_LAYOUT,
  LAYER_ROWS,
  NETWORK_LAYERS,
  NETWORK_OUTPUTS,
  NORMALIZATION_BYTES,
  NORMALIZATION_CLIP,
  NORMALIZATION_COUNT,
  NORMALIZATION_INVERSE_STD_OFFSET,
  NORMALIZATION_MEAN_OFFSET,
  PLAN_ARENA_BYTES,
  PLAN_AUDIO_SAMPLES,
  PLAN_BYTES,
  PLAN_CACHE,
  PLAN_CLASSES,
  PLAN_EXPERTS,
  PLAN_FEATURES,
  PLAN_MAX_MACS,
  PLAN_OUTPUTS,
  PLAN_RING_BYTES,
  PLAN_WIDTH,
  PLAN_WORK_BYTES,
  POLICY_ABSTAIN,
  POLICY_ALPHA,
  POLICY_BETA,
  POLICY_BYTES,
  POLICY_ESCALATE,
  POLICY_KIND,
  POLICY_SAMPLES,
  POLICY_VARIANCE_SCALE,
} from "../format/file.ts";
import {
  ALIGNMENT,
  MAX_CLASSES,
  MAX_EXPERTS,
  MAX_SAMPLES,
  MAX_WIDTH,
  POLICY_BAYESIAN,
  POLICY_FEATURES,
  POLICY_PROBE,
  POLICY_SINGLE,
  SECTION_EXPERT,
  SECTION_FRONT_END,
  SECTION_LABELS,
  SECTION_NORMALIZATION,
  SECTION_PLAN,
  SECTION_POLICY,
  SECTION_ROUTER,
} from "../format/ids.ts";
import { layerWidth, tableBytes } from "../format/layouts.ts";
import { AUDIO_SAMPLES, align16, arenaBytes, networkScratchBytes, RICH_FEATURES, RING_BYTES, RING_BYTES_4BIT } from "../format/plan.ts";
import { fourBitCodes, frontEndOpen, frontEndValidate } from "../frontend/front_end.ts";
import { clearFailure, fail } from "../kernels/fail.ts";
import { isFinite32 } from "../kernels/quantize.ts";
import {
  BAKED,
  BAKED_MODEL_BYTES,
  BAKED_WORK_BYTES,
  FIRMWARE,
  SEALED,
  SEALED_CRC,
  USES_BAYESIAN,
  USES_FEATURES_ONLY,
  USES_FRONT_END,
  USES_PROBE,
  USES_SAMPLES,
  USES_SINGLE,
} from "../uses.ts";
import { acceptAnyLayout, checkNetwork, layerPtr, placeOf } from "./network.ts";
import { checkContainer, findSection, sectionBytes } from "./sections.ts";
import {
  audioBufferPtr,
  featuresPtr,
  hasFrontEnd,
  preparedPtr,
  ringPtr,
  setMemory,
  setModel,
  unloaded,
  vectorPtr,
  workPtr,
} from "./state.ts";

let planWidth: i32 = 0;
let planCache: i32 = 0;
let planOutputs: i32 = 0;
let planTables: i32 = 0;
let planMacs: i32 = 0;

/** 0, or an error code whose details are in the failure record. After an error nothing is loaded. */
export function loadModel(file: usize, bytes: i32): i32 {
  unloaded();
  acceptAnyLayout(false);
  const error = check(file, bytes);
  if (error != OK) return error;
  const memoryBytes = memoryEnd();
  const workEnd = workPtr() + load<i32>(findSection(file, SECTION_PLAN, 0), PLAN_WORK_BYTES);
  if (<u64>workEnd > memoryBytes) return fail(ERROR_MEMORY, 0, <i32>workEnd, <i32>memoryBytes);
  if (file < workEnd && file + bytes > workPtr()) return fail(ERROR_OVERLAP, 0, <i32>workEnd, <i32>file);
  open(file);
  return OK;
}

/** All checks of load() but two: weights may have any layout, and work memory need not be there. Loads nothing, unloads what was loaded. */
export function validateModel(file: usize, bytes: i32): i32 {
  unloaded();
  acceptAnyLayout(true);
  return check(file, bytes);
}

/** A baked module does not ask: where WAMR meets memory.size, it gives the module whole pages. */
@inline
function memoryEnd(): u64 {
  if (FIRMWARE) return <u64>1 << 32;
  return BAKED ? <u64>(workPtr() + BAKED_WORK_BYTES + BAKED_MODEL_BYTES) : <u64>memory.size() << 16;
}

function check(file: usize, bytes: i32): i32 {
  clearFailure();
  const memoryBytes = memoryEnd();
  if (file & (ALIGNMENT - 1)) return fail(ERROR_MISALIGNED, 0, ALIGNMENT, <i32>file);
  if (bytes < 0 || <u64>file + <u64>bytes > memoryBytes) return fail(ERROR_MEMORY, 0, <i32>file + bytes, <i32>memoryBytes);
  const error = checkContainer(file, bytes);
  if (error != OK) return error;
  return SEALED ? checkSeal(file) : checkModel(file);
}

/** The container's checksums have matched: with this one, all bytes are those that bake saw. */
function checkSeal(file: usize): i32 {
  const found = load<u32>(file, HEADER_CRC);
  return found == SEALED_CRC ? OK : fail(ERROR_OTHER_MODEL, HEADER_CRC, SEALED_CRC, found);
}

function open(file: usize): void {
  const plan = findSection(file, SECTION_PLAN, 0);
  const frontEnd = findSection(file, SECTION_FRONT_END, 0);
  setModel(
    file,
    findSection(file, SECTION_POLICY, 0),
    findSection(file, SECTION_NORMALIZATION, 0),
    load<i32>(plan, PLAN_FEATURES),
    load<i32>(plan, PLAN_CLASSES),
    load<i32>(plan, PLAN_EXPERTS),
    frontEnd != 0,
  );
  setMemory(
    load<i32>(plan, PLAN_ARENA_BYTES),
    load<i32>(plan, PLAN_WIDTH),
    load<i32>(plan, PLAN_CACHE),
    load<i32>(plan, PLAN_OUTPUTS),
    load<i32>(plan, PLAN_RING_BYTES),
  );
  if (USES_FRONT_END && hasFrontEnd) frontEndOpen(frontEnd, ringPtr, audioBufferPtr, vectorPtr, featuresPtr);
}

// ---- sections ----

function checkModel(file: usize): i32 {
  const plan = findSection(file, SECTION_PLAN, 0);
  if (sectionBytes(file, SECTION_PLAN, 0) != PLAN_BYTES) return fail(ERROR_PLAN, -1, PLAN_BYTES, sectionBytes(file, SECTION_PLAN, 0));
  const features = load<i32>(plan, PLAN_FEATURES);
  if (features < 1 || features > MAX_WIDTH) return fail(ERROR_PLAN, PLAN_FEATURES, MAX_WIDTH, features);
  let error = checkFrontEnd(file, features);
  if (error == OK) error = checkPolicy(file);
  if (error != OK) return error;
  planWidth = 0;
  planCache = 0;
  planOutputs = 0;
  planTables = 0;
  planMacs = 0;
  const kind = load<i32>(findSection(file, SECTION_POLICY, 0), POLICY_KIND);
  if (!USES_FEATURES_ONLY || kind != POLICY_FEATURES) {
    error = checkNormalization(file, features);
    if (error == OK) error = checkLabels(file, load<i32>(plan, PLAN_CLASSES));
    if (error == OK) error = checkNetworks(file, plan, kind, features);
    if (error != OK) return error;
  } else {
    error = checkNoNetworks(file, plan);
    if (error != OK) return error;
  }
  return checkPlan(plan, features, findSection(file, SECTION_FRONT_END, 0));
}

function checkFrontEnd(file: usize, features: i32): i32 {
  const frontEnd = findSection(file, SECTION_FRONT_END, 0);
  if (frontEnd == 0) return OK;
  if (!USES_FRONT_END) return fail(ERROR_FRONT_END, 0, 0, sectionBytes(file, SECTION_FRONT_END, 0));
  if (features != RICH_FEATURES) return fail(ERROR_PLAN, PLAN_FEATURES, RICH_FEATURES, features);
  return frontEndValidate(frontEnd, sectionBytes(file, SECTION_FRONT_END, 0));
}

function checkNormalization(file: usize, features: i32): i32 {
  const section = findSection(file, SECTION_NORMALIZATION, 0);
  const bytes = sectionBytes(file, SECTION_NORMALIZATION, 0);
  if (section == 0) return fail(ERROR_MISSING_SECTION, SECTION_NORMALIZATION, 1, 0);
  if (bytes < NORMALIZATION_BYTES) return fail(ERROR_NORMALIZATION, -1, NORMALIZATION_BYTES, bytes);
  if (load<i32>(section, NORMALIZATION_COUNT) != features) {
    return fail(ERROR_NORMALIZATION, NORMALIZATION_COUNT, features, load<i32>(section, NORMALIZATION_COUNT));
  }
  const clip = load<f32>(section, NORMALIZATION_CLIP);
  if (!(clip > 0) || !isFinite32(clip)) return fail(ERROR_NORMALIZATION, NORMALIZATION_CLIP, 1, load<i32>(section, NORMALIZATION_CLIP));
  for (let field = NORMALIZATION_MEAN_OFFSET; field <= NORMALIZATION_INVERSE_STD_OFFSET; field += 4) {
    const offset = load<i32>(section + field);
    if (offset < 0 || offset & (ALIGNMENT - 1) || offset > bytes || features << 2 > bytes - offset) {
      return fail(ERROR_NORMALIZATION, field, bytes - (features << 2), offset);
    }
    if (!allFinite(section + offset, features)) return fail(ERROR_NOT_FINITE, SECTION_NORMALIZATION, 0, 0);
  }
  return OK;
}

function allFinite(ptr: usize, count: i32): bool {
  for (const end = ptr + ((<usize>count) << 2); ptr < end; ptr += 4) {
    if (!isFinite32(load<f32>(ptr))) return false;
  }
  return true;
}

function checkPolicy(file: usize): i32 {
  const policy = findSection(file, SECTION_POLICY, 0);
  const bytes = sectionBytes(file, SECTION_POLICY, 0);
  if (policy == 0) return fail(ERROR_MISSING_SECTION, SECTION_POLICY, 1, 0);
  if (bytes != POLICY_BYTES) return fail(ERROR_POLICY, -1, POLICY_BYTES, bytes);
  const kind = load<i32>(policy, POLICY_KIND);
  if (kind < 0 || kind > POLICY_BAYESIAN || (BAKED && !hasPolicy(kind))) return fail(ERROR_POLICY, POLICY_KIND, POLICY_BAYESIAN, kind);
  const samples = load<i32>(policy, POLICY_SAMPLES);
  const fewest = USES_BAYESIAN && kind == POLICY_BAYESIAN ? 1 : 0;
  if (samples < fewest || samples > (USES_SAMPLES ? MAX_SAMPLES : 0)) return fail(ERROR_POLICY, POLICY_SAMPLES, fewest, samples);
  if (!allFinite(policy + POLICY_ALPHA, (POLICY_BYTES - POLICY_ALPHA) >> 2)) return fail(ERROR_NOT_FINITE, SECTION_POLICY, 0, 0);
  if (!(load<f32>(policy, POLICY_ALPHA) >= 0)) return fail(ERROR_POLICY, POLICY_ALPHA, 0, load<i32>(policy, POLICY_ALPHA));
  if (!(load<f32>(policy, POLICY_VARIANCE_SCALE) > 0))
    return fail(ERROR_POLICY, POLICY_VARIANCE_SCALE, 1, load<i32>(policy, POLICY_VARIANCE_SCALE));
  for (let field = POLICY_ESCALATE; field < POLICY_BYTES; field += 4) {
    const value = load<f32>(policy + field);
    if (!(value >= 0) || (field >= POLICY_ABSTAIN && value > 1)) return fail(ERROR_POLICY, field, 1, load<i32>(policy + field));
  }
  return OK;
}

/** Has a baked module code for this policy? */
function hasPolicy(kind: i32): bool {
  return (
    (USES_FEATURES_ONLY && kind == POLICY_FEATURES) ||
    (USES_SINGLE && kind == POLICY_SINGLE) ||
    (USES_PROBE && kind == POLICY_PROBE) ||
    (USES_BAYESIAN && kind == POLICY_BAYESIAN)
  );
}

function checkLabels(file: usize, classes: i32): i32 {
  const section = findSection(file, SECTION_LABELS, 0);
  const bytes = sectionBytes(file, SECTION_LABELS, 0);
  if (section == 0) return fail(ERROR_MISSING_SECTION, SECTION_LABELS, 1, 0);
  if (classes < 2 || classes > MAX_CLASSES) return fail(ERROR_PLAN, PLAN_CLASSES, MAX_CLASSES, classes);
  const strings = LABELS_OFFSETS + ((classes + 1) << 2);
  if (bytes < strings) return fail(ERROR_LABELS, -1, strings, bytes);
  if (load<i32>(section, LABELS_COUNT) != classes) return fail(ERROR_LABELS, LABELS_COUNT, classes, load<i32>(section, LABELS_COUNT));
  let start = strings;
  for (let i = 0; i <= classes; i++) {
    const offset = load<i32>(section + (i << 2), LABELS_OFFSETS);
    if (offset < start || offset > bytes || (i == 0 && offset != strings)) return fail(ERROR_LABELS, i, start, offset);
    if (i > 0 && load<u8>(section + offset - 1) != 0) return fail(ERROR_LABELS, i, 0, offset);
    // labels are printed as they are: no control characters for a terminal to obey
    for (let at = start - 1; i > 0 && at < offset - 1; at++) {
      if (load<u8>(section + at) < 32) return fail(ERROR_LABELS, i, 32, load<u8>(section + at));
    }
    start = offset + 1;
  }
  return OK;
}

/** Without networks nothing else may be there either: it would go unchecked, and hosts decode whatever sections they find. */
function checkNoNetworks(file: usize, plan: usize): i32 {
  for (let id = SECTION_NORMALIZATION; id <= SECTION_LABELS; id++) {
    if (id != SECTION_POLICY && findSection(file, id, 0) != 0) return fail(ERROR_POLICY, POLICY_KIND, POLICY_SINGLE, POLICY_FEATURES);
  }
  return planned(plan, PLAN_CLASSES, 0) && planned(plan, PLAN_EXPERTS, 0) ? OK : ERROR_PLAN;
}

function checkNetworks(file: usize, plan: usize, kind: i32, features: i32): i32 {
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

/** Checks one network and adds its needs to the plan; layers behind the first count once per router sample. */
function addNetwork(network: usize, bytes: i32, number: i32, features: i32, outputs: i32, samples: i32): i32 {
  const error = checkNetwork(network, bytes, number, features);
  if (error != OK) return error;
  const found = load<i32>(network, NETWORK_OUTPUTS);
  if (found != outputs) return fail(ERROR_LAYER_SHAPE, placeOf(number, load<i32>(network, NETWORK_LAYERS) - 1), outputs, found);
  const layers = load<i32>(network, NETWORK_LAYERS);
  if (samples > 0 && layers < 2) return fail(ERROR_NETWORK, placeOf(number, 0), 2, layers);
  for (let i = 0; i < layers; i++) {
    const columns = load<i32>(layerPtr(network, i), LAYER_COLUMNS);
    const rows = load<i32>(layerPtr(network, i), LAYER_ROWS);
    const layout = load<i32>(layerPtr(network, i), LAYER_LAYOUT);
    planWidth = max(planWidth, layerWidth(layout, rows, columns));
    planTables = max(planTables, tableBytes(layout, rows, columns));
    const times = USES_SAMPLES && i > 0 && samples > 0 ? samples : 1;
    const macs = <u64>planMacs + <u64>columns * <u64>rows * <u64>times;
    // layers may share one tensor and samples repeat them, so that a small file could ask for hours of work
    if (macs > 0x7fffffff) return fail(ERROR_PLAN, PLAN_MAX_MACS, 0x7fffffff, -1);
    planMacs = <i32>macs;
  }
  if (USES_SAMPLES && samples > 0) planCache = max(planCache, load<i32>(layerPtr(network, 0), LAYER_ROWS));
  planOutputs = max(planOutputs, outputs);
  return OK;
}

function checkPlan(plan: usize, features: i32, frontEnd: usize): i32 {
  const arena = arenaBytes(features, networkScratchBytes(planWidth, planCache, planOutputs, planTables), frontEnd != 0);
  const ring = frontEnd == 0 ? 0 : fourBitCodes(frontEnd) ? RING_BYTES_4BIT : RING_BYTES;
  const audio = frontEnd ? AUDIO_SAMPLES : 0;
  const work = arena + align16(ring) + align16(audio << 1);
  if (!planned(plan, PLAN_WIDTH, planWidth) || !planned(plan, PLAN_CACHE, planCache) || !planned(plan, PLAN_OUTPUTS, planOutputs))
    return ERROR_PLAN;
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
