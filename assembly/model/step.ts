// One decision, one step at a time, so that a scheduler can interleave and a meter can read counters between phases.
//
//   PCM -> frames -> features -> router (an op or a sample a step) -> expert (an op a step) -> decision record
//                                   probe sure? ---------------------------------------------------^
//   In a stream (stream.ts) frames also feed the gate, and the window then moves on by a hop.
//
// Who may answer ("answerers"): under the probe policy the probe is 0 and expert i is i + 1; otherwise expert i is i.

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
  DECISION_STATUS,
  DECISION_WEIGHT_BYTES_READ,
  STATUS_DECIDED,
} from "../format/decision.ts";
import { ERROR_NO_FRONT_END, ERROR_NOT_LOADED, ERROR_OVERFLOW, OK } from "../format/errors.ts";
import { OP_DROPOUT, POLICY_ALPHA, POLICY_VARIANCE_SCALE } from "../format/file.ts";
import {
  PHASE_DONE,
  PHASE_EXPERT,
  PHASE_FAILED,
  PHASE_FEATURES,
  PHASE_FRAME,
  PHASE_HOP,
  PHASE_IDLE,
  PHASE_ROUTER,
  POLICY_FEATURES,
  POLICY_PROBE,
  POLICY_SINGLE,
} from "../format/ids.ts";
import {
  FRONT_END_FEATURES,
  FRONT_END_FRAME,
  FRONT_END_READY,
  framesSeen,
  frontEndHop,
  frontEndReset,
  frontEndStep,
  newestLevel,
  windowHeard,
} from "../frontend/front_end.ts";
import { clearFailure, fail, failureCode } from "../kernels/fail.ts";
import { argmax, softmax } from "../layers/softmax.ts";
import { lastOp, opCount, opPtr, outputOffset, outputValues } from "../ops/records.ts";
import { runOp } from "../ops/table.ts";
import { dropout } from "../router/dropout.ts";
import { chooseExpert } from "../router/policy.ts";
import { seedRandom } from "../router/random.ts";
import { addSample, clearSamples, entropy, meanOfSamples, varianceOfSamples } from "../router/uncertainty.ts";
import { USES_BAYESIAN, USES_FEATURES_ONLY, USES_FRONT_END, USES_PROBE, USES_SAMPLES, USES_SINGLE } from "../uses.ts";
import { placeOf } from "./network.ts";
import { checkFinite, normalize } from "./normalize.ts";
import {
  abstainBelow,
  buffersPtr,
  cachePtr,
  classCount,
  escalateAbove,
  expertCount,
  expertNetwork,
  featureCount,
  featuresPtr,
  filePtr,
  hasFrontEnd,
  policyKind,
  policyPtr,
  policySamples,
  probabilityPtr,
  routerNetwork,
  scratchPtr,
  squarePtr,
  sumPtr,
} from "./state.ts";
import { hear, hopFrames, lambda, slept, streamReset, streams, vote } from "./stream.ts";

/** What the next step does. */
const LISTEN = 0;
const THINK = 1;
const FINISHED = 2;
/** In a stream, once somebody knows that the record is complete: move on. */
const LEAVE = 3;

const RECORD: usize = memory.data(DECISION_BYTES, 16);

let windowSeed: u32 = 0;
let stage: i32 = 0; // LISTEN; a literal, because any other initializer would need a start function
let network: usize = 0;
/** Index among the answerers, or -1 for a router that only routes. */
let answerer: i32 = 0;
/** Index of the op that runs next. */
let next: i32 = 0;
let samplesLeft: i32 = 0;
let entropyOfSamples: f32 = 0;

export function decisionRecord(): usize {
  return RECORD;
}

/** Starts a new window: audio, features and random numbers of the last one are forgotten. */
export function resetDecision(seed: u32): void {
  windowSeed = seed;
  clearFailure();
  startWindow();
  streamReset();
  if (USES_FRONT_END && filePtr != 0 && hasFrontEnd) frontEndReset();
}

function startWindow(): void {
  if (USES_SAMPLES) seedRandom(windowSeed);
  stage = LISTEN;
  for (let i = 0; i < DECISION_BYTES; i += 4) store<i32>(RECORD + i, 0);
  store<i32>(RECORD, -1, DECISION_INDEX);
  store<i32>(RECORD, -1, DECISION_ANSWERER);
  store<f32>(RECORD, -1, DECISION_PROBABILITY);
  store<f32>(RECORD, -1, DECISION_ENTROPY);
  store<f32>(RECORD, -1, DECISION_MUTUAL_INFORMATION);
  store<f32>(RECORD, -1, DECISION_ROUTER_VARIANCE);
}

/** The next window of a stream: what a clip that starts there would give, since every decision begins with the same seed. */
function hop(): i32 {
  frontEndHop(hopFrames());
  startWindow();
  return PHASE_HOP;
}

/** One step; `pad`: audio that has not come counts as silence, the gate is not asked, and no window follows. Returns the phase that the step belonged to. */
export function stepOnce(pad: bool): i32 {
  if (filePtr == 0) fail(ERROR_NOT_LOADED, 0, 0, 0);
  if (failureCode() != OK) return PHASE_FAILED;
  if (stage == LEAVE && !pad) return hop();
  if (stage >= FINISHED) {
    if (streams()) stage = LEAVE;
    return PHASE_DONE;
  }
  if (stage == LISTEN) return listen(pad);
  return think();
}

/** Features at featuresPtr are complete (the host wrote them): skips the front end. */
export function takeFeatures(): i32 {
  if (filePtr == 0) return fail(ERROR_NOT_LOADED, 0, 0, 0);
  const error = checkFinite(featuresPtr);
  if (error != OK) return error;
  startNetworks();
  return OK;
}

function listen(pad: bool): i32 {
  if (!USES_FRONT_END || !hasFrontEnd) {
    if (!pad) return PHASE_IDLE;
    fail(ERROR_NO_FRONT_END, 0, featureCount, 0);
    return PHASE_FAILED;
  }
  if (!pad && windowHeard() && slept()) {
    vote(-1);
    return hop();
  }
  const did = frontEndStep(pad);
  store<i32>(RECORD, framesSeen(), DECISION_FRAMES_SEEN);
  if (did == FRONT_END_FRAME) {
    if (streams()) hear(newestLevel());
    return PHASE_FRAME;
  }
  if (did == FRONT_END_FEATURES) return PHASE_FEATURES;
  if (did != FRONT_END_READY) return PHASE_IDLE;
  if (takeFeatures() != OK) return PHASE_FAILED;
  return stage == FINISHED ? PHASE_DONE : think();
}

function startNetworks(): void {
  const kind = policyKind();
  if (USES_FEATURES_ONLY && kind == POLICY_FEATURES) {
    stage = FINISHED;
    store<i32>(RECORD, STATUS_DECIDED, DECISION_STATUS);
    return;
  }
  stage = THINK;
  if (USES_SINGLE && kind == POLICY_SINGLE) {
    startNetwork(expertNetwork(0), 0);
    return;
  }
  startNetwork(routerNetwork(), USES_PROBE && kind == POLICY_PROBE ? 0 : -1);
  if (!USES_SAMPLES) return;
  samplesLeft = policySamples();
  entropyOfSamples = 0;
  if (samplesLeft > 0) clearSamples(sumPtr, squarePtr, outputValues(network, lastOp(network)));
}

/** z-scored, clipped features become the buffer that the first op reads. */
function startNetwork(networkPtr: usize, index: i32): void {
  network = networkPtr;
  answerer = index;
  next = 0;
  samplesLeft = 0;
  normalize(featuresPtr, buffersPtr);
}

function isRouter(): bool {
  return network == routerNetwork();
}

function think(): i32 {
  const phase = isRouter() ? PHASE_ROUTER : PHASE_EXPERT;
  if (USES_SAMPLES && samplesLeft > 0 && next > 0) return sample() ? phase : PHASE_FAILED;
  const op = opPtr(network, next);
  if (!advance(next)) return PHASE_FAILED;
  next++;
  if (USES_SAMPLES && samplesLeft > 0) {
    // no dropout acts before the first ReLU, so the first op runs once for all samples
    const fromPtr = outputPtr(op);
    const bytes = (<usize>outputValues(network, op)) << 2;
    for (let i: usize = 0; i < bytes; i += 4) store<f32>(cachePtr + i, load<f32>(fromPtr + i));
  } else if (next == opCount(network)) {
    if (!conclude(outputValues(network, op))) return PHASE_FAILED;
    answer();
  }
  return phase;
}

function outputPtr(op: usize): usize {
  return buffersPtr + outputOffset(network, op);
}

/** Probabilities of the network's logits. */
function conclude(outputs: i32): bool {
  if (softmax(outputPtr(lastOp(network)), probabilityPtr, outputs)) return true;
  overflow(opCount(network) - 1);
  return false;
}

/** One pass through the tail with dropout. */
function sample(): bool {
  const ops = opCount(network);
  drop(opPtr(network, 0), cachePtr);
  for (let i = 1; i < ops; i++) {
    if (!advance(i)) return false;
    const op = opPtr(network, i);
    if (load<f32>(op, OP_DROPOUT) > 0) drop(op, outputPtr(op));
  }
  const outputs = outputValues(network, lastOp(network));
  if (!conclude(outputs)) return false;
  addSample(probabilityPtr, sumPtr, squarePtr, outputs);
  entropyOfSamples += entropy(probabilityPtr, outputs);
  if (--samplesLeft == 0) concludeSamples(outputs);
  return true;
}

/** Values at fromPtr into an op's output buffer, without those that its dropout drops. */
function drop(op: usize, fromPtr: usize): void {
  dropout(fromPtr, outputPtr(op), outputValues(network, op), load<f32>(op, OP_DROPOUT));
}

function concludeSamples(outputs: i32): void {
  const samples = policySamples();
  meanOfSamples(sumPtr, probabilityPtr, outputs, samples);
  const variance = varianceOfSamples(sumPtr, squarePtr, outputs, samples);
  const information = entropy(probabilityPtr, outputs) - entropyOfSamples / <f32>samples;
  store<f32>(RECORD, information > 0 ? information : 0, DECISION_MUTUAL_INFORMATION);
  store<f32>(RECORD, variance, DECISION_ROUTER_VARIANCE);
  if (!USES_BAYESIAN || answerer >= 0) {
    answer();
    return;
  }
  // in this order alpha = 0 gives 0 whatever the scale is
  const strength = (load<f32>(policyPtr, POLICY_ALPHA) * variance) / load<f32>(policyPtr, POLICY_VARIANCE_SCALE);
  const chosen = chooseExpert(probabilityPtr, policyPtr, expertCount, strength < <f32>1e6 ? strength : <f32>1e6, lambda());
  startNetwork(expertNetwork(chosen), chosen);
}

function advance(index: i32): bool {
  const bytes = runOp(network, opPtr(network, index), buffersPtr, scratchPtr);
  if (bytes < 0) {
    overflow(index);
    return false;
  }
  store<i32>(RECORD, load<i32>(RECORD, DECISION_WEIGHT_BYTES_READ) + bytes, DECISION_WEIGHT_BYTES_READ);
  return true;
}

function overflow(index: i32): void {
  const number = answerer + (USES_PROBE && policyKind() == POLICY_PROBE ? 0 : 1);
  fail(ERROR_OVERFLOW, placeOf(number, index), 0, 0);
}

/** probabilityPtr holds the answerer's softmax: answer, or escalate to the next expert. */
function answer(): void {
  const h = entropy(probabilityPtr, classCount);
  if (USES_PROBE && policyKind() == POLICY_PROBE && answerer < expertCount && h > escalateAbove(answerer)) {
    startNetwork(expertNetwork(answerer), answerer + 1);
    return;
  }
  const label = argmax(probabilityPtr, classCount);
  const probability = load<f32>(probabilityPtr + ((<usize>label) << 2));
  store<i32>(RECORD, label, DECISION_INDEX);
  store<f32>(RECORD, probability, DECISION_PROBABILITY);
  store<f32>(RECORD, h, DECISION_ENTROPY);
  store<i32>(RECORD, answerer, DECISION_ANSWERER);
  const abstains = probability < abstainBelow(answerer);
  store<i32>(RECORD, abstains ? 1 : 0, DECISION_ABSTAINED);
  store<i32>(RECORD, STATUS_DECIDED, DECISION_STATUS);
  if (streams()) vote(abstains ? -1 : label);
  stage = FINISHED;
}
