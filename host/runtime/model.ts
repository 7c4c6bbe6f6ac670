// A loaded model: what `import { loadModel } from "qurio"` gives. Browser-safe: no file access here.

import { ERROR_NO_FRONT_END } from "../../assembly/format/errors.ts";
import { POLICY_BAYESIAN } from "../../assembly/format/ids.ts";
import { deviceError, QurioError } from "../errors.ts";
import { type Framing, featureCount, framingOf } from "../model-file/input_spec.ts";
import { decodeModel, type MemoryPlan, memoryPlan, type PackedModel } from "../model-file/model_file.ts";
import { Core } from "./core.ts";
import { answererNetworks, type Decision, nameDecision } from "./decision.ts";
import { RawStream, type RawWindow, type StreamOptions, streamSettings } from "./stream.ts";

/** A rest shorter than this behind the last whole window is not worth a decision of its own. */
const SHORTEST_REST_S = 0.5;

/** What a stream says about one window. */
export interface StreamWindow {
  /** Seconds since the stream began. */
  startS: number;
  /** Null when the gate slept through the window. */
  decision: Decision | null;
  /** Label of the event that goes on, or null. */
  event: string | null;
}

/** A stream of windows; the model decides nothing else until `end`. */
export interface Stream {
  /** @param pcm 16-bit, mono, at the model's sample rate, any number of samples; returns the windows that they complete, in order */
  push(pcm: Int16Array): StreamWindow[];
  end(): void;
}

/** What a URL is here; spelled out, so that the package's types need neither DOM's nor Node's. */
export interface Address {
  readonly href: string;
}

/** Where the core module comes from: bytes, or a URL to fetch. */
export type WasmSource = Uint8Array | ArrayBuffer | Address | string;

export interface LoadOptions {
  /** The core module's two builds, of which one is read; those of this package if absent. */
  wasm?: { scalar: WasmSource; simd: WasmSource };
  /** false: use the scalar build even where SIMD works. Decisions are the same bit for bit. */
  simd?: boolean;
}

/** The smallest module with a SIMD instruction: (func (result v128) (i32x4.splat (i32.const 0))). */
const SIMD_PROBE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 17, 11);

/** Whether this engine runs WebAssembly SIMD. */
export function hasSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}

export class Model {
  /** Class names, in the order of `Decision.index`. */
  readonly labels: readonly string[];
  /** Networks that may answer, cheapest first where the model was exported so; the probe leads under the probe policy. */
  readonly answerers: readonly string[];
  /** Everything in the file, decoded; for inspection. */
  readonly packed: PackedModel;
  readonly core: Core;
  /** Hz of the sound that `decide` takes; 0, as are the two below, for a model that takes feature vectors. */
  readonly sampleRate: number;
  /** Of the sound that one decision is about. */
  readonly windowSamples: number;
  readonly windowS: number;
  /** Length of the feature vector that `decideFeatures` takes. */
  readonly features: number;
  private readonly framing: Framing | null;

  /** @internal use loadModel */
  constructor(core: Core, packed: PackedModel) {
    this.core = core;
    this.packed = packed;
    this.labels = packed.labels;
    this.answerers = answererNetworks(packed).map(({ name }) => name);
    this.framing = framingOf(packed.input);
    this.sampleRate = this.framing?.sampleRate ?? 0;
    this.windowSamples = this.framing?.windowSamples ?? 0;
    this.windowS = this.framing?.windowS ?? 0;
    this.features = featureCount(packed.input);
  }

  /** Memory that the model needs beside its file, in bytes, and a bound of its work. */
  get plan(): MemoryPlan {
    return memoryPlan(this.packed);
  }

  /**
   * How much energy counts when a Bayesian router chooses: gate i becomes p_i * exp(alpha * u * beta_i - lambda * energy_i). A
   * device sets it by its state of charge. 0 at first; it holds until it is set again.
   * @param lambda 0 to 1e6
   * @throws QurioError LAMBDA for another number, or a model whose policy has no such rule
   */
  setLambda(lambda: number): void {
    if (this.packed.policy.kind !== POLICY_BAYESIAN || !(lambda >= 0 && lambda <= 1e6)) {
      const found = this.packed.policy.kind === POLICY_BAYESIAN ? `${lambda}` : "a model with another policy";
      throw new QurioError(
        "LAMBDA",
        `lambda is 0 to 1000000 for a Bayesian router, found ${found}`,
        "Pass a number in that range; train with --router bayesian for a model whose router weighs energy.",
      );
    }
    this.core.setLambda(lambda);
  }

  /**
   * One decision about the first window.
   * @param pcm 16-bit, mono, at `sampleRate`; shorter than `windowSamples` counts as followed by silence
   * @param seed feeds the router's Monte Carlo dropout; the same seed gives the same decision on every engine
   * @throws QurioError PCM for anything but an Int16Array with samples; when the model takes features, or when its activations overflow
   */
  decide(pcm: Int16Array, seed = 0): Decision {
    checkPcm(pcm);
    this.core.reset(seed);
    this.core.push(pcm);
    return nameDecision(this.packed, this.core.decide());
  }

  /**
   * One decision per window, in order; a rest of at least 0.5 s gets one too (as does any clip shorter than a window).
   * @param pcm 16-bit, mono, at `sampleRate`, of any length
   */
  *decideWindows(pcm: Int16Array, seed = 0): Generator<{ startS: number; decision: Decision }> {
    for (const start of this.windowStarts(pcm.length)) {
      yield { startS: start / this.sampleRate, decision: this.decide(pcm.subarray(start, start + this.windowSamples), seed) };
    }
  }

  /** First samples of the windows that a clip of this many samples is decided in. */
  windowStarts(samples: number): number[] {
    const { windowSamples, sampleRate } = this;
    const starts = [0];
    if (windowSamples === 0) return starts;
    for (let start = windowSamples; samples - start >= SHORTEST_REST_S * sampleRate; start += windowSamples) starts.push(start);
    return starts;
  }

  /**
   * One decision about a feature vector, without audio.
   * @param features float32 [features], raw values as the front end computes them
   * @throws QurioError for a wrong length, NaN or infinity
   */
  decideFeatures(features: Float32Array, seed = 0): Decision {
    return nameDecision(this.packed, this.core.decideFeatures(features, seed));
  }

  /**
   * Overlapping windows of sound without end: the decision about a window is that of `decide` on its samples.
   * @throws QurioError STREAM for an option out of range, NO_FRONT_END when the model takes features
   */
  stream(options: StreamOptions = {}, seed = 0): Stream {
    const { framing } = this;
    if (framing === null) throw deviceError({ code: ERROR_NO_FRONT_END, place: 0, expected: this.features, found: 0 });
    const stream = new RawStream(this.core, streamSettings(options, framing), seed);
    const window = ({ startFrame, decision, event }: RawWindow): StreamWindow => ({
      startS: startFrame / framing.framesPerS,
      decision: decision && nameDecision(this.packed, decision),
      event: event === null ? null : this.labels[event],
    });
    return { push: (pcm) => stream.push(pcm).map(window), end: () => stream.end() };
  }
}

function checkPcm(pcm: unknown): void {
  // by name, because an array may come from another realm (an iframe, a vm context)
  const kind = Object.prototype.toString.call(pcm).slice(8, -1);
  if (kind !== "Int16Array" || (pcm as Int16Array).length === 0) {
    const found = kind === "Int16Array" ? "no samples" : kind;
    throw new QurioError(
      "PCM",
      `sound must be an Int16Array with at least one sample, found ${found}`,
      "Scale float samples by 32768 and round: 16-bit PCM, mono, at the model's sampleRate.",
    );
  }
}

/** Whether these are bytes of a wasm module, as `qurio bake` writes them, and not of a model file. */
export function isWasm(file: Uint8Array): boolean {
  return file[0] === 0 && file[1] === 0x61 && file[2] === 0x73 && file[3] === 0x6d;
}

/** A model from a module that `qurio bake --target core` wrote. */
async function bakedModel(wasm: Uint8Array): Promise<Model> {
  let core: Core;
  try {
    core = await Core.create(wasm, false);
  } catch (error) {
    if (error instanceof QurioError) throw error;
    const what = wasm[4] === 1 ? "it asks for imports, as WASI commands do" : "it is a component, or damaged";
    throw new QurioError(
      "NOT_BAKED",
      `the wasm module cannot be used as a model: ${what}`,
      "Pass a model file, or what `qurio bake --target core` wrote; others run in wasmtime and its kin.",
    );
  }
  return new Model(core, decodeModel(core.open()));
}

/**
 * Loads a model from its bytes. A baked module brings its own core; others get the SIMD build where it runs.
 * @param own where this package's builds are
 * @throws QurioError NO_WASM, FETCH, or the device's reason
 */
export async function modelFromBytes(file: Uint8Array, options: LoadOptions, own: (simd: boolean) => WasmSource): Promise<Model> {
  if (isWasm(file)) return bakedModel(file);
  const simd = options.simd ?? hasSimd();
  const source = options.wasm?.[simd ? "simd" : "scalar"] ?? own(simd);
  const wasm = await fetched(source);
  if (!isWasm(wasm)) {
    throw new QurioError(
      "NO_WASM",
      `${address(source) ?? "what options.wasm holds"} is not the core module: no WebAssembly in it`,
      "Copy qurio.wasm and qurio.simd.wasm of package qurio there, or pass { wasm: { scalar, simd } }: their URLs or bytes.",
    );
  }
  const core = await Core.create(wasm, simd);
  core.load(file);
  return new Model(core, decodeModel(file));
}

const address = (source: WasmSource) => (typeof source === "string" ? source : "href" in source ? source.href : undefined);

/**
 * Bytes of a source: as they are, or fetched.
 * @throws QurioError FETCH
 */
export async function fetched(source: WasmSource): Promise<Uint8Array> {
  const url = address(source);
  if (url === undefined) return ArrayBuffer.isView(source) ? (source as Uint8Array) : new Uint8Array(source as ArrayBuffer);
  let why: string;
  try {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    why = `HTTP ${response.status}`;
  } catch (error) {
    why = (error as Error).message;
  }
  throw new QurioError("FETCH", `${url}: ${why}`, "Check the address.");
}
