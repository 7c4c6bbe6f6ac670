// Portable. The stream record: how windows follow each other, what the wake-on-sound gate hears, which event goes on; and how energy counts. 84 bytes.
//
//   settings, which the host writes before reset()            state, which it reads
//   0     4      8       12     16      20      24            28      32      36           40        44      48
//   | hop | wake | sleep | hold | votes | start | stop |      | awake | level | background | windows | event | history i16 [16] |
//     i32 each
//                                                             80: lambda f32, which the host writes before any decision
//
// A level is the sum of a frame's 64 codes: one nat more in every band is 64 / step more. Hosts check settings; the core keeps what they
// may break (hop, votes) in range.

export const STREAM_BYTES = 84;

/** A decibel of power in all 64 bands, in nats: 64 ln(10) / 10. Divided by the front end's step: in codes. */
export const NATS_PER_DB: f32 = 14.736545;

/** Frames from window to window, 1 to RING_FRAMES; 0: one window, and no stream. A frame is 10 ms. */
export const STREAM_HOP = 0;
/** The gate wakes when the level is this far above the background; 0: there is no gate. */
export const STREAM_WAKE = 4;
/** It stays awake while the level is this far above the background, and STREAM_HOLD frames longer. */
export const STREAM_SLEEP = 8;
export const STREAM_HOLD = 12;
/** The last `votes` windows vote, 1 to STREAM_MAX_VOTES: an event starts with STREAM_START votes for its label. */
export const STREAM_VOTES = 16;
export const STREAM_START = 20;
/** It goes on while it has at least this many. */
export const STREAM_STOP = 24;

export const STREAM_AWAKE = 28;
export const STREAM_LEVEL = 32;
/** In 1/256: falls by 1/8 of the difference a frame, rises by 1/1024. -1 before the first frame. */
export const STREAM_BACKGROUND = 36;
/** Windows since reset, those included that the gate slept through. */
export const STREAM_WINDOWS = 40;
/** Label index of the event that goes on, or -1. */
export const STREAM_EVENT = 44;
/** Label of each of the last windows, newest first; -1 where the model abstained or the gate slept. */
export const STREAM_HISTORY = 48;
export const STREAM_MAX_VOTES = 16;
/** f32, at least 0: how much energy counts when a Bayesian router chooses, in a stream or not; 0 at first, and reset() keeps it. */
export const STREAM_LAMBDA = 80;
