// The front end in float64, slow and obvious: what the device is compared with. docs/how-it-works/features.md has the formulas.
// Window of 5 s at 16 kHz: 498 frames of 400 samples every 160, 64 mel bands, 969 features.

export const FRAMES = 498;
export const BANDS = 64;
export const FEATURES = 969;
const FRAME_SAMPLES = 400;
const HOP_SAMPLES = 160;
const POINTS = 512;
const COEFFICIENTS = 20;
/** Bin edges of the modulation bands, in bins of a 512-point spectrum over frames. */
const MODULATION_EDGES = [2, 4, 7, 12, 20, 34, 58, 100, 170, 256];
/** First and last lag of the rhythm features, in frames. */
const LAGS = [
  [3, 8],
  [9, 16],
  [17, 32],
  [33, 62],
  [63, 112],
  [113, 199],
];

const COS = Float64Array.from({ length: POINTS }, (_, i) => Math.cos((2 * Math.PI * i) / POINTS));
const SIN = Float64Array.from({ length: POINTS }, (_, i) => Math.sin((2 * Math.PI * i) / POINTS));

/** |X[k]|^2 for k = 0..256 of a real signal of at most 512 values, by the definition of the transform. */
export function powerSpectrum(x: Float64Array): Float64Array {
  return Float64Array.from({ length: POINTS / 2 + 1 }, (_, k) => {
    let re = 0;
    let im = 0;
    for (let i = 0; i < x.length; i++) {
      re += x[i] * COS[(k * i) % POINTS];
      im -= x[i] * SIN[(k * i) % POINTS];
    }
    return re * re + im * im;
  });
}

/** Periodic Hann window of 400 samples. */
export function hann(): Float64Array {
  return Float64Array.from({ length: FRAME_SAMPLES }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FRAME_SAMPLES));
}

/** The triangles: per band the first bin and the values from there on, zeros at both ends left out. */
export function melBands(): { first: number; weights: number[] }[] {
  const mel = (hz: number) => 1127 * Math.log(1 + hz / 700);
  const edges = Array.from({ length: BANDS + 2 }, (_, i) => {
    const hz = 700 * (Math.exp((mel(60) + ((mel(7800) - mel(60)) * i) / (BANDS + 1)) / 1127) - 1);
    return (hz * POINTS) / 16000;
  });
  return Array.from({ length: BANDS }, (_, m) => {
    const [left, centre, right] = edges.slice(m, m + 3);
    const first = Math.max(1, Math.floor(left) + 1);
    const weights: number[] = [];
    for (let k = first; k < right; k++) weights.push(Math.max(0, Math.min((k - left) / (centre - left), (right - k) / (right - centre))));
    return weights.length > 0 ? { first, weights } : { first: Math.round(centre), weights: [1] };
  });
}

const WINDOW = hann();
const MEL = melBands();

/** 400 samples in -1..1 -> mel power of 64 bands. */
export function melPower(frame: Float64Array): Float64Array {
  const power = powerSpectrum(frame.map((x, i) => x * WINDOW[i]));
  return Float64Array.from(MEL, ({ first, weights }) => weights.reduce((sum, w, i) => sum + w * power[first + i], 0));
}

/**
 * PCM at 16 kHz -> L[498 * 64], frame by frame, in nats: ln(mel power + floor).
 * Int16Array is taken as 16-bit samples, Float64Array as -1..1; short clips are padded with zeros, long ones cut at 5 s.
 */
export function logMel(pcm: Int16Array | Float64Array, floor = 1e-6): Float64Array {
  const scale = pcm instanceof Int16Array ? 1 / 32768 : 1;
  const L = new Float64Array(FRAMES * BANDS);
  for (let t = 0; t < FRAMES; t++) {
    const frame = Float64Array.from({ length: FRAME_SAMPLES }, (_, i) => (pcm[t * HOP_SAMPLES + i] ?? 0) * scale);
    L.set(
      melPower(frame).map((p) => Math.log(p + floor)),
      t * BANDS,
    );
  }
  return L;
}

/** The ring's bytes: code = round((L - origin) / step), clamped to 0..largest. */
export function toCodes(L: Float64Array, origin: number, step: number, largest = 255): Uint8Array {
  return Uint8Array.from(L, (value) => Math.min(largest, Math.max(0, Math.round((value - origin) / step))));
}

/** L of a ring: origin + step * code. */
export function fromCodes(codes: Uint8Array, origin: number, step: number): Float64Array {
  return Float64Array.from(codes, (code) => origin + step * code);
}

const mean = (x: Float64Array) => x.reduce((a, b) => a + b, 0) / x.length;
const max = (x: Float64Array) => x.reduce((a, b) => Math.max(a, b));

function std(x: Float64Array): number {
  const centre = mean(x);
  return Math.sqrt(mean(x.map((v) => (v - centre) ** 2)));
}

/** sum_{t >= lag} abs(x[t] - x[t - lag]) / T */
function delta(x: Float64Array, lag: number): number {
  let sum = 0;
  for (let t = lag; t < x.length; t++) sum += Math.abs(x[t] - x[t - lag]);
  return sum / x.length;
}

/** Sorted x at index floor(q T). */
function percentile(x: Float64Array, q: number): number {
  return x.slice().sort()[Math.floor(q * x.length)];
}

/** mean(((x - mean) / (std + 0.1))^3) */
function skew(x: Float64Array): number {
  const centre = mean(x);
  const width = std(x) + 0.1;
  return mean(x.map((v) => ((v - centre) / width) ** 3));
}

/** ln(mean power / T + 1e-3) in nine bands of the spectrum of x - mean(x). */
function modulation(x: Float64Array): number[] {
  const centre = mean(x);
  const power = powerSpectrum(x.map((v) => v - centre));
  return MODULATION_EDGES.slice(1).map((end, i) => Math.log(mean(power.slice(MODULATION_EDGES[i], end)) / FRAMES + 1e-3));
}

/** Mean, std, 5 %, 50 %, 95 %, max, (max - mean) / (std + 0.01). */
function summary(x: Float64Array): number[] {
  const peak = (max(x) - mean(x)) / (std(x) + 0.01);
  return [mean(x), std(x), percentile(x, 0.05), percentile(x, 0.5), percentile(x, 0.95), max(x), peak];
}

/** Autocorrelation of x - mean(x) over its value at lag 0 + 1e-6: the maximum in each range of lags. */
function rhythm(x: Float64Array): number[] {
  const centre = mean(x);
  const y = x.map((v) => v - centre);
  const correlation = (lag: number) => y.subarray(lag).reduce((sum, v, t) => sum + v * y[t], 0);
  const whole = correlation(0) + 1e-6;
  return LAGS.map(([first, last]) => Math.max(...Array.from({ length: last - first + 1 }, (_, i) => correlation(first + i) / whole)));
}

/** L[498 * 64] in nats -> the 969 features, in the order of docs/how-it-works/features.md. */
export function richFeatures(L: Float64Array): Float64Array {
  const at = (t: number, m: number) => L[t * BANDS + m];
  const series = (value: (t: number) => number) => Float64Array.from({ length: FRAMES }, (_, t) => value(t));
  const overBands = (value: (m: number) => number) => {
    let sum = 0;
    for (let m = 0; m < BANDS; m++) sum += value(m);
    return sum;
  };
  const out: number[] = [];

  for (let m = 0; m < BANDS; m++) {
    const x = series((t) => at(t, m));
    const ranks = [0.1, 0.25, 0.5, 0.75, 0.9].map((q) => percentile(x, q));
    out.push(mean(x), std(x), max(x), delta(x, 1), delta(x, 4), ...ranks, skew(x));
  }
  for (let m = 0; m < BANDS; m += 4) out.push(...modulation(series((t) => (at(t, m) + at(t, m + 1) + at(t, m + 2) + at(t, m + 3)) / 4)));

  const energy = series((t) => overBands((m) => at(t, m)) / BANDS);
  const flux = series((t) => (t === 0 ? 0 : overBands((m) => Math.max(0, at(t, m) - at(t - 1, m))) / BANDS));
  const loudest = max(energy);
  out.push(...summary(energy), ...summary(flux), ...rhythm(flux));
  out.push(energy.filter((e) => e > loudest - 3).length / FRAMES);

  for (let k = 0; k < COEFFICIENTS; k++) {
    const row = Float64Array.from({ length: BANDS }, (_, m) => Math.sqrt(2 / BANDS) * Math.cos((Math.PI * k * (m + 0.5)) / BANDS));
    const x = series((t) => overBands((m) => at(t, m) * row[m]));
    out.push(mean(x), std(x), delta(x, 1), delta(x, 4), skew(x));
  }
  return Float64Array.from(out);
}
