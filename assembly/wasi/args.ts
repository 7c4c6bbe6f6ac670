// The command's arguments: [--seed N] [--record] [--features] [--hop S] [--wake DB] [--votes K/N] MODEL CLIP...; options stand in front, and
// begin with two dashes.

import { FRAMES_A_SECOND, RING_FRAMES } from "../format/plan.ts";
import { STREAM_MAX_VOTES } from "../format/stream.ts";
import { args_get, args_sizes_get } from "./abi.ts";
import { usage } from "./errors.ts";

const MAX_ARGUMENTS = 64;
const MAX_BYTES = 4096;
const ARGV: usize = memory.data(4 * MAX_ARGUMENTS, 4);
const TEXT: usize = memory.data(MAX_BYTES);
const SIZES: usize = memory.data(8, 4);

/** Feeds the router's dropout. */
export let seed: u32 = 0;
/** Each line also has the decision record's bytes. */
export let wantsRecord: bool = false;
/** Clips are feature vectors. */
export let takesFeatures: bool = false;

/** Of a stream: frames of 10 ms from window to window, decibels that wake the gate (0: none), votes that start an event, and of how many. */
export let hopFrames: i32 = 0; // a literal, because any other initializer would need a start function
export let wakeDecibels: f32 = 0;
export let startVotes: i32 = 1;
export let votes: i32 = 1;

let count: i32 = 0;
/** The first argument behind the options; 0 is the program's name. */
let first: i32 = 0;

/** Reads the arguments; ends the program unless there are `fewest` or more behind the options. */
export function readArguments(fewest: i32): void {
  hopFrames = FRAMES_A_SECOND;
  args_sizes_get(SIZES, SIZES + 4);
  count = load<i32>(SIZES);
  if (count > MAX_ARGUMENTS || load<u32>(SIZES, 4) > <u32>MAX_BYTES) usage();
  args_get(ARGV, TEXT);
  for (first = 1; first < count && load<u16>(argumentPtr(0)) == 0x2d2d; first++) {
    const option = argumentPtr(0);
    if (same(option, "--record")) wantsRecord = true;
    else if (same(option, "--features")) takesFeatures = true;
    else if (++first >= count) usage();
    else if (same(option, "--seed")) seed = wholeNumber(argumentPtr(0), 0);
    else if (same(option, "--hop")) hopFrames = hundredths(argumentPtr(0), 1, RING_FRAMES);
    else if (same(option, "--wake")) wakeDecibels = <f32>hundredths(argumentPtr(0), 10, 10000) / <f32>100;
    else if (same(option, "--votes")) readVotes(argumentPtr(0));
    else usage();
  }
  if (argumentCount() < fewest) usage();
}

/** Arguments behind the options. */
export function argumentCount(): i32 {
  return count - first;
}

/** The program's name, as the runtime calls it. */
export function programPtr(): usize {
  return load<usize>(ARGV);
}

/** One of them, zero-terminated. */
export function argumentPtr(index: i32): usize {
  return load<usize>(ARGV + (<usize>(first + index) << 2));
}

export function textBytes(ptr: usize): i32 {
  let bytes: i32 = 0;
  while (load<u8>(ptr + bytes) != 0) bytes++;
  return bytes;
}

/** Whether a zero-terminated text is this ASCII literal. */
function same(ptr: usize, text: string): bool {
  for (let i = 0; i < text.length; i++) {
    if (load<u8>(ptr + i) != load<u16>(changetype<usize>(text) + (<usize>i << 1))) return false;
  }
  return load<u8>(ptr + text.length) == 0;
}

/** Whether a clip is named -. */
export function isStandardInput(ptr: usize): bool {
  return same(ptr, "-");
}

/** A number below 2^32 that a byte `stop` ends. */
function wholeNumber(ptr: usize, stop: i32): u32 {
  let value: u64 = 0;
  if (load<u8>(ptr) == stop) usage();
  for (; load<u8>(ptr) != stop; ptr++) {
    const digit = <u32>load<u8>(ptr) - 48;
    if (digit > 9) usage();
    value = value * 10 + digit;
    if (value > 0xffffffff) usage();
  }
  return <u32>value;
}

/** A decimal with at most two places, times 100. */
function hundredths(ptr: usize, least: u32, most: u32): i32 {
  let value: u32 = 0;
  let places = -1; // behind the point, -1 before it
  for (; load<u8>(ptr) != 0; ptr++) {
    const digit = <u32>load<u8>(ptr) - 48;
    if (load<u8>(ptr) == 46 && places < 0) places = 0;
    else {
      if (digit > 9 || places == 2 || value > 100000) usage();
      value = value * 10 + digit;
      if (places >= 0) places++;
    }
  }
  for (places = max(places, 0); places < 2; places++) value *= 10;
  if (value < least || value > most) usage();
  return value;
}

/** K/N: K of the last N. */
function readVotes(ptr: usize): void {
  const slash: i32 = 47;
  startVotes = wholeNumber(ptr, slash);
  while (load<u8>(ptr) != slash) ptr++;
  votes = wholeNumber(ptr + 1, 0);
  if (startVotes < 1 || startVotes > votes || votes > STREAM_MAX_VOTES) usage();
}
