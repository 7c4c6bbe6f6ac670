// load(): checks every byte that will be trusted later, computes the memory plan, and opens the front end.
// Validate here, then run blind.

import { ERROR_MEMORY, ERROR_MISALIGNED, ERROR_OTHER_MODEL, ERROR_OVERLAP, ERROR_PLAN, OK } from "../format/errors.ts";
import {
  HEADER_CRC,
  PLAN_ARENA_BYTES,
  PLAN_BUFFER_BYTES,
  PLAN_BYTES,
  PLAN_CACHE,
  PLAN_CLASSES,
  PLAN_EXPERTS,
  PLAN_FEATURES,
  PLAN_OUTPUTS,
  PLAN_RING_BYTES,
  PLAN_SCRATCH_BYTES,
  PLAN_WORK_BYTES,
  POLICY_KIND,
} from "../format/file.ts";
import {
  ALIGNMENT,
  POLICY_FEATURES,
  SECTION_FRONT_END,
  SECTION_INPUT,
  SECTION_NORMALIZATION,
  SECTION_PLAN,
  SECTION_POLICY,
} from "../format/ids.ts";
import { frontEndOpen } from "../frontend/front_end.ts";
import { clearFailure, fail } from "../kernels/fail.ts";
import { acceptAnyLayout } from "../ops/linear.ts";
import { BAKED, BAKED_MODEL_BYTES, BAKED_WORK_BYTES, FIRMWARE, SEALED, SEALED_CRC, USES_FEATURES_ONLY, USES_FRONT_END } from "../uses.ts";
import { checkContainer, findSection, sectionBytes } from "./sections.ts";
import { audioBufferPtr, buffersPtr, featuresPtr, hasFrontEnd, ringPtr, setMemory, setModel, unloaded, workPtr } from "./state.ts";
import { checkNetworks, checkNoNetworks, checkPlan, startPlan } from "./check_plan.ts";
import { checkInput, checkLabels, checkNormalization, checkPolicy } from "./check_sections.ts";

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
    load<i32>(plan, PLAN_BUFFER_BYTES),
    load<i32>(plan, PLAN_SCRATCH_BYTES),
    load<i32>(plan, PLAN_CACHE),
    load<i32>(plan, PLAN_OUTPUTS),
    load<i32>(plan, PLAN_RING_BYTES),
  );
  if (USES_FRONT_END && hasFrontEnd) frontEndOpen(findSection(file, SECTION_INPUT, 0), frontEnd, ringPtr, audioBufferPtr, buffersPtr, featuresPtr);
}

// ---- sections ----

function checkModel(file: usize): i32 {
  const plan = findSection(file, SECTION_PLAN, 0);
  if (sectionBytes(file, SECTION_PLAN, 0) != PLAN_BYTES) return fail(ERROR_PLAN, -1, PLAN_BYTES, sectionBytes(file, SECTION_PLAN, 0));
  const features = load<i32>(plan, PLAN_FEATURES);
  let error = checkInput(file, features);
  if (error == OK) error = checkPolicy(file);
  if (error != OK) return error;
  startPlan();
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
  return checkPlan(plan, features, findSection(file, SECTION_FRONT_END, 0) ? findSection(file, SECTION_INPUT, 0) : 0);
}
