// The command's arguments: [--seed N] [--record] [--features] MODEL CLIP...; options stand in front, and begin with two dashes.

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

let count: i32 = 0;
/** The first argument behind the options; 0 is the program's name. */
let first: i32 = 0;

/** Reads the arguments; ends the program unless there are `fewest` or more behind the options. */
export function readArguments(fewest: i32): void {
  args_sizes_get(SIZES, SIZES + 4);
  count = load<i32>(SIZES);
  if (count > MAX_ARGUMENTS || load<u32>(SIZES, 4) > <u32>MAX_BYTES) usage();
  args_get(ARGV, TEXT);
  for (first = 1; first < count && load<u16>(argumentPtr(0)) == 0x2d2d; first++) {
    const option = argumentPtr(0);
    if (same(option, "--record")) wantsRecord = true;
    else if (same(option, "--features")) takesFeatures = true;
    else if (same(option, "--seed") && ++first < count) seed = wholeNumber(argumentPtr(0));
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

/** Below 2^32. */
function wholeNumber(ptr: usize): u32 {
  let value: u64 = 0;
  if (load<u8>(ptr) == 0) usage();
  for (; load<u8>(ptr) != 0; ptr++) {
    const digit = <u32>load<u8>(ptr) - 48;
    if (digit > 9) usage();
    value = value * 10 + digit;
    if (value > 0xffffffff) usage();
  }
  return <u32>value;
}
