// Runs the device's front end in a test instance, with canaries around every buffer that it is given.

import { FRONT_END_CODES_4BIT, INPUT_OPTIONS } from "../../assembly/format/file.ts";
import { AUDIO_SAMPLES, FRONT_END_SCRATCH_BYTES, RICH_FEATURES, RING_BYTES, RING_BYTES_4BIT } from "../../assembly/format/plan.ts";
import { DEFAULT_FRONT_END, type FrontEndParameters } from "../../host/model-file/front_end.ts";
import { encodeInput } from "../../host/model-file/input_spec.ts";
import { soundParts } from "../../tools/export/front_end_tables.ts";
import { Instance, type Target } from "../harness/compile.ts";

const CANARY_BYTES = 64;
const CANARY = 0xa5;
export const NEEDS_AUDIO = 0;
export const READY = 3;

/** What a model file has of its sound: the bytes of the input spec and of the front end section. */
export interface Sections {
  input: Uint8Array;
  tables: Uint8Array;
}

export function sectionsOf(parameters: FrontEndParameters = DEFAULT_FRONT_END): Sections {
  const { input, frontEnd } = soundParts(parameters);
  return { input: encodeInput(input), tables: frontEnd! };
}

export class Device {
  readonly instance: Instance;
  readonly sectionPtr: number;
  readonly sectionBytes: number;
  private readonly buffers: { name: string; ptr: number; bytes: number }[] = [];
  readonly ringPtr: number;
  private readonly ringBytes: number;
  readonly featuresPtr: number;

  private constructor(instance: Instance, { input, tables }: Sections) {
    this.instance = instance;
    this.sectionBytes = tables.length;
    this.sectionPtr = instance.put(tables);
    this.ringBytes = input[INPUT_OPTIONS] & FRONT_END_CODES_4BIT ? RING_BYTES_4BIT : RING_BYTES;
    this.ringPtr = this.guarded("ring", this.ringBytes);
    const audio = this.guarded("audio", 2 * AUDIO_SAMPLES);
    const scratch = this.guarded("scratch", FRONT_END_SCRATCH_BYTES);
    this.featuresPtr = this.guarded("features", 4 * RICH_FEATURES);
    instance.exports.frontEndOpen(instance.put(input), this.sectionPtr, this.ringPtr, audio, scratch, this.featuresPtr);
  }

  static async of(target: Target, sections = sectionsOf()): Promise<Device> {
    return new Device(await Instance.of("frontend", target), sections);
  }

  /** A buffer with canary bytes on both sides and garbage inside. */
  private guarded(name: string, bytes: number): number {
    const ptr = this.instance.alloc(bytes + 2 * CANARY_BYTES) + CANARY_BYTES;
    this.instance.u8(ptr - CANARY_BYTES, bytes + 2 * CANARY_BYTES).fill(CANARY);
    this.buffers.push({ name, ptr, bytes });
    return ptr;
  }

  /** Names of buffers that something wrote beside. */
  brokenCanaries(): string[] {
    const intact = (ptr: number) => this.instance.u8(ptr, CANARY_BYTES).every((byte) => byte === CANARY);
    return this.buffers.filter(({ ptr, bytes }) => !intact(ptr - CANARY_BYTES) || !intact(ptr + bytes)).map(({ name }) => name);
  }

  /** Codes of the ring, u8 [498][64], whatever their size in it. */
  private codes(): Uint8Array {
    const ring = this.instance.u8(this.ringPtr, this.ringBytes).slice();
    if (this.ringBytes === RING_BYTES) return ring;
    return Uint8Array.from({ length: 2 * RING_BYTES_4BIT }, (_, i) => (ring[(i >> 6) * 32 + (i & 31)] >> (i & 32 ? 4 : 0)) & 15);
  }

  /** Feeds `pcm` in pieces as long as `nextPiece` says, then pads; returns copies of codes and features. */
  classify(pcm: Int16Array, nextPiece: () => number = () => Infinity): { codes: Uint8Array; features: Float32Array } {
    const { exports } = this.instance;
    exports.frontEndReset();
    let at = 0;
    while (at < pcm.length && exports.audioFree() > 0) {
      const samples = Math.min(nextPiece(), pcm.length - at, exports.audioFree());
      new Int16Array(exports.memory.buffer, exports.audioFreePtr(), samples).set(pcm.subarray(at, at + samples));
      exports.audioPush(samples);
      at += samples;
      exports.run(false);
    }
    const last = exports.run(true);
    if (last !== READY || exports.framesSeen() !== 498)
      throw new Error(`front end stopped with ${last} after ${exports.framesSeen()} frames`);
    return {
      codes: this.codes(),
      features: this.instance.f32(this.featuresPtr, RICH_FEATURES).slice(),
    };
  }
}
