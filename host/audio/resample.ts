// Any sample rate to what a model takes: 16-bit PCM at the rate of its input spec. libsamplerate's best sinc converter (compiled to WebAssembly,
// so the same bytes on every machine), fed in short blocks: a long file needs no second copy.

import type { Wav } from "./wav.ts";

const BLOCK_SAMPLES = 8192;
/** Yield to timers and signals this often. */
const BLOCKS_PER_TURN = 32;

/** Saturates; rounds half away from zero. `value` -1..1 gives -32768..32767. */
export function toPcm16(value: number): number {
  const scaled = value * 32768;
  const rounded = scaled < 0 ? -Math.round(-scaled) : Math.round(scaled);
  return Math.max(-32768, Math.min(32767, rounded));
}

/**
 * 16-bit PCM at `rate` Hz. Samples of a 16-bit file at that rate come through bit by bit; others give round(samples * rate / sampleRate)
 * samples, at least one, in time with the input (silence is assumed before and after it).
 * @param progress called with the share done, 0..1
 */
export async function toPcm({ samples, sampleRate }: Wav, rate: number, progress?: (share: number) => void): Promise<Int16Array> {
  if (sampleRate === rate) {
    const pcm = new Int16Array(samples.length);
    for (let i = 0; i < pcm.length; i++) pcm[i] = toPcm16(samples[i]);
    return pcm;
  }
  const { create, ConverterType } = await loadConverter();
  const converter = await create(1, sampleRate, rate, { converterType: ConverterType.SRC_SINC_BEST_QUALITY });
  const pcm = new Int16Array(Math.max(1, Math.round((samples.length * rate) / sampleRate)));
  const silence = new Float32Array(BLOCK_SAMPLES);
  try {
    let written = 0;
    // The converter looks ahead, so its last samples come out only when silence follows the end.
    for (let block = 0; written < pcm.length; block++) {
      const input = samples.subarray(block * BLOCK_SAMPLES, (block + 1) * BLOCK_SAMPLES);
      const output = converter.full(input.length > 0 ? input : silence);
      const count = Math.min(output.length, pcm.length - written);
      for (let i = 0; i < count; i++) pcm[written + i] = toPcm16(output[i]);
      written += count;
      if (block % BLOCKS_PER_TURN === BLOCKS_PER_TURN - 1) {
        progress?.(written / pcm.length);
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
  } finally {
    converter.destroy();
  }
  return pcm;
}

/** 2 MB of script: loaded only when a file needs it. */
async function loadConverter() {
  const module = await import("@alexanderolsen/libsamplerate-js");
  return module.default ?? module;
}
