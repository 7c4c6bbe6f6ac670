// Portable. The op `linear`: y = W x + b on packed weights, then LayerNorm and ReLU if its flags say so. Its id, its fields in an op record,
// and what it needs. Columns are the values of its input buffer, rows those of its output buffer.

import { inputWidth, outputWidth, tableBytes } from "./layouts.ts";

/** Kind of op. */
export const OP_LINEAR = 1;

export const LINEAR_WEIGHT_TYPE = 16;
export const LINEAR_LAYOUT = 20;
export const LINEAR_FLAGS = 24;
export const LINEAR_WEIGHTS_OFFSET = 28;
export const LINEAR_WEIGHTS_BYTES = 32;
/** f32 [rows], or [1] with LINEAR_SCALE_PER_TENSOR; all > 0 */
export const LINEAR_SCALE_OFFSET = 36;
/** f32 [rows] */
export const LINEAR_BIAS_OFFSET = 40;
/** f32 [rows]; 0 without LINEAR_NORM */
export const LINEAR_GAMMA_OFFSET = 44;
export const LINEAR_BETA_OFFSET = 48;

/** LayerNorm behind the linear part. */
export const LINEAR_NORM = 1;
export const LINEAR_RELU = 2;
/** One scale for the whole matrix instead of one a row. */
export const LINEAR_SCALE_PER_TENSOR = 4;

/** What the op reads of its input buffer: values, and zeros that it writes behind them. */
export function linearInputBytes(layout: i32, columns: i32): i32 {
  return inputWidth(layout, columns) << 2;
}

/** What it writes of its output buffer. */
export function linearOutputBytes(layout: i32, rows: i32): i32 {
  return outputWidth(layout, rows) << 2;
}

/** Of linearScratchBytes: the activations as the kernel wants them; tables follow. */
export function preparedBytes(layout: i32, columns: i32): i32 {
  return 64 + (inputWidth(layout, columns) << 2);
}

export function linearScratchBytes(layout: i32, rows: i32, columns: i32): i32 {
  return preparedBytes(layout, columns) + tableBytes(layout, rows, columns);
}

/** Multiply-accumulates. */
export function linearMacs(rows: i32, columns: i32): i32 {
  return rows * columns;
}
