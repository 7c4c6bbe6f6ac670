// Writes the front end section of a model file: every table that the device reads instead of computing it, for any log-mel parameters. With
// those of the default input spec:
//
//   float   | offsets 32 B | window f32 [400] | twiddles f32 [256][2] | mel bands u16 [64][2] | mel weights f32 [485] | DCT i16 [20][64] |
//   fixed   | offsets 32 B | window i16 [400][2] | twiddles i16 [384][4] | mel bands u16 [64][2] | mel weights u16 [485] | DCT i16 [20][64]
//           | log2 u16 [65] |

import * as F from "../../assembly/format/file.ts";
import { ALIGNMENT } from "../../assembly/format/ids.ts";
import { DEFAULT_FRONT_END, type FrontEndParameters } from "../../host/model-file/front_end.ts";
import { audioInput, checkInput, type InputSpec, type SampledInput } from "../../host/model-file/input_spec.ts";
import type { PackedModel } from "../../host/model-file/model_file.ts";

type Table = Float32Array | Uint16Array | Int16Array;

/** Periodic Hann window: 0.5 - 0.5 cos(2 pi i / N). */
function window({ frameSamples }: FrontEndParameters): number[] {
  return Array.from({ length: frameSamples }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / frameSamples));
}

/** cos, -sin of 2 pi k / N, for k < count. */
function twiddles({ fftPoints }: FrontEndParameters, count: number): number[] {
  const angle = (i: number) => (2 * Math.PI * (i >> 1)) / fftPoints;
  return Array.from({ length: 2 * count }, (_, i) => (i & 1 ? 0 - Math.sin(angle(i)) : Math.cos(angle(i))));
}

/**
 * Triangular bands, mel(f) = 1127 ln(1 + f / 700), edges equally spaced from the lowest to the highest Hz in fractional bins, not normalized:
 * the value at bin k >= 1 is min((k - l) / (c - l), (r - k) / (r - c)); a band without a bin takes bin round(c).
 */
function melBands(parameters: FrontEndParameters, sampleRate: number): { bands: Uint16Array; weights: number[] } {
  const { bands: count, fftPoints, lowestHz, highestHz } = parameters;
  const mel = (hz: number) => 1127 * Math.log(1 + hz / 700);
  const [low, high] = [mel(lowestHz), mel(highestHz)];
  const edge = (i: number) => (700 * (Math.exp((low + ((high - low) * i) / (count + 1)) / 1127) - 1) * fftPoints) / sampleRate;
  const bands = new Uint16Array(2 * count);
  const weights: number[] = [];
  for (let m = 0; m < count; m++) {
    const [l, c, r] = [edge(m), edge(m + 1), edge(m + 2)];
    const first = Math.max(1, Math.floor(l) + 1);
    const bins = Math.max(0, Math.ceil(r) - first);
    bands.set(bins > 0 ? [first, bins] : [Math.round(c), 1], 2 * m);
    if (bins === 0) weights.push(1);
    for (let k = first; k < first + bins; k++) weights.push(Math.min((k - l) / (c - l), (r - k) / (r - c)));
  }
  return { bands, weights };
}

/** sqrt(2 / M) cos(pi k (m + 0.5) / M) in Q15, M bands. */
function dct({ bands, coefficients }: FrontEndParameters): Int16Array {
  return Int16Array.from({ length: coefficients * bands }, (_, i) => {
    const k = Math.floor(i / bands);
    const m = i % bands;
    return Math.round(32768 * Math.sqrt(2 / bands) * Math.cos((Math.PI * k * (m + 0.5)) / bands));
  });
}

/** log2(1 + i / 64) in Q15. */
function log2Table(): Uint16Array {
  return Uint16Array.from({ length: 65 }, (_, i) => q15(Math.log2(1 + i / 64)));
}

function q15(value: number): number {
  return Math.round(32768 * value);
}

/** high * 2^-15 + low * 2^-30. 1 has no such form: the window has 1 - 2^-30 instead, the transform leaves out this factor, of k = 0. */
function split(w: number): [high: number, low: number] {
  const high = Math.min(32767, q15(w));
  return [high, Math.min(32767, Math.round(2 ** 30 * w) - 32768 * high)];
}

/** Tables in the order in which they lie; the field of each holds its offset. */
function tablesOf(parameters: FrontEndParameters, bands: Uint16Array, weights: number[]): [field: number, table: Table][] {
  const fixed = parameters.arithmetic === "fixed";
  const { fftPoints } = parameters;
  const factors = twiddles(parameters, fixed ? (3 * fftPoints) / 4 : fftPoints / 2);
  return [
    // The float window also takes 16-bit PCM to -1..1.
    [
      F.FRONT_END_WINDOW_OFFSET,
      fixed ? Int16Array.from(window(parameters).flatMap(split)) : Float32Array.from(window(parameters), (w) => w / 32768),
    ],
    [F.FRONT_END_TWIDDLE_OFFSET, fixed ? Int16Array.from(factors.flatMap(split)) : Float32Array.from(factors)],
    [F.FRONT_END_MEL_BANDS_OFFSET, bands],
    [F.FRONT_END_MEL_WEIGHTS_OFFSET, fixed ? Uint16Array.from(weights, q15) : Float32Array.from(weights)],
    [F.FRONT_END_DCT_OFFSET, dct(parameters)],
    ...(fixed ? [[F.FRONT_END_LOG_OFFSET, log2Table()] as [number, Table]] : []),
  ];
}

/** The bytes of the front end section of an input, or null if frames do not come from samples. Default input: float 8448, fixed 8640. */
function frontEndSection({ source, frontEnd, sampleRate }: SampledInput): Uint8Array | null {
  if (frontEnd === null || source === "frames") return null;
  const { bands, weights } = melBands(frontEnd, sampleRate);
  const tables = tablesOf(frontEnd, bands, weights);
  const padded = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  const section = new Uint8Array(tables.reduce((sum, [, table]) => sum + padded(table.byteLength), F.FRONT_END_BYTES));
  const view = new DataView(section.buffer);
  view.setUint32(F.FRONT_END_MEL_WEIGHTS, weights.length, true);
  let offset = F.FRONT_END_BYTES;
  for (const [field, table] of tables) {
    view.setUint32(field, offset, true);
    section.set(new Uint8Array(table.buffer), offset);
    offset += padded(table.byteLength);
  }
  return section;
}

/**
 * The parts of a model that its input decides.
 * @throws QurioError INPUT for a spec that no file can have
 */
export function inputParts(input: InputSpec): Pick<PackedModel, "input" | "frontEnd"> {
  checkInput(input);
  return { input, frontEnd: input.source === "vectors" ? null : frontEndSection(input) };
}

/** The same for sound as the default spec has it, log-mel frames with these parameters. */
export function soundParts(frontEnd: FrontEndParameters = DEFAULT_FRONT_END): Pick<PackedModel, "input" | "frontEnd"> {
  return inputParts(audioInput(frontEnd));
}
