// Parameters of log-mel frames: what a checkpoint states and a model file's input spec holds.

import * as Default from "../../assembly/format/input_spec.ts";

/** What computes codes from samples: float32, or integers only. */
export const ARITHMETICS = ["float", "fixed"] as const;
export type Arithmetic = (typeof ARITHMETICS)[number];

export interface FrontEndParameters {
  frameSamples: number;
  /** From the start of a frame to the start of the next one. */
  hopSamples: number;
  fftPoints: number;
  /** Mel bands, between these frequencies. */
  bands: number;
  lowestHz: number;
  highestHz: number;
  /** MFCC. */
  coefficients: number;
  /** L = ln(mel power + floor). */
  floor: number;
  /** L of code 0, in nats. */
  origin: number;
  /** Nats per code. */
  step: number;
  arithmetic: Arithmetic;
  /** 8: codes 0..255; 4: codes 0..15, in a ring of half the size. */
  codeBits: CodeBits;
  /** Subtract each frame's mean: for microphones with an offset. */
  removeDc: boolean;
}

export const CODE_BITS = [8, 4] as const;
export type CodeBits = (typeof CODE_BITS)[number];

/** Frames of the default input spec, with floor, origin and step for codes of each size: 25.5 nats from -120 dB up in steps of 0.1, or 18 nats from -60 dBFS or so in steps of 1.2. */
export function frontEndOf(codeBits: CodeBits, arithmetic: Arithmetic = "float", removeDc = false): FrontEndParameters {
  const floor = codeBits === 8 ? 1e-6 : 1e-3;
  return {
    frameSamples: Default.FRAME_SAMPLES,
    hopSamples: Default.HOP_SAMPLES,
    fftPoints: Default.FFT_POINTS,
    bands: Default.BANDS,
    lowestHz: Default.LOWEST_HZ,
    highestHz: Default.HIGHEST_HZ,
    coefficients: Default.COEFFICIENTS,
    floor,
    origin: Math.log(floor),
    step: codeBits === 8 ? 0.1 : 1.2,
    arithmetic,
    codeBits,
    removeDc,
  };
}

export const DEFAULT_FRONT_END: FrontEndParameters = frontEndOf(8);
