// One frame of PCM -> 64 log-mel codes.
//
//   x[i] = window[i] * (pcm[i] - mean), i < 400, then zeros to 512; the mean is 0 unless FRONT_END_REMOVE_DC;  P = |FFT x|^2
//   mel[m] = sum_i weight[m][i] * P[first[m] + i]
//   code[m] = round((ln(mel[m] + floor) - origin) / step), clamped to 0..codeMask

import { FFT_POINTS, FRAME_SAMPLES } from "../format/input_spec.ts";
import { RING_BANDS } from "../format/plan.ts";
import { logf } from "../kernels/math.ts";
import { USES_REMOVE_DC } from "../uses.ts";
import { powerSpectrum } from "./fft.ts";
import { codeMask, putCode } from "./ring.ts";
import { IMAGINARY, POWER, scratchPtr } from "./scratch.ts";
import { melBandsPtr, melWeightsPtr, origin, powerFloor, removesDc, step, windowPtr } from "./tables.ts";

/** 400 samples i16 at pcmPtr -> a row of the ring. */
export function frameCodes(pcmPtr: usize, rowPtr: usize): void {
  windowed(pcmPtr);
  powerSpectrum();
  let weights = melWeightsPtr;
  for (let m = 0; m < RING_BANDS; m++) {
    const band = melBandsPtr + (<usize>m << 2);
    const count = <usize>load<u16>(band, 2);
    putCode(rowPtr, m, codeOf(logf(weightedSum(load<u16>(band), weights, count) + powerFloor)));
    weights += count << 2;
  }
}

/** Mean of a frame's samples, towards zero; 0 unless the model asks for it. */
export function frameMean(pcmPtr: usize): i32 {
  if (!USES_REMOVE_DC || !removesDc) return 0;
  let sum = 0;
  for (const end = pcmPtr + FRAME_SAMPLES * 2; pcmPtr < end; pcmPtr += 2) sum += load<i16>(pcmPtr);
  return sum / FRAME_SAMPLES;
}

/** Pairs of windowed samples as complex values in A. */
export function windowed(pcmPtr: usize): void {
  const mean = frameMean(pcmPtr);
  let out = scratchPtr;
  let window = windowPtr;
  if (ASC_FEATURE_SIMD) {
    for (const end = out + FRAME_SAMPLES * 2; out < end; out += 16) {
      const x = v128.load(pcmPtr), means = i32x4.splat(mean);
      const low = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(i32x4.extend_low_i16x8_s(x), means)), v128.load(window, 0));
      const high = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(i32x4.extend_high_i16x8_s(x), means)), v128.load(window, 16));
      v128.store(out, v128.shuffle<f32>(low, high, 0, 2, 4, 6));
      v128.store(out, v128.shuffle<f32>(low, high, 1, 3, 5, 7), IMAGINARY);
      pcmPtr += 16;
      window += 32;
    }
  } else {
    for (const end = out + FRAME_SAMPLES * 2; out < end; out += 4) {
      store<f32>(out, <f32>(<i32>load<i16>(pcmPtr, 0) - mean) * load<f32>(window, 0));
      store<f32>(out, <f32>(<i32>load<i16>(pcmPtr, 2) - mean) * load<f32>(window, 4), IMAGINARY);
      pcmPtr += 4;
      window += 8;
    }
  }
  clearFrom(out);
}

/** Zeros from ptr to the end of A. */
export function clearFrom(ptr: usize): void {
  for (const end = scratchPtr + FFT_POINTS * 2; ptr < end; ptr += 4) {
    store<f32>(ptr, 0);
    store<f32>(ptr, 0, IMAGINARY);
  }
}

/**
 * Sum of weight[i] * power[first + i] in four partial sums, (s0 + s2) + (s1 + s3). The sums take turns instead of being
 * indexed: the last line gives the same value whichever of them came first.
 */
export function weightedSum(first: usize, weightsPtr: usize, count: usize): f32 {
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  let power = scratchPtr + POWER + (first << 2);
  for (const end = power + (count << 2); power < end; power += 4) {
    const sum = s0 + load<f32>(weightsPtr) * load<f32>(power);
    weightsPtr += 4;
    s0 = s1;
    s1 = s2;
    s2 = s3;
    s3 = sum;
  }
  return s0 + s2 + (s1 + s3);
}

function codeOf(L: f32): i32 {
  const code = (L - origin) / step + <f32>0.5;
  if (!(code >= 1)) return 0;
  return code < <f32>codeMask() ? <i32>code : codeMask();
}
