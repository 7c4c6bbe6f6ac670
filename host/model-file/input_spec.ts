// The input spec as a TypeScript value, and its bytes: what a model takes, and how that becomes features. Every size that a host needs
// (samples of a window, frames a second, length of the feature vector) comes from here. docs/reference/format.md has the fields.

import * as F from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import * as Default from "../../assembly/format/input_spec.ts";
import { QurioError } from "../errors.ts";
import { DEFAULT_FRONT_END, type FrontEndParameters } from "./front_end.ts";

/** `rich`: statistics of a window's codes; `values`: samples, or codes of frames, as they are. */
export const FEATURE_SETS = ["values", "rich"] as const;
export type FeatureSet = (typeof FEATURE_SETS)[number];

/** Feature vectors that somebody else computes. */
export interface VectorsInput {
  source: "vectors";
  features: number;
}

/** Windows of samples: `audio` is 16-bit PCM of one channel, `signal` any samples, `frames` what a front end elsewhere made of samples. */
export interface SampledInput {
  source: "audio" | "signal" | "frames";
  channels: number;
  /** Hz, of each channel. */
  sampleRate: number;
  /** Of each channel. */
  windowSamples: number;
  /** null: no frames, the samples themselves are the features. */
  frontEnd: FrontEndParameters | null;
  featureSet: FeatureSet;
}

export type InputSpec = VectorsInput | SampledInput;

/** Sound as the default spec has it: rate, window and feature set that the device code is compiled for. */
export function audioInput(frontEnd: FrontEndParameters = DEFAULT_FRONT_END): SampledInput {
  const { SAMPLE_RATE: sampleRate, WINDOW_SAMPLES: windowSamples } = Default;
  return { source: "audio", channels: 1, sampleRate, windowSamples, frontEnd, featureSet: "rich" };
}

/** How sound is cut, and how much of it a decision takes. */
export interface Framing {
  sampleRate: number;
  windowSamples: number;
  windowS: number;
  /** Of a window. */
  frames: number;
  framesPerS: number;
  frontEnd: FrontEndParameters;
}

/** Null for an input without frames. */
export function framingOf(input: InputSpec): Framing | null {
  if (input.source === "vectors" || input.frontEnd === null) return null;
  const { sampleRate, windowSamples, frontEnd } = input;
  return {
    sampleRate,
    windowSamples,
    windowS: windowSamples / sampleRate,
    frames: Default.windowFrames(windowSamples, frontEnd.frameSamples, frontEnd.hopSamples),
    framesPerS: sampleRate / frontEnd.hopSamples,
    frontEnd,
  };
}

/** Length of the feature vector. */
export function featureCount(input: InputSpec): number {
  if (input.source === "vectors") return input.features;
  const framing = framingOf(input);
  if (framing === null) return input.channels * input.windowSamples;
  const { bands, coefficients } = framing.frontEnd;
  return input.channels * (input.featureSet === "rich" ? Default.richFeatures(bands, coefficients) : framing.frames * bands);
}

// ---- bytes ----

const SOURCES: Record<InputSpec["source"], number> = {
  audio: Id.SOURCE_AUDIO,
  signal: Id.SOURCE_SIGNAL,
  frames: Id.SOURCE_FRAMES,
  vectors: Id.SOURCE_VECTORS,
};
const FEATURE_SET_IDS: Record<FeatureSet, number> = { values: Id.FEATURE_SET_VALUES, rich: Id.FEATURE_SET_RICH };

/** Whole numbers of the front end's parameters. */
const COUNTS = [
  ["frameSamples", F.INPUT_FRAME_SAMPLES],
  ["hopSamples", F.INPUT_HOP_SAMPLES],
  ["fftPoints", F.INPUT_FFT_POINTS],
  ["bands", F.INPUT_BANDS],
  ["coefficients", F.INPUT_COEFFICIENTS],
] as const;

/** Those that are float32 in the file. */
const FLOATS = [
  ["floor", F.INPUT_FLOOR],
  ["origin", F.INPUT_ORIGIN],
  ["step", F.INPUT_STEP],
  ["lowestHz", F.INPUT_LOWEST_HZ],
  ["highestHz", F.INPUT_HIGHEST_HZ],
] as const;

/** @param input checkInput has accepted it, or the core has */
export function encodeInput(input: InputSpec): Uint8Array {
  const sampled = input.source === "vectors" ? null : input;
  const frontEnd = sampled?.frontEnd ?? null;
  const bytes = sampled === null ? F.INPUT_VECTORS_BYTES : frontEnd === null ? F.INPUT_SAMPLES_BYTES : F.INPUT_BYTES;
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint32(F.INPUT_SOURCE, SOURCES[input.source], true);
  view.setUint32(F.INPUT_FEATURE_SET, FEATURE_SET_IDS[sampled?.featureSet ?? "values"], true);
  view.setUint32(F.INPUT_FEATURES, featureCount(input), true);
  if (sampled) {
    view.setUint32(F.INPUT_CHANNELS, sampled.channels, true);
    view.setUint32(F.INPUT_SAMPLE_RATE, sampled.sampleRate, true);
    view.setUint32(F.INPUT_WINDOW_SAMPLES, sampled.windowSamples, true);
    view.setUint32(F.INPUT_FRONT_END, frontEnd ? Id.INPUT_FRONT_END_LOG_MEL : Id.INPUT_FRONT_END_NONE, true);
  }
  if (frontEnd) {
    for (const [name, field] of COUNTS) view.setUint32(field, frontEnd[name], true);
    for (const [name, field] of FLOATS) view.setFloat32(field, frontEnd[name], true);
    view.setUint8(F.INPUT_ARITHMETIC, frontEnd.arithmetic === "fixed" ? F.FRONT_END_FIXED : F.FRONT_END_FLOAT32);
    const options = (frontEnd.codeBits === 4 ? F.FRONT_END_CODES_4BIT : 0) | (frontEnd.removeDc ? F.FRONT_END_REMOVE_DC : 0);
    view.setUint8(F.INPUT_OPTIONS, options);
  }
  return new Uint8Array(view.buffer);
}

/** The value of a section that encodeInput wrote, or that the core has validated; floats as float32. */
export function decodeInput(section: Uint8Array): InputSpec {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  const u32 = (field: number) => view.getUint32(field, true);
  const nameOf = <Name extends string>(ids: Record<Name, number>, id: number) =>
    (Object.keys(ids) as Name[]).find((name) => ids[name] === id)!;
  const source = nameOf(SOURCES, u32(F.INPUT_SOURCE));
  if (source === "vectors") return { source, features: u32(F.INPUT_FEATURES) };
  return {
    source,
    channels: u32(F.INPUT_CHANNELS),
    sampleRate: u32(F.INPUT_SAMPLE_RATE),
    windowSamples: u32(F.INPUT_WINDOW_SAMPLES),
    frontEnd: u32(F.INPUT_FRONT_END) === Id.INPUT_FRONT_END_NONE ? null : decodeFrontEnd(view),
    featureSet: nameOf(FEATURE_SET_IDS, u32(F.INPUT_FEATURE_SET)),
  };
}

function decodeFrontEnd(view: DataView): FrontEndParameters {
  const counts = Object.fromEntries(COUNTS.map(([name, field]) => [name, view.getUint32(field, true)]));
  const floats = Object.fromEntries(FLOATS.map(([name, field]) => [name, view.getFloat32(field, true)]));
  const options = view.getUint8(F.INPUT_OPTIONS);
  return {
    ...(counts as Record<(typeof COUNTS)[number][0], number>),
    ...(floats as Record<(typeof FLOATS)[number][0], number>),
    arithmetic: view.getUint8(F.INPUT_ARITHMETIC) === F.FRONT_END_FIXED ? "fixed" : "float",
    codeBits: options & F.FRONT_END_CODES_4BIT ? 4 : 8,
    removeDc: (options & F.FRONT_END_REMOVE_DC) !== 0,
  };
}

// ---- what a file may say ----

/**
 * Ranges of a file, wider than what a build may have code for: the device refuses the rest by name.
 * @throws QurioError INPUT: what is out of range, with expected and found
 */
export function checkInput(input: InputSpec): void {
  if (input.source !== "vectors") checkSampled(input);
  whole("features", featureCount(input), 1, Id.MAX_WIDTH);
}

function checkSampled(input: SampledInput): void {
  const { source, sampleRate, windowSamples, frontEnd } = input;
  whole("channels", input.channels, 1, source === "audio" ? 1 : Id.MAX_CHANNELS);
  whole("sample rate", sampleRate, Id.MIN_SAMPLE_RATE, Id.MAX_SAMPLE_RATE);
  whole("window samples", windowSamples, 1, Id.MAX_WINDOW_SAMPLES);
  if (frontEnd) checkFrontEnd(frontEnd, sampleRate, windowSamples);
  else if (source === "frames" || input.featureSet === "rich")
    refuse("front end", `log-mel for source ${source} and feature set ${input.featureSet}`, "none");
}

function checkFrontEnd(frontEnd: FrontEndParameters, sampleRate: number, windowSamples: number): void {
  const { frameSamples, fftPoints, bands, lowestHz, highestHz, floor, origin, step } = frontEnd;
  whole("frame samples", frameSamples, 1, windowSamples);
  whole("hop samples", frontEnd.hopSamples, 1, windowSamples);
  whole("frames", Default.windowFrames(windowSamples, frameSamples, frontEnd.hopSamples), 1, Id.MAX_FRAMES);
  whole("FFT points", fftPoints, Id.MIN_FFT_POINTS, Id.MAX_FFT_POINTS);
  if (fftPoints & (fftPoints - 1)) refuse("FFT points", "a power of two", fftPoints);
  whole("bands", bands, 4, fftPoints / 2);
  whole("coefficients", frontEnd.coefficients, 0, bands);
  if (!(lowestHz >= 0 && lowestHz < highestHz)) refuse("lowest Hz", `from 0 to below the highest, ${highestHz}`, lowestHz);
  if (!(highestHz <= sampleRate / 2)) refuse("highest Hz", `at most half the sample rate, ${sampleRate / 2}`, highestHz);
  if (!(floor >= 1e-30 && floor <= 1e6)) refuse("floor", "from 1e-30 to 1e6", floor);
  if (!(Math.abs(origin) <= 1024)) refuse("origin", "from -1024 to 1024", origin);
  if (!(step >= 1e-3 && step <= 1024)) refuse("step", "from 1e-3 to 1024", step);
}

function whole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) refuse(name, `a whole number from ${least} to ${most}`, value);
}

function refuse(name: string, range: string, found: number | string): never {
  throw new QurioError(
    "INPUT",
    `input ${name} must be ${range}, found ${found}`,
    "docs/reference/format.md has the ranges of an input spec.",
  );
}
