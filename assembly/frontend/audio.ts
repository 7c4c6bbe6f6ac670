// The PCM buffer: samples wait here until a frame can be taken. Frames overlap, so a frame frees only a hop.
//
//   audioPtr                                          AUDIO_SAMPLES
//   | used up | waiting: `count` i16 from `start` | free |

import { FRAME_SAMPLES, HOP_SAMPLES } from "../format/input_spec.ts";
import { AUDIO_SAMPLES } from "../format/plan.ts";

let audioPtr: usize = 0;
let start = 0;
let count = 0;

export function audioOpen(ptr: usize): void {
  audioPtr = ptr;
}

export function audioReset(): void {
  start = 0;
  count = 0;
}

/** Samples that fit behind the waiting ones, once they have been moved down. */
export function audioRoom(): i32 {
  return AUDIO_SAMPLES - count;
}

/** Where the next samples go; moves the waiting ones to the front first. */
export function audioFreePtr(): usize {
  if (start != 0) {
    const from = audioPtr + ((<usize>start) << 1);
    for (let i: usize = 0, end = (<usize>count) << 1; i < end; i += 2) store<i16>(audioPtr + i, load<i16>(from + i));
    start = 0;
  }
  return audioPtr + ((<usize>count) << 1);
}

/** `samples` have been written at audioFreePtr(); more than fit are not taken, nor any behind the buffer when nobody asked where to write. */
export function audioPush(samples: i32): void {
  const room = audioRoom() - start;
  count += <u32>samples > <u32>room ? room : samples;
}

/** The next frame's samples, or 0 while too few wait. With `pad`, missing samples are zeros. */
export function audioFrame(pad: bool): usize {
  if (count < FRAME_SAMPLES) {
    if (!pad) return 0;
    let ptr = audioFreePtr();
    for (const end = ptr + ((FRAME_SAMPLES - count) << 1); ptr < end; ptr += 2) store<i16>(ptr, 0);
  }
  return audioPtr + ((<usize>start) << 1);
}

/** Drops the samples that no later frame needs. */
export function audioAdvance(): void {
  const hop = count < HOP_SAMPLES ? count : HOP_SAMPLES;
  start += hop;
  count -= hop;
}
