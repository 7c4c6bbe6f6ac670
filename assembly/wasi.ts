// WASI preview 1 command: MODEL.qmoe CLIP.wav [SEED] -> one JSON line, the decision about the first 5 s.
// It is the scalar core with files, arguments and print around it; runs wherever preview 1 does (wasmtime, WAMR, node:wasi).
// Unlike the core it grows its memory: by the model's file and work memory, once, before anything is decided.
//
//   | static | work memory (plan) | model file |          the file is read to where work memory starts, checked, then moved up
//
// Baked (baked_wasi.ts) it has its model in it, takes no MODEL, and never grows its memory.

import {
  DECISION_ABSTAINED,
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
  load as loadModel,
  pushAudio,
  reset,
  step,
  validate,
  workPtr,
} from "./index.ts";
import { findSection } from "./model/sections.ts";
import { expertNetwork, filePtr, policyKind, routerNetwork } from "./model/state.ts";
import { BAKED } from "./uses.ts";
import { STDOUT } from "./wasi/abi.ts";
import { argumentPtr, readArguments, seedArgument, textBytes } from "./wasi/args.ts";
import { checkDevice, refuse, setSubject } from "./wasi/errors.ts";
import { openedBytes, openFile, read } from "./wasi/files.ts";
import { flush, printTo, putDecimal, putJson, putText, putUnsigned } from "./wasi/print.ts";
import { findSamples, noSamples } from "./wasi/wav.ts";

const MAX_MEMORY_BYTES: u64 = 1 << 30;

export function _start(): void {
  readArguments();
  const seed = seedArgument();
  if (BAKED) {
    setSubject(argumentPtr(0), textBytes(argumentPtr(0)));
    checkDevice(init());
  } else openModel(argumentPtr(1));
  reset(seed);
  listen(argumentPtr(BAKED ? 1 : 2));
  checkDevice(decide());
  printDecision();
}

function openModel(path: usize): void {
  const fd = openFile(path);
  const bytes = openedBytes();
  const base = workPtr();
  reserve(base + bytes);
  const got = read(fd, base, <i32>bytes);
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
