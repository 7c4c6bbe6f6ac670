// One frame of PCM -> 64 log-mel codes without floating point: frame.ts in integers.
//
//   x[i] = window[i] * (pcm[i] - mean) * 2^shift / 2^9, i < 400, then zeros to 512;  the difference saturates at 16 bits,
//          its absolute value is at most 2^(15 - shift); the mean is 0 unless FRONT_END_REMOVE_DC
//   window  i16 [400][2]: high * 2^-15 + low * 2^-30, |low| <= 2^14, which keeps what a loud tone leaks below the floor
//   sum |x| <= 2^15 / 2^9 * sum |high| <= 2^6 * 208 * 2^15 = 0.8125 * 2^29, which fixed_fft.ts asks for; a Hann window has 200 * 2^15
//   code[m] = floor((log2(mel[m] + floor) - first) * codes per octave), clamped to 0..codeMask; first: where code 0 turns into 1, less 1 code

import { FFT_POINTS, FRAME_SAMPLES } from "../format/input_spec.ts";
import { RING_BANDS } from "../format/plan.ts";
import { USES_REMOVE_DC } from "../uses.ts";
import { fixedSpectrum } from "./fixed_fft.ts";
import { bandLog, setFloor } from "./fixed_log.ts";
import { frameMean } from "./frame.ts";
import { codeMask, putCode } from "./ring.ts";
import { scratchPtr } from "./scratch.ts";
import { codeOrigin, codeScale, melBandsPtr, melWeightsPtr, powerFloor, windowPtr } from "./tables.ts";

/** 400 samples i16 at pcmPtr -> a row of the ring. */
export function fixedFrameCodes(pcmPtr: usize, rowPtr: usize): void {
  const unitExponent = fixedWindowed(pcmPtr);
  fixedSpectrum();
  setFloor(powerFloor);
  let weights = melWeightsPtr;
  for (let m = 0; m < RING_BANDS; m++) {
    const band = melBandsPtr + (<usize>m << 2);
    const count = <usize>load<u16>(band, 2);
    putCode(rowPtr, m, codeOf(bandLog(load<u16>(band), count, weights, 2, unitExponent)));
    weights += count << 1;
  }
}

/**
 * Windowed samples in A, pairs of which are complex values. Returns e: |X|^2 of samples from -1 to 1 is |2X|^2 of these times 2^e. Samples are
 * 2^(15 + shift), the window 2^15, the product 2^-9 of what they would be, all squared; and 2^2 for 2X.
 */
export function fixedWindowed(pcmPtr: usize): i32 {
  const mean = frameMean(pcmPtr);
  let peak = 0;
  for (let ptr = pcmPtr, end = ptr + FRAME_SAMPLES * 2; ptr < end; ptr += 2) {
    const x = centred(ptr, mean);
    peak |= x ^ (x >> 31);
  }
  const shift = <i32>clz(peak) - 17;
  let out = scratchPtr;
  let window = windowPtr;
  for (const end = out + FRAME_SAMPLES * 4; out < end; out += 4) {
    const x = centred(pcmPtr, mean) << shift;
    store<i32>(out, (x * <i32>load<i16>(window, 0) + ((x * <i32>load<i16>(window, 2)) >> 15) + 256) >> 9);
    pcmPtr += 2;
    window += 4;
  }
  fixedClearFrom(out);
  return -44 - 2 * shift;
}

function centred(pcmPtr: usize, mean: i32): i32 {
  const x = <i32>load<i16>(pcmPtr) - mean;
  return USES_REMOVE_DC ? max(min(x, 32767), -32768) : x;
}

/** Zeros from ptr to the end of A. */
export function fixedClearFrom(ptr: usize): void {
  for (const end = scratchPtr + FFT_POINTS * 4; ptr < end; ptr += 4) store<i32>(ptr, 0);
}

/** codeScale has codes per octave in Q16, the logarithm is in Q15. */
function codeOf(log: i32): i32 {
  const code = (<i64>(log - codeOrigin) * <i64>codeScale) >> 31;
  if (code < 1) return 0;
  return code < <i64>codeMask() ? <i32>code : codeMask();
}
