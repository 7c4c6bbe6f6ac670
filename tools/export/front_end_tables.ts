// Writes the front end section of a model file: parameters, then every table that the device reads instead of computing it.
//
//   float   | parameters 64 B | window f32 [400] | twiddles f32 [256][2] | mel bands u16 [64][2] | mel weights f32 [485] | DCT i16 [20][64] |
//   fixed   | parameters 68 B | window i16 [400][2] | twiddles i16 [384][4] | mel bands u16 [64][2] | mel weights u16 [485] | DCT i16 [20][64]
//           | log2 u16 [65] |

import * as F from "../../assembly/format/file.ts";
import { ALIGNMENT } from "../../assembly/format/ids.ts";
import { RING_BANDS, RING_FRAMES } from "../../assembly/format/plan.ts";
import { QurioError } from "../../host/errors.ts";
import { type Arithmetic, DEFAULT_FRONT_END, type FrontEndParameters } from "../../host/model-file/front_end.ts";

export * from "../../host/model-file/front_end.ts";

type Table = Float32Array | Uint16Array | Int16Array;

const SAMPLE_RATE = 16000;
const FRAME_SAMPLES = 400;
const HOP_SAMPLES = 160;
const FFT_POINTS = 512;
const COEFFICIENTS = 20;
const LOWEST_HZ = 60;
const HIGHEST_HZ = 7800;

/** Periodic Hann window: 0.5 - 0.5 cos(2 pi i / 400). */
function window(): number[] {
  return Array.from({ length: FRAME_SAMPLES }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FRAME_SAMPLES));
}

/** cos, -sin of 2 pi k / 512, for k < count. */
function twiddles(count: number): number[] {
  const angle = (i: number) => (2 * Math.PI * (i >> 1)) / FFT_POINTS;
  return Array.from({ length: 2 * count }, (_, i) => (i & 1 ? 0 - Math.sin(angle(i)) : Math.cos(angle(i))));
}

/**
 * Triangular bands, mel(f) = 1127 ln(1 + f / 700), edges equally spaced from 60 to 7800 Hz in fractional bins, not normalized:
 * the value at bin k >= 1 is min((k - l) / (c - l), (r - k) / (r - c)); a band without a bin takes bin round(c).
 */
function melBands(): { bands: Uint16Array; weights: number[] } {
  const mel = (hz: number) => 1127 * Math.log(1 + hz / 700);
  const [low, high] = [mel(LOWEST_HZ), mel(HIGHEST_HZ)];
  const edge = (i: number) => (700 * (Math.exp((low + ((high - low) * i) / (RING_BANDS + 1)) / 1127) - 1) * FFT_POINTS) / SAMPLE_RATE;
  const bands = new Uint16Array(2 * RING_BANDS);
  const weights: number[] = [];
  for (let m = 0; m < RING_BANDS; m++) {
    const [l, c, r] = [edge(m), edge(m + 1), edge(m + 2)];
    const first = Math.max(1, Math.floor(l) + 1);
    const count = Math.max(0, Math.ceil(r) - first);
    bands.set(count > 0 ? [first, count] : [Math.round(c), 1], 2 * m);
    if (count === 0) weights.push(1);
    for (let k = first; k < first + count; k++) weights.push(Math.min((k - l) / (c - l), (r - k) / (r - c)));
  }
  return { bands, weights };
}

/** sqrt(2 / 64) cos(pi k (m + 0.5) / 64) in Q15. */
function dct(): Int16Array {
  return Int16Array.from({ length: COEFFICIENTS * RING_BANDS }, (_, i) => {
    const k = Math.floor(i / RING_BANDS);
    const m = i % RING_BANDS;
    return Math.round(32768 * Math.sqrt(2 / RING_BANDS) * Math.cos((Math.PI * k * (m + 0.5)) / RING_BANDS));
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
function tablesOf(arithmetic: Arithmetic, bands: Uint16Array, weights: number[]): [field: number, table: Table][] {
  const fixed = arithmetic === "fixed";
  return [
    // The float window also takes 16-bit PCM to -1..1.
    [F.FRONT_END_WINDOW_OFFSET, fixed ? Int16Array.from(window().flatMap(split)) : Float32Array.from(window(), (w) => w / 32768)],
    [F.FRONT_END_TWIDDLE_OFFSET, fixed ? Int16Array.from(twiddles(384).flatMap(split)) : Float32Array.from(twiddles(256))],
    [F.FRONT_END_MEL_BANDS_OFFSET, bands],
    [F.FRONT_END_MEL_WEIGHTS_OFFSET, fixed ? Uint16Array.from(weights, q15) : Float32Array.from(weights)],
    [F.FRONT_END_DCT_OFFSET, dct()],
    ...(fixed ? [[F.FRONT_END_LOG_OFFSET, log2Table()] as [number, Table]] : []),
  ];
}

/**
 * The bytes of the front end section (float 8480, fixed 8688). floor, origin and step are rounded to float32, which is what the device uses.
 * @throws QurioError FRONT_END when a parameter is outside what the device accepts.
 */
export function frontEndSection(parameters: FrontEndParameters = DEFAULT_FRONT_END): Uint8Array {
  check(parameters);
  const { arithmetic, codeBits, removeDc } = parameters;
  const { bands, weights } = melBands();
  const tables = tablesOf(arithmetic, bands, weights);
  const padded = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  const parameterBytes = padded(arithmetic === "fixed" ? F.FRONT_END_FIXED_BYTES : F.FRONT_END_BYTES);
  const section = new Uint8Array(tables.reduce((sum, [, table]) => sum + padded(table.byteLength), parameterBytes));
  const view = new DataView(section.buffer);
  const integers: [number, number][] = [
    [F.FRONT_END_SAMPLE_RATE, SAMPLE_RATE],
    [F.FRONT_END_FRAME_SAMPLES, FRAME_SAMPLES],
    [F.FRONT_END_HOP_SAMPLES, HOP_SAMPLES],
    [F.FRONT_END_FFT_POINTS, FFT_POINTS],
    [F.FRONT_END_BANDS, RING_BANDS],
    [F.FRONT_END_FRAMES, RING_FRAMES],
    [F.FRONT_END_MEL_WEIGHTS, weights.length],
  ];
  for (const [field, value] of integers) view.setUint32(field, value, true);
  view.setUint16(F.FRONT_END_COEFFICIENTS, COEFFICIENTS, true);
  view.setUint8(F.FRONT_END_ARITHMETIC, arithmetic === "fixed" ? F.FRONT_END_FIXED : F.FRONT_END_FLOAT32);
  view.setUint8(F.FRONT_END_OPTIONS, (codeBits === 4 ? F.FRONT_END_CODES_4BIT : 0) | (removeDc ? F.FRONT_END_REMOVE_DC : 0));
  view.setFloat32(F.FRONT_END_FLOOR, parameters.floor, true);
  view.setFloat32(F.FRONT_END_ORIGIN, parameters.origin, true);
  view.setFloat32(F.FRONT_END_STEP, parameters.step, true);
  let offset = parameterBytes;
  for (const [field, table] of tables) {
    view.setUint32(field, offset, true);
    section.set(new Uint8Array(table.buffer), offset);
    offset += padded(table.byteLength);
  }
  return section;
}

/** What a section that the device accepts was made from; floats as float32. */
export function frontEndParameters(section: Uint8Array): FrontEndParameters {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  return {
    floor: view.getFloat32(F.FRONT_END_FLOOR, true),
    origin: view.getFloat32(F.FRONT_END_ORIGIN, true),
    step: view.getFloat32(F.FRONT_END_STEP, true),
    arithmetic: view.getUint8(F.FRONT_END_ARITHMETIC) === F.FRONT_END_FIXED ? "fixed" : "float",
    codeBits: view.getUint8(F.FRONT_END_OPTIONS) & F.FRONT_END_CODES_4BIT ? 4 : 8,
    removeDc: (view.getUint8(F.FRONT_END_OPTIONS) & F.FRONT_END_REMOVE_DC) !== 0,
  };
}

function check({ floor, origin, step }: FrontEndParameters): void {
  const refuse = (name: string, range: string, found: number) => {
    throw new QurioError(
      "FRONT_END",
      `front end ${name} must be ${range}, found ${found}`,
      `Set ${name} of the front end to a value in range.`,
    );
  };
  if (!(floor >= 1e-30 && floor <= 1e6)) refuse("floor", "from 1e-30 to 1e6", floor);
  if (!(Math.abs(origin) <= 1024)) refuse("origin", "from -1024 to 1024", origin);
  if (!(step >= 1e-3 && step <= 1024)) refuse("step", "from 1e-3 to 1024", step);
}
