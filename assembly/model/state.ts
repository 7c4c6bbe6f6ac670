// What load() found and where everything lies; the only mutable state of the core beside the front end's.
//
//   workPtr                                                                             the model file, anywhere else
//   | features f32 [F] | scratch | ring of codes [frames][bands] | PCM i16 [audioSamples] |         | header | plan | … |
//
//   scratch, networks' view (the front end's is drawn in frontend/scratch.ts):
//   | buffers | scratch of an op | cache f32 [cache] | p | sum | squares: f32 [outputs] each |

import { POLICY_ABSTAIN, POLICY_ESCALATE, POLICY_KIND, POLICY_SAMPLES } from "../format/file.ts";
import { SECTION_EXPERT, SECTION_ROUTER } from "../format/ids.ts";
import { align16 } from "../format/plan.ts";
import { findSection } from "./sections.ts";

export let filePtr: usize = 0;
export let policyPtr: usize = 0;
export let normalizationPtr: usize = 0;
export let featureCount: i32 = 0;
export let classCount: i32 = 0;
export let expertCount: i32 = 0;
export let hasFrontEnd: bool = false;

export let featuresPtr: usize = 0;
export let buffersPtr: usize = 0;
export let scratchPtr: usize = 0;
export let cachePtr: usize = 0;
export let probabilityPtr: usize = 0;
export let sumPtr: usize = 0;
export let squarePtr: usize = 0;
export let ringPtr: usize = 0;
export let audioBufferPtr: usize = 0;

let workStart: usize = 0; // a literal, because any other initializer would need a start function

/** First byte that the module does not use itself: work memory starts here. */
export function workPtr(): usize {
  return workStart != 0 ? workStart : (__heap_base + 15) & ~15;
}

/** Before load, for who shares memory with somebody else: from here on everything is free. A multiple of 16. */
export function startWorkAt(ptr: usize): void {
  workStart = ptr;
}

export function unloaded(): void {
  filePtr = 0;
}

export function setModel(
  file: usize,
  policy: usize,
  normalization: usize,
  features: i32,
  classes: i32,
  experts: i32,
  frontEnd: bool,
): void {
  filePtr = file;
  policyPtr = policy;
  normalizationPtr = normalization;
  featureCount = features;
  classCount = classes;
  expertCount = experts;
  hasFrontEnd = frontEnd;
}

export function setMemory(arena: i32, buffers: i32, scratch: i32, cache: i32, outputs: i32, ring: i32): void {
  featuresPtr = workPtr();
  buffersPtr = featuresPtr + align16(featureCount * 4);
  scratchPtr = buffersPtr + align16(buffers);
  cachePtr = scratchPtr + align16(scratch);
  probabilityPtr = cachePtr + align16(cache * 4);
  sumPtr = probabilityPtr + align16(outputs * 4);
  squarePtr = sumPtr + align16(outputs * 4);
  ringPtr = workPtr() + arena;
  audioBufferPtr = ringPtr + align16(ring);
}

export function routerNetwork(): usize {
  return findSection(filePtr, SECTION_ROUTER, 0);
}

export function expertNetwork(index: i32): usize {
  return findSection(filePtr, SECTION_EXPERT, index);
}

export function policyKind(): i32 {
  return load<i32>(policyPtr, POLICY_KIND);
}

export function policySamples(): i32 {
  return load<i32>(policyPtr, POLICY_SAMPLES);
}

/** Entropy above which answerer i escalates. */
export function escalateAbove(answerer: i32): f32 {
  return load<f32>(policyPtr + (answerer << 2), POLICY_ESCALATE);
}

/** Probability below which answerer i abstains. */
export function abstainBelow(answerer: i32): f32 {
  return load<f32>(policyPtr + (answerer << 2), POLICY_ABSTAIN);
}
