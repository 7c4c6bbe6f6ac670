// Judges what is in the sections that are no network: input spec, front end, normalization, policy, labels. 0, or an error code whose details are in
// the failure record.

import {
  ERROR_FRONT_END,
  ERROR_INPUT,
  ERROR_LABELS,
  ERROR_MISSING_SECTION,
  ERROR_NORMALIZATION,
  ERROR_NOT_FINITE,
  ERROR_PLAN,
  ERROR_POLICY,
  OK,
} from "../format/errors.ts";
import {
  INPUT_FEATURES,
  INPUT_FEATURE_SET,
  INPUT_SOURCE,
  INPUT_VECTORS_BYTES,
  LABELS_COUNT,
  LABELS_OFFSETS,
  NORMALIZATION_BYTES,
  NORMALIZATION_CLIP,
  NORMALIZATION_COUNT,
  NORMALIZATION_INVERSE_STD_OFFSET,
  NORMALIZATION_MEAN_OFFSET,
  PLAN_CLASSES,
  PLAN_FEATURES,
  POLICY_ABSTAIN,
  POLICY_ALPHA,
  POLICY_BYTES,
  POLICY_ESCALATE,
  POLICY_KIND,
  POLICY_SAMPLES,
  POLICY_VARIANCE_SCALE,
} from "../format/file.ts";
import {
  ALIGNMENT,
  FEATURE_SET_VALUES,
  MAX_CLASSES,
  MAX_SAMPLES,
  MAX_WIDTH,
  POLICY_BAYESIAN,
  POLICY_FEATURES,
  POLICY_PROBE,
  POLICY_SINGLE,
  SECTION_FRONT_END,
  SECTION_INPUT,
  SECTION_LABELS,
  SECTION_NORMALIZATION,
  SECTION_POLICY,
  SOURCE_AUDIO,
  SOURCE_VECTORS,
} from "../format/ids.ts";
import { frontEndValidate } from "../frontend/front_end.ts";
import { fail } from "../kernels/fail.ts";
import { isFinite32 } from "../kernels/quantize.ts";
import { BAKED, USES_BAYESIAN, USES_FEATURES_ONLY, USES_FRONT_END, USES_PROBE, USES_SAMPLES, USES_SINGLE } from "../uses.ts";
import { findSection, sectionBytes } from "./sections.ts";

/** The input spec, and the front end section that it asks for: models of vectors have none. `features` is what the plan says. */
export function checkInput(file: usize, features: i32): i32 {
  const input = findSection(file, SECTION_INPUT, 0);
  const bytes = sectionBytes(file, SECTION_INPUT, 0);
  if (input == 0) return fail(ERROR_MISSING_SECTION, SECTION_INPUT, 1, 0);
  if (bytes < INPUT_VECTORS_BYTES) return fail(ERROR_INPUT, -1, INPUT_VECTORS_BYTES, bytes);
  const source = load<i32>(input, INPUT_SOURCE);
  const count = load<i32>(input, INPUT_FEATURES);
  const frontEnd = findSection(file, SECTION_FRONT_END, 0);
  if (source == SOURCE_VECTORS) {
    if (bytes != INPUT_VECTORS_BYTES) return fail(ERROR_INPUT, -1, INPUT_VECTORS_BYTES, bytes);
    const set = load<i32>(input, INPUT_FEATURE_SET);
    if (set != FEATURE_SET_VALUES) return fail(ERROR_INPUT, INPUT_FEATURE_SET, FEATURE_SET_VALUES, set);
    if (count < 1 || count > MAX_WIDTH) return fail(ERROR_INPUT, INPUT_FEATURES, MAX_WIDTH, count);
    if (frontEnd != 0) return fail(ERROR_FRONT_END, 0, 0, sectionBytes(file, SECTION_FRONT_END, 0));
  } else {
    if (!USES_FRONT_END || source != SOURCE_AUDIO) return fail(ERROR_INPUT, INPUT_SOURCE, USES_FRONT_END ? SOURCE_AUDIO : SOURCE_VECTORS, source);
    if (frontEnd == 0) return fail(ERROR_MISSING_SECTION, SECTION_FRONT_END, 1, 0);
    const error = frontEndValidate(input, bytes, frontEnd, sectionBytes(file, SECTION_FRONT_END, 0));
    if (error != OK) return error;
  }
  return features == count ? OK : fail(ERROR_PLAN, PLAN_FEATURES, count, features);
}

export function checkNormalization(file: usize, features: i32): i32 {
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

export function checkPolicy(file: usize): i32 {
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

export function checkLabels(file: usize, classes: i32): i32 {
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
