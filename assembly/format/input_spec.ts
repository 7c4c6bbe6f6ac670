// Portable. The default input spec, which the device code is compiled for, and what follows from any spec. Nothing else in the
// repository knows these numbers: the device imports the constants, hosts read the spec of a model and ask the functions.
//
//   window   |<------------------- windowSamples ------------------->|
//   frames   |<- frameSamples ->|
//            |<- hop ->|<- frameSamples ->|  …                          windowFrames of them, the last one ends in the window

export const SAMPLE_RATE = 16000;
/** 5 s. */
export const WINDOW_SAMPLES = 80000;
export const FRAME_SAMPLES = 400;
/** From the start of a frame to the start of the next one. */
export const HOP_SAMPLES = 160;
export const FFT_POINTS = 512;
/** Mel bands of a frame, and the Hz between which they lie. */
export const BANDS = 64;
export const LOWEST_HZ = 60;
export const HIGHEST_HZ = 7800;
/** MFCC. */
export const COEFFICIENTS = 20;

/** Frames that lie whole in a window. */
export function windowFrames(windowSamples: i32, frameSamples: i32, hopSamples: i32): i32 {
  const rest = windowSamples - frameSamples;
  return (rest - (rest % hopSamples)) / hopSamples + 1;
}

/** Statistics of a window: 11 a band, 9 a group of four bands, 21 of energy, flux, rhythm and activity, 5 a coefficient. */
export function richFeatures(bands: i32, coefficients: i32): i32 {
  return 11 * bands + 9 * (bands >> 2) + 21 + 5 * coefficients;
}

/** Bytes of a window's codes: one a band, or half of one. */
export function ringBytes(frames: i32, bands: i32, fourBits: boolean): i32 {
  return frames * (fourBits ? (bands + 1) >> 1 : bands);
}

/** Capacity of the PCM buffer: a power of two that holds two frames. */
export function audioBufferSamples(frameSamples: i32): i32 {
  return powerOfTwo(2 * frameSamples);
}

/** Scratch of the front end, drawn in frontend/scratch.ts: 16 bytes a point of the longer transform, of a frame or over the window's frames. */
export function frontEndScratchBytes(fftPoints: i32, frames: i32): i32 {
  const overFrames = powerOfTwo(frames);
  return 16 * (fftPoints > overFrames ? fftPoints : overFrames);
}

/** The smallest that is not below n. */
function powerOfTwo(n: i32): i32 {
  let power = 128;
  while (power < n) power <<= 1;
  return power;
}
