// Sweeps of logf and expf over arrays, for tests/math.test.ts.

import { expf, logf } from "../../assembly/kernels/math.ts";

export function logs(inPtr: usize, outPtr: usize, count: i32): void {
  for (let i = 0; i < count; i++) store<f32>(outPtr + (i << 2), logf(load<f32>(inPtr + (i << 2))));
}

export function exps(inPtr: usize, outPtr: usize, count: i32): void {
  for (let i = 0; i < count; i++) store<f32>(outPtr + (i << 2), expf(load<f32>(inPtr + (i << 2))));
}
