// Builds WAV files byte by byte for tests: any width, channel count and rate, with chunks in front when asked.

export interface WavRecipe {
  tag?: number;
  bits?: number;
  channels?: number;
  sampleRate?: number;
  /** Wrap the tag in WAVE_FORMAT_EXTENSIBLE. */
  extensible?: boolean;
  /** Bytes put between the format and the data chunk. */
  between?: Uint8Array;
}

/** A WAV whose frame `i`, channel `c` holds value(i, c), full scale -1..1. */
export function wavBytes(frames: number, value: (frame: number, channel: number) => number, recipe: WavRecipe = {}): Uint8Array {
  const { tag = 1, bits = 16, channels = 1, sampleRate = 16000, extensible = false, between = new Uint8Array(0) } = recipe;
  const frameBytes = (channels * bits) / 8;
  const formatBytes = extensible ? 40 : 16;
  const dataAt = 20 + formatBytes + between.length;
  const bytes = new Uint8Array(dataAt + 8 + frames * frameBytes);
  const view = new DataView(bytes.buffer);
  const text = (at: number, id: string) => bytes.set(new TextEncoder().encode(id), at);
  text(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, formatBytes, true);
  view.setUint16(20, extensible ? 0xfffe : tag, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, bits, true);
  if (extensible) {
    view.setUint16(36, 22, true);
    view.setUint16(38, bits, true);
    view.setUint16(44, tag, true);
    bytes.set([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71], 46);
  }
  bytes.set(between, 20 + formatBytes);
  text(dataAt, "data");
  view.setUint32(dataAt + 4, frames * frameBytes, true);
  for (let frame = 0, at = dataAt + 8; frame < frames; frame++) {
    for (let channel = 0; channel < channels; channel++, at += bits / 8) writeSample(view, at, value(frame, channel), tag, bits);
  }
  return bytes;
}

function writeSample(view: DataView, at: number, value: number, tag: number, bits: number) {
  if (tag === 3) return bits === 32 ? view.setFloat32(at, value, true) : view.setFloat64(at, value, true);
  const full = 2 ** (bits - 1);
  const code = Math.max(-full, Math.min(full - 1, Math.round(value * full)));
  if (bits === 8) view.setUint8(at, code + 128);
  else for (let byte = 0; byte < bits / 8; byte++) view.setUint8(at + byte, (code >> (8 * byte)) & 255);
}
