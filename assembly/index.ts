import { ABI_VERSION } from "./format/ids.ts";
import { weightBytes } from "./format/layouts.ts";
export function abiVersion(): i32 {
  return ABI_VERSION;
}
export function wb(a: i32, b: i32, c: i32): i32 {
  return weightBytes(a, b, c);
}
