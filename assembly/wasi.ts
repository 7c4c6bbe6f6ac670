// WASI preview 1 command: [--seed N] [--record] [--features] MODEL CLIP... -> a JSON line for each clip, the decision about its first 5 s.
// --record adds the decision record's 40 bytes to the line; --features takes raw feature vectors (float32) instead of WAV files.
// It is the scalar core with files, arguments and print around it; runs wherever preview 1 does (wasmtime, WAMR, node:wasi).
// Unlike the core it grows its memory: by the model's file and work memory, before anything is decided. It uses only what it has grown,
// because WAMR keeps a heap of its own between the memory that a module declares and the memory that it grows.
//
//   | static | runtime's | work memory (plan) | model file |      the file is read to where work memory starts, checked, then moved up
//
// Baked (baked_wasi.ts) it has its model in it, takes no MODEL, and never grows its memory.

import {
  DECISION_ABSTAINED,
  DECISION_BYTES,
  DECISION_ENTROPY,
  DECISION_EXPERT,
  DECISION_FRAMES_SEEN,
  DECISION_LABEL,
  DECISION_MUTUAL_INFORMATION,
  DECISION_PROBABILITY,
  DECISION_ROUTER_VARIANCE,
  DECISION_STATUS,
  DECISION_WEIGHT_BYTES,
} from "./format/decision.ts";
import { LABELS_OFFSETS, NETWORK_NAME_BYTES, PLAN_WORK_BYTES } from "./format/file.ts";
import { PHASE_DONE, PHASE_FAILED, PHASE_IDLE, POLICY_PROBE, SECTION_LABELS, SECTION_PLAN } from "./format/ids.ts";
import { init } from "./baked.ts";
import {
  audioPtr,
  audioSpace,
  decide,
  decisionPtr,
  featuresPtr,
  load as loadModel,
  pushAudio,
  pushFeatures,
  reset,
  step,
  validate,
  workPtr,
} from "./index.ts";
import { findSection } from "./model/sections.ts";
import { expertNetwork, featureCount, filePtr, policyKind, routerNetwork, startWorkAt } from "./model/state.ts";
import { BAKED } from "./uses.ts";
import { STDOUT } from "./wasi/abi.ts";
import { argumentCount, argumentPtr, programPtr, readArguments, seed, takesFeatures, textBytes, wantsRecord } from "./wasi/args.ts";
import { begin, checkDevice, end, refuse, setSubject } from "./wasi/errors.ts";
import { openFile, read } from "./wasi/files.ts";
import { flush, printTo, putDecimal, putHex, putJson, putText, putUnsigned } from "./wasi/print.ts";
import { findSamples, noSamples } from "./wasi/wav.ts";

const MAX_MEMORY_BYTES: u64 = 1 << 30;
/** How much of the model is read at once: memory is got for that much more. */
const PART_BYTES = 65536;

export function _start(): void {
  readArguments(BAKED ? 1 : 2);
  if (BAKED) {
    setSubject(programPtr(), textBytes(programPtr()));
    checkDevice(init());
  } else openModel(argumentPtr(0));
  for (let i = BAKED ? 0 : 1; i < argumentCount(); i++) {
    reset(seed);
    if (takesFeatures) readFeatures(argumentPtr(i));
    else listen(argumentPtr(i));
    checkDevice(decide());
    printDecision();
  }
}

/** Reads to the file's end: the sizes that old runtimes state are wrong. */
function openModel(path: usize): void {
  const fd = openFile(path);
  startWorkAt(<usize>memory.size() << 16);
  const base = workPtr();
  let got: i32 = 0;
  let part: i32 = PART_BYTES;
  while (part == PART_BYTES) {
    reserve(<u64>base + got + PART_BYTES);
    part = read(fd, base + got, PART_BYTES);
    got += part;
  }
  checkDevice(validate(base, got));
  const place = base + load<u32>(findSection(base, SECTION_PLAN, 0), PLAN_WORK_BYTES);
  reserve(<u64>place + got);
  // upwards, so from the end; a sound file is a multiple of 16 bytes long
  for (let i = got - 8; i >= 0; i -= 8) store<u64>(place + i, load<u64>(base + i));
  checkDevice(loadModel(place, got));
}

function reserve(endBytes: u64): void {
  const missing = <i64>endBytes - (<i64>memory.size() << 16);
  if (missing <= 0) return;
  if (endBytes > MAX_MEMORY_BYTES || memory.grow(<i32>((missing + 65535) >> 16)) < 0) {
    refuse(" does not fit in memory (INPUT_TOO_LARGE)", "Give the runtime more memory, or use a smaller model.");
  }
}

/** Streams the clip through the PCM buffer of the model's plan. */
function listen(path: usize): void {
  if (audioPtr() == 0) checkDevice(decide());
  const fd = openFile(path);
  let left = findSamples(fd);
  let heard: i32 = 0;
  while (left > 1 && audioSpace() > 0) {
    const want = <i32>min<u32>(left, audioSpace() << 1);
    const got = read(fd, audioPtr(), want);
    pushAudio(got >> 1);
    heard += got >> 1;
    left = got < want ? 0 : left - got;
    let phase = step();
    while (phase != PHASE_IDLE && phase != PHASE_DONE && phase != PHASE_FAILED) phase = step();
  }
  if (heard == 0) noSamples();
}

/** Files hold the vector as memory does. A value too many is noticed: it goes to memory that is free until the features are taken. */
function readFeatures(path: usize): void {
  const bytes = featureCount << 2;
  const got = read(openFile(path), featuresPtr(), bytes + 4);
  if (got != bytes) {
    begin();
    putText(": ");
    putUnsigned(bytes);
    putText(" bytes of features expected, found ");
    putUnsigned(got);
    putText(" (FEATURES_SHAPE)");
    end("One float32 a feature, little-endian.");
  }
  checkDevice(pushFeatures());
}

// ---- the line ----

function printDecision(): void {
  const record = decisionPtr();
  printTo(STDOUT);
  putText('{"status":');
  putUnsigned(load<u32>(record, DECISION_STATUS));
  putText(',"label":');
  const label = load<i32>(record, DECISION_LABEL);
  putLabel(label);
  putText(',"index":');
  putIndex(label);
  putText(',"probability":');
  putQuantity(load<f32>(record, DECISION_PROBABILITY));
  putText(',"entropy":');
  putQuantity(load<f32>(record, DECISION_ENTROPY));
  putText(',"mutualInformation":');
  putQuantity(load<f32>(record, DECISION_MUTUAL_INFORMATION));
  putText(',"routerVariance":');
  putQuantity(load<f32>(record, DECISION_ROUTER_VARIANCE));
  putText(',"expert":');
  putExpert(load<i32>(record, DECISION_EXPERT));
  putText(',"abstained":');
  putText(load<i32>(record, DECISION_ABSTAINED) != 0 ? "true" : "false");
  putText(',"framesSeen":');
  putUnsigned(load<u32>(record, DECISION_FRAMES_SEEN));
  putText(',"weightBytesRead":');
  putUnsigned(load<u32>(record, DECISION_WEIGHT_BYTES));
  if (wantsRecord) {
    putText(',"record":"');
    putHex(record, DECISION_BYTES);
    putText('"');
  }
  putText("}\n");
  flush();
}

/** Absent values are -1 in the record and null here. */
function putQuantity(x: f32): void {
  if (x < 0) putText("null");
  else putDecimal(x);
}

function putIndex(index: i32): void {
  if (index < 0) putText("null");
  else putUnsigned(index);
}

function putLabel(index: i32): void {
  if (index < 0) {
    putText("null");
    return;
  }
  const section = findSection(filePtr, SECTION_LABELS, 0);
  const entry = section + (<usize>index << 2);
  const start = load<i32>(entry, LABELS_OFFSETS);
  putJson(section + start, load<i32>(entry, LABELS_OFFSETS + 4) - start - 1);
}

/** Name of the network that answered: under the probe policy the probe is answerer 0. */
function putExpert(answerer: i32): void {
  if (answerer < 0) {
    putText("null");
    return;
  }
  const probes = policyKind() == POLICY_PROBE ? 1 : 0;
  const name = answerer < probes ? routerNetwork() : expertNetwork(answerer - probes);
  let bytes: i32 = 0;
  while (bytes < NETWORK_NAME_BYTES && load<u8>(name + bytes) != 0) bytes++;
  putJson(name, bytes);
}
