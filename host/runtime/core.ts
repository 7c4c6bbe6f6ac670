// The core module behind typed calls: places the model, grows memory, pushes audio, reads the decision record. Browser-safe.

import { instantiate } from "@assemblyscript/loader";
import { DECISION_BYTES } from "../../assembly/format/decision.ts";
import { ABI_VERSION, ALIGNMENT, PHASE_ROUTER } from "../../assembly/format/ids.ts";
import { STREAM_LAMBDA } from "../../assembly/format/stream.ts";
import { deviceError, QurioError } from "../errors.ts";
import { decodePlan, type MemoryPlan } from "../model-file/model_file.ts";
import { repack } from "../model-file/repack.ts";
import type { CoreExports } from "./core_exports.ts";
import { type RawDecision, readDecision } from "./decision.ts";
import { drain, pumpDecision, pumpSound, putFeatures } from "./pump.ts";

const PAGE = 65536;
/** Vectors of one product: more do not make it faster, and scratch stays small. */
const BATCH = 64;

const align = (ptr: number) => Math.ceil(ptr / ALIGNMENT) * ALIGNMENT;

export class Core {
  readonly exports: CoreExports;
  readonly simd: boolean;
  private plan: MemoryPlan | null = null;
  /** Where the model file lies, once one is loaded. */
  modelPtr = 0;
  /** First byte behind the model. */
  private freePtr = 0;

  private constructor(exports: CoreExports, simd: boolean) {
    this.exports = exports;
    this.simd = simd;
  }

  /** @param wasm the core module, scalar or SIMD as `simd` says: its bytes, or a compiled WebAssembly.Module */
  static async create(wasm: ArrayBuffer | ArrayBufferView | object, simd: boolean): Promise<Core> {
    const { exports } = await instantiate(wasm as BufferSource, {});
    const core = exports as unknown as CoreExports;
    if (core.abiVersion() !== ABI_VERSION) {
      throw new QurioError(
        "ABI",
        `core module has ABI version ${core.abiVersion()}, expected ${ABI_VERSION}`,
        "Rebuild the module: npm run build.",
      );
    }
    return new Core(core, simd);
  }

  /**
   * Validates, repacks for this build, and loads a model file.
   * @throws QurioError with the device's reason for anything but a sound model file
   */
  load(file: Uint8Array): void {
    this.plan = null;
    const scratch = align(this.exports.workPtr());
    this.place(file, scratch);
    this.check(this.exports.validate(scratch, file.length));
    const packed = repack(file, this.simd ? "simd" : "scalar");
    const plan = decodePlan(packed);
    const ptr = align(this.exports.workPtr() + plan.workBytes);
    this.place(packed, ptr);
    this.check(this.exports.load(ptr, packed.length));
    this.plan = plan;
    this.modelPtr = ptr;
    this.freePtr = align(ptr + packed.length);
  }

  /**
   * Opens the model in a baked module: its own, or, where it was baked without weights, `model`, as bake laid it out.
   * Returns the model file.
   * @throws QurioError NOT_BAKED, or the device's reason: damaged weights are a checksum error
   */
  open(model?: Uint8Array): Uint8Array {
    const { modelPtr, modelBytes, init, memory } = this.exports;
    if (!modelPtr || !modelBytes || (model === undefined && !init)) {
      throw new QurioError(
        "NOT_BAKED",
        "the wasm module has no model in it",
        "Pass what `qurio bake --target core` wrote; one without weights needs its model, too.",
      );
    }
    if (model && model.length > modelBytes()) {
      throw new QurioError(
        "MODEL_TOO_LARGE",
        `the model has ${model.length} bytes, the module has room for ${modelBytes()}`,
        "Bake a module for this model.",
      );
    }
    if (model) new Uint8Array(memory.buffer).set(model, modelPtr());
    this.plan = null;
    this.check(model ? this.exports.load(modelPtr(), model.length) : init!());
    const file = new Uint8Array(memory.buffer, modelPtr(), model?.length ?? modelBytes()).slice();
    this.plan = decodePlan(file);
    this.modelPtr = modelPtr();
    this.freePtr = align(modelPtr() + file.length);
    return file;
  }

  private place(file: Uint8Array, ptr: number): void {
    this.growTo(ptr + file.length);
    new Uint8Array(this.exports.memory.buffer).set(file, ptr);
  }

  private growTo(end: number): void {
    const { memory } = this.exports;
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  }

  /** Throws the device's last error unless `code` is 0. */
  check(code: number): void {
    if (code === 0) return;
    const view = new DataView(this.exports.memory.buffer, this.exports.lastError());
    const field = (i: number) => view.getInt32(4 * i, true);
    throw deviceError({ code: field(0), place: field(1), expected: field(2), found: field(3) });
  }

  /** How much energy counts when a Bayesian router chooses, at least 0. */
  setLambda(lambda: number): void {
    new Float32Array(this.exports.memory.buffer, this.exports.streamPtr() + STREAM_LAMBDA, 1)[0] = lambda;
  }

  /** A new window; `seed` feeds the router's dropout. */
  reset(seed = 0): void {
    this.exports.reset(seed);
  }

  /**
   * Pushes 16-bit PCM and does the work that it makes possible: frames, and the whole decision when the window
   * is full. Returns the samples taken: fewer than given when the window is full.
   */
  push(pcm: Int16Array): number {
    return drain(pumpSound(this, pcm));
  }

  /** Runs to the end (missing audio counts as silence) and returns the decision. */
  decide(): RawDecision {
    this.check(this.exports.decide());
    return this.decision();
  }

  /**
   * A decision from a feature vector instead of audio.
   * @param features float32 [plan.features], raw (not normalized), finite
   */
  decideFeatures(features: Float32Array, seed = 0): RawDecision {
    checkFeatures(features, this.plan?.features ?? 0);
    this.reset(seed);
    putFeatures(this, features);
    return this.decide();
  }

  /**
   * One network over many feature vectors at once, each alone bit for bit: matrix products instead of products with a vector. Neither
   * routing nor dropout acts. The SIMD build only.
   * @param network 0 is the router, 1 + i expert i
   * @param features float32 [count][plan.features], raw (not normalized), finite
   * @returns softmaxes, float32 [count][outputs of the network]
   * @throws QurioError BATCH on the scalar build, FEATURES_SHAPE, or the device's reason
   */
  batch(network: number, features: Float32Array): Float32Array {
    const { batchBytes, batchOutputs, forwardBatch } = this.exports;
    if (!batchBytes || !batchOutputs || !forwardBatch) {
      throw new QurioError("BATCH", "the scalar build has no batches, the SIMD build expected", "Decide one vector after the other.");
    }
    const width = this.plan?.features ?? 0;
    if (width === 0 || features.length % width !== 0) {
      throw new QurioError(
        "FEATURES_SHAPE",
        `features have ${features.length} values, a multiple of ${width} expected`,
        "Put whole feature vectors one behind the other.",
      );
    }
    if (batchOutputs(network) === 0) {
      throw new QurioError("BATCH", `the model has no network ${network}`, "0 is the router, if there is one; 1 and up are the experts.");
    }
    const probabilities = new Float32Array((features.length / width) * batchOutputs(network));
    const most = Math.max(1, Math.min(BATCH, features.length / width));
    const scratchPtr = this.freePtr;
    const featuresPtr = align(scratchPtr + batchBytes(network, most));
    const probabilitiesPtr = align(featuresPtr + 4 * most * width);
    this.growTo(probabilitiesPtr + 4 * most * batchOutputs(network));
    for (let from = 0, to = 0; from < features.length; from += most * width) {
      const part = features.subarray(from, from + most * width);
      const count = part.length / width;
      new Float32Array(this.exports.memory.buffer, featuresPtr, part.length).set(part);
      this.check(forwardBatch(network, featuresPtr, count, probabilitiesPtr, scratchPtr));
      const values = new Float32Array(this.exports.memory.buffer, probabilitiesPtr, count * batchOutputs(network));
      probabilities.set(values, to);
      to += values.length;
    }
    return probabilities;
  }

  /** Raw features of a window, float32 [plan.features]; missing audio counts as silence. The networks do not run to their end. */
  features(pcm: Int16Array): Float32Array {
    for (const phase of pumpDecision(this, pcm)) if (phase >= PHASE_ROUTER) break;
    return new Float32Array(this.exports.memory.buffer, this.exports.featuresPtr(), this.plan!.features).slice();
  }

  /** Softmax of the network that answered, float32 [classes]. */
  probabilities(): Float32Array {
    return new Float32Array(this.exports.memory.buffer, this.exports.probabilitiesPtr(), this.plan!.classes).slice();
  }

  /** The 40 bytes of the decision record. */
  decisionBytes(): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, this.exports.decisionPtr(), DECISION_BYTES).slice();
  }

  decision(): RawDecision {
    return readDecision(this.decisionBytes());
  }
}

/** @throws QurioError FEATURES_SHAPE */
export function checkFeatures({ length }: Float32Array, expected: number): void {
  if (length === expected) return;
  throw new QurioError(
    "FEATURES_SHAPE",
    `feature vector has ${length} values, the model takes ${expected}`,
    "Compute the features that the model was trained on.",
  );
}
