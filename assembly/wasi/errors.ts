// How the command fails: two lines on stderr and an exit code, 1 failed, 2 wrong usage.
//
//   qurio: FILE: what is wrong (NAME)
//   what to do
//
// Errors of the core keep their name and number; host/errors.ts and docs/reference/troubleshooting.md have the whole story of each.

import { SAMPLE_RATE } from "../format/input_spec.ts";
import { RING_FRAMES } from "../format/plan.ts";
import { failPtr } from "../kernels/fail.ts";
import { BAKED } from "../uses.ts";
import { proc_exit, STDERR } from "./abi.ts";
import { flush, printTo, putBytes, putSeconds, putSigned, putText, putUnsigned } from "./print.ts";

/** Names of format/errors.ts in the order of their numbers, a space behind each; a series starts at 101, 201 and 301. */
const FILE_ERRORS = "TRUNCATED NOT_A_MODEL VERSION FILE_BYTES HEADER_CRC SECTION_TABLE SECTION_CRC PADDING MISSING_SECTION MISALIGNED OTHER_MODEL ";
const MODEL_ERRORS =
  "PLAN FRONT_END NORMALIZATION NETWORK LAYER_SHAPE WEIGHT_TYPE LAYOUT TENSOR_BOUNDS SCALE NOT_FINITE POLICY LABELS WEIGHT_CODES TENSOR_NOT_FINITE LAYER OP BUFFER INPUT ";
const RUN_ERRORS = "NOT_LOADED MEMORY NO_FRONT_END AUDIO_OVERFLOW INPUT_NOT_FINITE OVERFLOW OVERLAP ";

/** The file that is being read, for messages. */
let subjectPtr: usize = 0;
let subjectBytes: i32 = 0;

export function setSubject(namePtr: usize, nameBytes: i32): void {
  subjectPtr = namePtr;
  subjectBytes = nameBytes;
}

/** `qurio: FILE`; the caller adds what is wrong with it and its name in brackets, and calls end(). */
export function begin(): void {
  printTo(STDERR);
  putText("qurio: ");
  putBytes(subjectPtr, subjectBytes);
}

/** Adds the hint and ends the program. */
export function end(hint: string): void {
  putText("\n");
  leave(hint);
}

/** The same with a hint that names the sample rate. */
export function endWithRate(before: string, behind: string): void {
  putText("\n");
  putText(before);
  putUnsigned(SAMPLE_RATE);
  leave(behind);
}

function leave(text: string): void {
  putText(text);
  putText("\n");
  flush();
  proc_exit(1);
  unreachable();
}

/** A failure without numbers: what is wrong with the file and the error's name, and what to do. */
export function refuse(problem: string, hint: string): void {
  begin();
  putText(problem);
  end(hint);
}

export function usage(): void {
  printTo(STDERR);
  if (BAKED) {
    putText("qurio: clips expected (USAGE)\nUsage: [--seed N] [--record] [--features] CLIP..., files in preopened folders\n");
  } else {
    putText("qurio: a model and clips expected (USAGE)\n");
    putText("Usage: qurio-wasi.wasm [--seed N] [--record] [--features] MODEL CLIP..., files in preopened folders\n");
  }
  putText("  - instead of a clip: raw 16-bit samples, ");
  putUnsigned(SAMPLE_RATE);
  putText(" Hz, on standard input; [--hop 0.01..");
  putSeconds(RING_FRAMES);
  putText(" s] [--wake 0.1..100 dB] [--votes K/N]\n");
  flush();
  proc_exit(2);
  unreachable();
}

/** Ends the program with the core's last failure unless `code` is 0. */
export function checkDevice(code: i32): void {
  if (code == 0) return;
  const failure = failPtr();
  begin();
  putText(": device error ");
  putUnsigned(code);
  putText(", place ");
  putSigned(load<i32>(failure, 4));
  putText(", expected ");
  putSigned(load<i32>(failure, 8));
  putText(", found ");
  putSigned(load<i32>(failure, 12));
  putText(" (");
  putWord(code > 300 ? RUN_ERRORS : code > 200 ? MODEL_ERRORS : FILE_ERRORS, code % 100 - 1);
  putText(")");
  if (code < 200) end("Damaged, or not a qurio model: copy it again, or export it again.");
  else if (code < 300) end("Intact, but for another version of qurio: export it again.");
  else end("docs/reference/troubleshooting.md explains it.");
}

/** Word number `index` of a list with a space behind each. */
function putWord(words: string, index: i32): void {
  let ptr = changetype<usize>(words);
  for (; index > 0; ptr += 2) if (load<u16>(ptr) == 32) index--;
  for (; load<u16>(ptr) != 32; ptr += 2) putBytes(ptr, 1);
}
