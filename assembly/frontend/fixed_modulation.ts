// modulation.ts in integers: what is left of floating point is one product and one sum for each of the nine values, once a window.
//
//   T y = T c - sum c (c: sum of four codes), |T y| <= T * 1020 < 2^19, times 2^(19 - bits), |T y| <= 2^bits:
//   sum of T of them <= T * 2^19 = 0.49 * 2^29, less than fixed_fft.ts asks for
//
//   ln(mean P / T + 1e-3) = ln(1e-3) + ln(2) (log2(sum P' + F) - log2(F)),  P = P' (step / 4T)^2 of n bins,  F = 1e-3 n T (4T / step)^2

import { RING_FRAMES } from "../format/plan.ts";
import { fixedSpectrum } from "./fixed_fft.ts";
import { fixedClearFrom } from "./fixed_frame.ts";
import { bandLog, floorLog, setFloor } from "./fixed_log.ts";
import { EDGES, RATES, sumsOfFour } from "./modulation.ts";
import { SERIES_BYTES, scratchPtr } from "./scratch.ts";
import { step, T } from "./tables.ts";

/** 1 in Q15. */
const ONE = memory.data<u16>([32768]);

/** Bands 4 group .. 4 group + 3 of the ring -> f32 [9] at outPtr. */
export function fixedModulationFeatures(group: i32, outPtr: usize): void {
  const out = scratchPtr + SERIES_BYTES;
  const total = sumsOfFour(group, scratchPtr);
  let peak = 0;
  for (let ptr = scratchPtr; ptr < out; ptr += 4) {
    const x = load<i32>(ptr) * RING_FRAMES - total;
    store<i32>(ptr, x);
    peak |= x ^ (x >> 31);
  }
  const shift = <i32>clz(peak) - 13;
  for (let ptr = scratchPtr; ptr < out; ptr += 4) store<i32>(ptr, load<i32>(ptr) << shift);
  fixedClearFrom(out);
  fixedSpectrum();
  const perNat = <f32>4 * T / step;
  for (let i: usize = 0; i < <usize>RATES; i++) {
    const first = <usize>load<u16>(EDGES + (i << 1));
    const count = <usize>load<u16>(EDGES + (i << 1), 2) - first;
    setFloor(<f32>(<i32>count * RING_FRAMES) * <f32>1e-3 * perNat * perNat);
    const octaves = bandLog(first, count, ONE, 0, -2 - 2 * shift) - floorLog();
    store<f32>(outPtr + (i << 2), <f32>octaves * <f32>(Math.LN2 / 32768) - <f32>6.9077554);
  }
}
