// WASI preview 1 command: [--seed N] [--record] [--features] MODEL CLIP... -> a JSON line for each clip, the decision about its first 5 s.
// --record adds the decision record's 40 bytes to the line; --features takes raw feature vectors (float32) instead of WAV files.
// CLIP - is a stream of 16-bit samples on standard input, with a line for each window: wasi/stdin.ts.
// It is the scalar core with files, arguments and print around it; runs wherever preview 1 does (wasmtime, WAMR, node:wasi).
// Unlike the core it grows its memory: by the model's file and work memory, before anything is decided. It uses only what it has grown,
// because WAMR keeps a heap of its own between the memory that a module declares and the memory that it grows.
//
//   | static | runtime's | work memory (plan) | model file |      the file is read to where work memory starts, checked, then moved up
//
// Baked (baked_wasi.ts) it has its model in it, takes no MODEL, and never grows its memory.

import { PLAN_WORK_BYTES } from "./format/file.ts";
import { PHASE_DONE, PHASE_FAILED, PHASE_IDLE, SECTION_PLAN } from "./format/ids.ts";
import { init } from "./baked.ts";
import {
  audioPtr,
  audioSpace,
  decide,
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
import { featureCount, startWorkAt } from "./model/state.ts";
import { BAKED } from "./uses.ts";
import { argumentCount, argumentPtr, isStandardInput, programPtr, readArguments, seed, takesFeatures, textBytes } from "./wasi/args.ts";
import { begin, checkDevice, end, refuse, setSubject } from "./wasi/errors.ts";
import { openFile, read } from "./wasi/files.ts";
import { printDecision } from "./wasi/line.ts";
import { putText, putUnsigned } from "./wasi/print.ts";
import { stream } from "./wasi/stdin.ts";
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
    if (isStandardInput(argumentPtr(i))) {
      stream();
      continue;
    }
    reset(seed);
    if (takesFeatures) readFeatures(argumentPtr(i));
    else listen(argumentPtr(i));
    checkDevice(decide());
    printDecision(-1);
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
