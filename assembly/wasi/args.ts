// The command's arguments: MODEL (unless it is baked in), CLIP and, if the model samples, SEED.

import { BAKED } from "../uses.ts";
import { args_get, args_sizes_get } from "./abi.ts";
import { usage } from "./errors.ts";

const MAX_BYTES = 4096;
/** Number of the last file among the arguments; the seed is behind it. */
const LAST_FILE = BAKED ? 1 : 2;
const ARGV: usize = memory.data(16, 4); // four pointers
const TEXT: usize = memory.data(MAX_BYTES);
const SIZES: usize = memory.data(8, 4);

let count: i32 = 0;

/** Reads the arguments; ends the program unless there are the files, perhaps a seed, and all in at most 4096 bytes together. */
export function readArguments(): void {
  args_sizes_get(SIZES, SIZES + 4);
  count = load<i32>(SIZES);
  if (count <= LAST_FILE || count > LAST_FILE + 2 || load<u32>(SIZES, 4) > <u32>MAX_BYTES) usage();
  args_get(ARGV, TEXT);
}

/** Argument `index`, zero-terminated; 0 is the program's name. */
export function argumentPtr(index: i32): usize {
  return load<usize>(ARGV + (<usize>index << 2));
}

export function textBytes(ptr: usize): i32 {
  let bytes: i32 = 0;
  while (load<u8>(ptr + bytes) != 0) bytes++;
  return bytes;
}

/** The argument behind the files as a number below 2^32, 0 without one. */
export function seedArgument(): u32 {
  if (count < LAST_FILE + 2) return 0;
  let seed: u64 = 0;
  let ptr = argumentPtr(LAST_FILE + 1);
  if (load<u8>(ptr) == 0) usage();
  for (; load<u8>(ptr) != 0; ptr++) {
    const digit = <u32>load<u8>(ptr) - 48;
    if (digit > 9) usage();
    seed = seed * 10 + digit;
    if (seed > 0xffffffff) usage();
  }
  return <u32>seed;
}
