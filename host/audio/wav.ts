// Reads WAV files. The RIFF chunks are walked and judged here, since package wavefile accepts garbage; wavefile then
// decodes the samples, block by block so that a long file needs no second copy of itself.
//
//   "RIFF" u32 bytes "WAVE" | "fmt " u32 16.. format | … | "data" u32 bytes, samples
//   format: u16 tag, u16 channels, u32 rate, u32 bytes/s, u16 bytes/frame, u16 bits (+ u16 22, u16 bits, u32 mask, u16 tag, … when extensible)

import * as wavefileModule from "wavefile";
import { QurioError } from "../errors.ts";

const { WaveFile } = wavefileModule.default ?? wavefileModule;

export interface Wav {
  /** One value per frame, the mean of all channels; -1..1 full scale, float files may exceed it. */
  samples: Float32Array;
  /** Hz */
  sampleRate: number;
}

interface WavLayout {
  tag: number;
  channels: number;
  sampleRate: number;
  frameBytes: number;
  bits: number;
  dataStart: number;
  frames: number;
}

const TAG_PCM = 1;
const TAG_FLOAT = 3;
const TAG_EXTENSIBLE = 0xfffe;
/** Names of tags that turn up in the wild, for the message. Source: mmreg.h. */
const TAG_NAMES: Record<number, string> = { 2: "MS ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 49: "GSM 6.10", 85: "MP3" };

export const MIN_SAMPLE_RATE = 4000;
export const MAX_SAMPLE_RATE = 192000;
const BLOCK_FRAMES = 1 << 16;
const CONVERT = "Convert it to 16-bit PCM, for example: sox in.wav -b 16 -c 1 out.wav";
const NOT_WHOLE = "The recording or the copy broke off: record or copy it again.";

/**
 * Decodes a WAV file: 8-, 16-, 24- or 32-bit PCM or 32- or 64-bit float, any number of channels, 4 to 192 kHz.
 * A data chunk that is cut short (or of unknown length, as streaming writers leave it) gives the whole frames that are there.
 * @param bytes the file
 * @param name what to call the file in errors
 * @throws QurioError WAV_EMPTY, WAV_NOT_A_WAV, WAV_TRUNCATED, WAV_COMPRESSED, WAV_CHANNELS, WAV_RATE, WAV_FORMAT, WAV_NO_SAMPLES, WAV_NOT_FINITE
 */
export function readWav(bytes: Uint8Array, name: string): Wav {
  const layout = readLayout(bytes, name);
  const { channels, frameBytes, dataStart, frames, sampleRate } = layout;
  const { scale, offset } = amplitude(layout);
  const samples = new Float32Array(frames);
  for (let first = 0; first < frames; first += BLOCK_FRAMES) {
    const count = Math.min(BLOCK_FRAMES, frames - first);
    const start = dataStart + first * frameBytes;
    const decoded = decodeBlock(bytes.subarray(start, start + count * frameBytes), layout);
    for (let frame = 0; frame < count; frame++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += decoded[frame * channels + channel] - offset;
      const value = (sum / channels) * scale;
      if (!Number.isFinite(value)) {
        throw new QurioError(
          "WAV_NOT_FINITE",
          `${name}: sample ${first + frame} is not a finite number`,
          "Check what wrote this float WAV: NaN and infinity are refused.",
        );
      }
      samples[first + frame] = value;
    }
  }
  return { samples, sampleRate };
}

/** 8-bit PCM is unsigned around 128, wider PCM signed, float is -1..1 already. */
function amplitude({ tag, bits }: WavLayout): { scale: number; offset: number } {
  if (tag === TAG_FLOAT) return { scale: 1, offset: 0 };
  return { scale: 2 ** (1 - bits), offset: bits === 8 ? 128 : 0 };
}

/**
 * Interleaved samples of one run of frames, by wavefile, which gets a plain header of ours and no other chunk. 16-bit PCM, which is what
 * recorders and microphones give, is taken as it lies in memory: wavefile needs longer for it than the whole decision does.
 */
function decodeBlock(frames: Uint8Array, { tag, channels, sampleRate, frameBytes, bits }: WavLayout): Float64Array | Int16Array {
  if (tag === TAG_PCM && bits === 16) return new Int16Array(Uint8Array.from(frames).buffer);
  const header = 44;
  const file = new Uint8Array(header + frames.length);
  const view = new DataView(file.buffer);
  const text = (at: number, value: string) => file.set(new TextEncoder().encode(value), at);
  text(0, "RIFF");
  view.setUint32(4, file.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, tag, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, bits, true);
  text(36, "data");
  view.setUint32(40, frames.length, true);
  file.set(frames, header);
  return new WaveFile(file).getSamples(true, Float64Array);
}

function readLayout(bytes: Uint8Array, name: string): WavLayout {
  if (bytes.length === 0) throw new QurioError("WAV_EMPTY", `${name} is empty: 0 bytes`, NOT_WHOLE);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const id = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (!"RIFF".startsWith(id(0)) || !"WAVE".startsWith(id(8))) {
    throw new QurioError("WAV_NOT_A_WAV", `${name} is not a WAV file: it does not start with RIFF … WAVE`, CONVERT);
  }
  let format: Omit<WavLayout, "dataStart" | "frames"> | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (id(at) === "fmt ") format = readFormat(bytes.subarray(start, start + size), size, name);
    if (id(at) === "data" && format) {
      const dataBytes = Math.min(size, bytes.length - start);
      const frames = Math.floor(dataBytes / format.frameBytes);
      if (frames === 0)
        throw new QurioError("WAV_NO_SAMPLES", `${name} holds no samples: its data chunk has ${dataBytes} bytes`, NOT_WHOLE);
      return { ...format, dataStart: start, frames };
    }
    at = start + size + (size & 1);
  }
  const missing = format ? "data" : "format";
  throw new QurioError(
    "WAV_TRUNCATED",
    `${name}: truncated header: the file ends after ${bytes.length} bytes without a ${missing} chunk`,
    NOT_WHOLE,
  );
}

function readFormat(chunk: Uint8Array, size: number, name: string): Omit<WavLayout, "dataStart" | "frames"> {
  if (size < 16 || chunk.length < size) {
    const message = `${name}: truncated header: the format chunk has ${chunk.length} bytes, ${Math.max(16, size)} expected`;
    throw new QurioError("WAV_TRUNCATED", message, NOT_WHOLE);
  }
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const outerTag = view.getUint16(0, true);
  const tag = outerTag === TAG_EXTENSIBLE && size >= 26 ? view.getUint16(24, true) : outerTag;
  const channels = view.getUint16(2, true);
  const sampleRate = view.getUint32(4, true);
  const frameBytes = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  if (tag !== TAG_PCM && tag !== TAG_FLOAT) {
    const found = TAG_NAMES[tag] ?? `format ${tag}`;
    throw new QurioError("WAV_COMPRESSED", `${name} is compressed (${found}): PCM or float expected`, CONVERT);
  }
  if (channels === 0) throw new QurioError("WAV_CHANNELS", `${name} has zero channels: at least 1 expected`, CONVERT);
  if (sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) {
    const message = `${name} has a sample rate of ${sampleRate} Hz: ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE} expected`;
    throw new QurioError("WAV_RATE", message, "Resample it, for example: sox in.wav -r 48000 out.wav");
  }
  const widths = tag === TAG_PCM ? [8, 16, 24, 32] : [32, 64];
  if (!widths.includes(bits) || frameBytes !== (channels * bits) / 8) {
    const expected = `${widths.join(", ")} bits in frames of channels x bits / 8 bytes`;
    const found = `${bits} bits, ${channels} channels, ${frameBytes} bytes a frame`;
    throw new QurioError("WAV_FORMAT", `${name}: sample format is not supported: ${expected} expected, found ${found}`, CONVERT);
  }
  return { tag, channels, sampleRate, frameBytes, bits };
}
