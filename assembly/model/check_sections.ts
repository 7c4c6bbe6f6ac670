// Judges what is in the sections that are no network: front end, normalization, policy, labels. 0, or an error code whose details are in
// the failure record.

import {
  ERROR_FRONT_END,
  ERROR_LABELS,
  ERROR_MISSING_SECTION,
  ERROR_NORMALIZATION,
  ERROR_NOT_FINITE,
  ERROR_PLAN,
  ERROR_POLICY,
  OK,
} from "../format/errors.ts";
import {
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
  MAX_CLASSES,
  MAX_SAMPLES,
  POLICY_BAYESIAN,
  POLICY_FEATURES,
  POLICY_PROBE,
  POLICY_SINGLE,
  SECTION_FRONT_END,
  SECTION_LABELS,
  SECTION_NORMALIZATION,
  SECTION_POLICY,
} from "../format/ids.ts";
import { RICH_FEATURES } from "../format/plan.ts";
import { frontEndValidate } from "../frontend/front_end.ts";
import { fail } from "../kernels/fail.ts";
import { isFinite32 } from "../kernels/quantize.ts";
import { BAKED, USES_BAYESIAN, USES_FEATURES_ONLY, USES_FRONT_END, USES_PROBE, USES_SAMPLES, USES_SINGLE } from "../uses.ts";
import { findSection, sectionBytes } from "./sections.ts";

export function checkFrontEnd(file: usize, features: i32): i32 {
  const frontEnd = findSection(file, SECTION_FRONT_END, 0);
  if (frontEnd == 0) return OK;
  if (!USES_FRONT_END) return fail(ERROR_FRONT_END, 0, 0, sectionBytes(file, SECTION_FRONT_END, 0));
  if (features != RICH_FEATURES) return fail(ERROR_PLAN, PLAN_FEATURES, RICH_FEATURES, features);
  return frontEndValidate(frontEnd, sectionBytes(file, SECTION_FRONT_END, 0));
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
