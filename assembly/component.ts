// The component's core: the canonical ABI of wit/qurio.wit by hand, around a baked core. No runtime, no WASI.
// (https://github.com/WebAssembly/component-model, design/mvp/CanonicalABI.md; asc cannot write names with dashes, bake renames.)
//
//   cabi_realloc(old, oldBytes, align, bytes)   the caller's way to place its lists in our memory
//   classify(ptr, count, seed) -> resultPtr     what is longer than one value comes back by pointer
//   postReturn(resultPtr)                       the caller has copied the result: everything behind the model is free again
//
//   | static | work memory | model file | lists and strings of one call: a bump allocator, memory grows when they are long |
//
// Values are laid out in order, each at a multiple of its alignment; strings and lists are | ptr | count |, a variant is a byte, then the
// value at its alignment.

import {
  DECISION_ABSTAINED,
  DECISION_BYTES,
  DECISION_ENTROPY,
  DECISION_ANSWERER,
  DECISION_FRAMES_SEEN,
  DECISION_INDEX,
  DECISION_MUTUAL_INFORMATION,
  DECISION_PROBABILITY,
  DECISION_ROUTER_VARIANCE,
  DECISION_WEIGHT_BYTES_READ,
} from "./format/decision.ts";
import { ERROR_INPUT_NOT_FINITE, ERROR_NO_FRONT_END, ERROR_OVERFLOW, OK } from "./format/errors.ts";
import { LABELS_OFFSETS, NETWORK_NAME_BYTES } from "./format/file.ts";
import { SAMPLE_RATE, WINDOW_SAMPLES } from "./format/input_spec.ts";
import { PHASE_DONE, PHASE_FAILED, PHASE_IDLE, POLICY_PROBE, SECTION_LABELS } from "./format/ids.ts";
import { init, modelBytes, modelPtr } from "./baked.ts";
import { audioPtr, audioSpace, decide, decisionPtr, featuresPtr, lastError, probabilitiesPtr, pushAudio, pushFeatures, reset, step } from "./index.ts";
import { findSection } from "./model/sections.ts";
import { classCount, expertCount, expertNetwork, featureCount, filePtr, hasFrontEnd, policyKind, routerNetwork } from "./model/state.ts";
import { BAKED_WORK_BYTES } from "./uses.ts";

export { modelBytes, modelPtr } from "./baked_slot";

// ---- result<answer, error> and result<model-info, error>: | u8 error? | at 4: the value | ----
const RESULT: usize = memory.data(96, 4);
const VALUE: usize = RESULT + 4;

// answer: decision, probabilities, bytes; an option is | u8 some? | at 4: the value |
const LABEL = 0;
const INDEX = 12;
const PROBABILITY = 20;
const ENTROPY = 28;
const MUTUAL_INFORMATION = 36;
const ROUTER_VARIANCE = 44;
const ANSWERER = 52;
const ABSTAINED = 64;
const FRAMES_SEEN = 68;
const WEIGHT_BYTES_READ = 72;
const PROBABILITIES = 76;
const BYTES = 84;

// model-info
const LABELS = 0;
const ANSWERERS = 8;
const FEATURES = 16;
const TAKES_AUDIO = 20;
const RATE = 24;
const WINDOW = 28;
const MODEL_BYTES = 32;
const WORK_BYTES = 36;

// error: | u8 case | at 4: u32, or device-error |
const DAMAGED_MODEL = 0;
const NO_SAMPLES = 1;
const TAKES_FEATURES = 2;
const FEATURES_SHAPE = 3;
const NOT_FINITE = 4;
const OVERFLOWED = 5;

let top: usize = 0;

/** Also for our own lists; memory that cannot be got is a trap, as the ABI has it. */
export function cabi_realloc(old: usize, oldBytes: usize, align: usize, bytes: usize): usize {
  if (top == 0) top = modelPtr() + modelBytes();
  const ptr = (top + align - 1) & ~(align - 1);
  const missing = <i64>ptr + <i64>bytes - (<i64>memory.size() << 16);
  if (missing > 0 && memory.grow(<i32>((missing + 65535) >> 16)) < 0) unreachable();
  for (let i: usize = 0; i < min(oldBytes, bytes); i++) store<u8>(ptr + i, load<u8>(old + i));
  top = ptr + bytes;
  return ptr;
}

export function postReturn(result: usize): void {
  top = 0;
}

export function classify(pcm: usize, samples: i32, seed: u32): usize {
  if (!ready()) return failed();
  if (samples == 0) return refused(NO_SAMPLES, 0);
  reset(seed);
  if (!hasFrontEnd) return refused(TAKES_FEATURES, featureCount);
  listen(pcm, samples);
  return decided();
}

export function classifyFeatures(features: usize, count: i32, seed: u32): usize {
  if (!ready()) return failed();
  if (count != featureCount) return refused(FEATURES_SHAPE, featureCount);
  reset(seed);
  for (let i: usize = 0; i < <usize>count << 2; i += 4) store<u32>(featuresPtr() + i, load<u32>(features + i));
  return pushFeatures() == OK ? decided() : failed();
}

export function info(): usize {
  if (!ready()) return failed();
  const answerers = expertCount + probes();
  putList(VALUE + LABELS, cabi_realloc(0, 0, 4, classCount << 3), classCount);
  for (let i = 0; i < classCount; i++) putLabel(load<usize>(VALUE + LABELS) + (i << 3), i);
  putList(VALUE + ANSWERERS, cabi_realloc(0, 0, 4, answerers << 3), answerers);
  for (let i = 0; i < answerers; i++) putAnswerer(load<usize>(VALUE + ANSWERERS) + (i << 3), i);
  store<u32>(VALUE, featureCount, FEATURES);
  store<u8>(VALUE, <u8>hasFrontEnd, TAKES_AUDIO);
  store<u32>(VALUE, SAMPLE_RATE, RATE);
  store<u32>(VALUE, WINDOW_SAMPLES, WINDOW);
  store<u32>(VALUE, modelBytes(), MODEL_BYTES);
  store<u32>(VALUE, BAKED_WORK_BYTES, WORK_BYTES);
  store<u8>(RESULT, 0);
  return RESULT;
}

/** Opens the model when the first call comes. */
function ready(): bool {
  return filePtr != 0 || init() == OK;
}

/** As much as the window takes. */
function listen(pcm: usize, samples: i32): void {
  while (samples > 0) {
    const part = min(samples, audioSpace());
    if (part == 0) return;
    const to = audioPtr();
    for (let i: usize = 0; i < <usize>part << 1; i += 2) store<u16>(to + i, load<u16>(pcm + i));
    pushAudio(part);
    pcm += part << 1;
    samples -= part;
    let phase = step();
    while (phase != PHASE_IDLE && phase != PHASE_DONE && phase != PHASE_FAILED) phase = step();
  }
}

function decided(): usize {
  if (decide() != OK) return failed();
  const record = decisionPtr();
  const index = load<i32>(record, DECISION_INDEX);
  const answerer = load<i32>(record, DECISION_ANSWERER);
  store<u8>(VALUE, index < 0 ? 0 : 1, LABEL);
  if (index >= 0) putLabel(VALUE + LABEL + 4, index);
  store<u8>(VALUE, index < 0 ? 0 : 1, INDEX);
  store<i32>(VALUE, index, INDEX + 4);
  putOption(VALUE + PROBABILITY, load<f32>(record, DECISION_PROBABILITY));
  putOption(VALUE + ENTROPY, load<f32>(record, DECISION_ENTROPY));
  putOption(VALUE + MUTUAL_INFORMATION, load<f32>(record, DECISION_MUTUAL_INFORMATION));
  putOption(VALUE + ROUTER_VARIANCE, load<f32>(record, DECISION_ROUTER_VARIANCE));
  store<u8>(VALUE, answerer < 0 ? 0 : 1, ANSWERER);
  if (answerer >= 0) putAnswerer(VALUE + ANSWERER + 4, answerer);
  store<u8>(VALUE, <u8>load<i32>(record, DECISION_ABSTAINED), ABSTAINED);
  store<u32>(VALUE, load<u32>(record, DECISION_FRAMES_SEEN), FRAMES_SEEN);
  store<u32>(VALUE, load<u32>(record, DECISION_WEIGHT_BYTES_READ), WEIGHT_BYTES_READ);
  putList(VALUE + PROBABILITIES, probabilitiesPtr(), classCount);
  putList(VALUE + BYTES, record, DECISION_BYTES);
  store<u8>(RESULT, 0);
  return RESULT;
}

/** The core's last failure as an error. */
function failed(): usize {
  const failure = lastError();
  const code = load<i32>(failure);
  if (code == ERROR_NO_FRONT_END) return refused(TAKES_FEATURES, featureCount);
  if (code == ERROR_INPUT_NOT_FINITE) return refused(NOT_FINITE, load<u32>(failure, 4));
  refused(code == ERROR_OVERFLOW ? OVERFLOWED : DAMAGED_MODEL, code);
  for (let i: usize = 4; i < 16; i += 4) store<u32>(VALUE + 4 + i, load<u32>(failure + i));
  return RESULT;
}

function refused(kind: i32, value: u32): usize {
  store<u8>(RESULT, 1);
  store<u8>(VALUE, kind);
  store<u32>(VALUE, value, 4);
  return RESULT;
}

/** A string or a list. */
function putList(at: usize, ptr: usize, count: i32): void {
  store<usize>(at, ptr);
  store<i32>(at, count, 4);
}

/** Absent values are -1 in the record. */
function putOption(at: usize, value: f32): void {
  store<u8>(at, value < 0 ? 0 : 1);
  store<f32>(at, value, 4);
}

function putLabel(at: usize, label: i32): void {
  const section = findSection(filePtr, SECTION_LABELS, 0);
  const entry = section + (<usize>label << 2);
  const start = load<i32>(entry, LABELS_OFFSETS);
  putList(at, section + start, load<i32>(entry, LABELS_OFFSETS + 4) - start - 1);
}

/** Under the probe policy the probe is answerer 0. */
function putAnswerer(at: usize, answerer: i32): void {
  const name = answerer < probes() ? routerNetwork() : expertNetwork(answerer - probes());
  let bytes = 0;
  while (bytes < NETWORK_NAME_BYTES && load<u8>(name + bytes) != 0) bytes++;
  putList(at, name, bytes);
}

function probes(): i32 {
  return policyKind() == POLICY_PROBE ? 1 : 0;
}
