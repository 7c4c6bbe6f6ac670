// Reading WAV files: every width, channel count and rate that must work; every damage refused by name.

import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readWav } from "../host/audio/wav.ts";
import { QurioError } from "../host/errors.ts";
import { wavBytes } from "./harness/wav.ts";

const WIDTHS = [
  { tag: 1, bits: 8 },
  { tag: 1, bits: 16 },
  { tag: 1, bits: 24 },
  { tag: 1, bits: 32 },
  { tag: 3, bits: 32 },
  { tag: 3, bits: 64 },
];

const ramp = (frame: number, channel: number) => Math.sin(frame * 0.37 + channel) * 0.9;

function refused(code: string, text: RegExp, bytes: Uint8Array) {
  try {
    readWav(bytes, "a.wav");
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    assert.is((error as QurioError).code, code);
    assert.match((error as QurioError).message, text);
    assert.match((error as QurioError).message, "a.wav");
    return;
  }
  assert.unreachable(`accepted, ${code} expected`);
}

function patched(patch: (view: DataView) => void, recipe = {}): Uint8Array {
  const bytes = wavBytes(100, ramp, recipe);
  patch(new DataView(bytes.buffer));
  return bytes;
}

for (const { tag, bits } of WIDTHS) {
  for (const channels of [1, 2, 5]) {
    for (const extensible of [false, true]) {
      test(`${tag === 1 ? "PCM" : "float"} ${bits} bits, ${channels} channels${extensible ? ", extensible" : ""}`, () => {
        const frames = 1001;
        const { samples, sampleRate } = readWav(wavBytes(frames, ramp, { tag, bits, channels, sampleRate: 44100, extensible }), "a.wav");
        assert.is(sampleRate, 44100);
        assert.is(samples.length, frames);
        const tolerance = bits < 32 ? 2 ** -bits : 2 ** -23;
        for (let i = 0; i < frames; i++) {
          let mean = 0;
          for (let c = 0; c < channels; c++) mean += ramp(i, c) / channels;
          assert.ok(Math.abs(samples[i] - mean) <= tolerance, `frame ${i}: ${samples[i]}, ${mean} expected`);
        }
      });
    }
  }
}

test("full scale of each width is -1 and just under 1", () => {
  for (const { tag, bits } of WIDTHS) {
    const { samples } = readWav(
      wavBytes(3, (i) => [-1, 0, 1][i], { tag, bits }),
      "a.wav",
    );
    assert.is(samples[0], -1);
    assert.is(samples[1], 0);
    assert.is(samples[2], Math.fround(tag === 3 ? 1 : 1 - 2 ** (1 - bits)), `${bits} bits`);
  }
});

test("rates from 8 to 96 kHz are reported as they are", () => {
  for (const sampleRate of [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000]) {
    assert.is(readWav(wavBytes(10, ramp, { sampleRate }), "a.wav").sampleRate, sampleRate);
  }
});

test("longer than one block: the samples on both sides of the seam are right", () => {
  const frames = 65536 * 2 + 7;
  const { samples } = readWav(
    wavBytes(frames, (i, c) => (((i * 7 + c) % 65536) - 32768) / 32768, { channels: 2 }),
    "a.wav",
  );
  for (const i of [0, 65535, 65536, 65537, 131071, 131072, frames - 1]) {
    assert.is(samples[i], ((((i * 7) % 65536) + ((i * 7 + 1) % 65536)) / 2 - 32768) / 32768, `frame ${i}`);
  }
});

test("chunks in between are skipped, odd lengths and hostile LIST included", () => {
  const odd = new Uint8Array([...new TextEncoder().encode("note"), 3, 0, 0, 0, 1, 2, 3, 0]);
  const list = new Uint8Array([...new TextEncoder().encode("LIST"), 4, 0, 0, 0, ...new TextEncoder().encode("INFO")]);
  for (const between of [odd, list, new Uint8Array([...list, ...odd])]) {
    assert.is(readWav(wavBytes(10, ramp, { between }), "a.wav").samples.length, 10);
  }
});

test("a data chunk cut short gives the whole frames that are there", () => {
  const bytes = wavBytes(100, ramp, { channels: 2, bits: 24 });
  const whole = readWav(bytes, "a.wav").samples;
  const cut = readWav(bytes.subarray(0, 44 + 50 * 6 + 5), "a.wav").samples;
  assert.equal(cut, whole.subarray(0, 50));
});

test("a data chunk of unknown length (0xffffffff, as streaming writers leave it) reads to the end", () => {
  const bytes = patched((view) => view.setUint32(40, 0xffffffff, true));
  assert.is(readWav(bytes, "a.wav").samples.length, 100);
});

test("bytes that lie inside a larger buffer", () => {
  const bytes = wavBytes(10, ramp);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.equal(readWav(shifted.subarray(3), "a.wav"), readWav(bytes, "a.wav"));
});

test("refused: empty", () => refused("WAV_EMPTY", /is empty: 0 bytes/, new Uint8Array(0)));
test("refused: not a WAV", () => {
  for (const text of ["hello", "<!DOCTYPE html><html>", "OggS\0\0\0\0\0\0\0\0", "RIFF\0\0\0\0AVI LIST", "RF64", "RIFX"]) {
    refused("WAV_NOT_A_WAV", /RIFF … WAVE/, new TextEncoder().encode(text));
  }
});
test("refused: truncated at every byte of the header", () => {
  for (const extensible of [false, true]) {
    const bytes = wavBytes(10, ramp, { extensible });
    const headerBytes = bytes.length - 20;
    for (let length = 1; length < headerBytes; length++) refused("WAV_TRUNCATED", /truncated header/, bytes.subarray(0, length));
    for (const length of [headerBytes, headerBytes + 1]) refused("WAV_NO_SAMPLES", /no samples/, bytes.subarray(0, length));
  }
});
test("refused: zero channels", () =>
  refused(
    "WAV_CHANNELS",
    /zero channels/,
    patched((view) => view.setUint16(22, 0, true)),
  ));
test("refused: zero samples", () => refused("WAV_NO_SAMPLES", /no samples/, wavBytes(0, ramp)));
test("refused: absurd rates", () => {
  for (const rate of [0, 1, 3999, 192001, 0xffffffff])
    refused(
      "WAV_RATE",
      /sample rate/,
      patched((view) => view.setUint32(24, rate, true)),
    );
});
test("refused: compression, by its name", () => {
  refused(
    "WAV_COMPRESSED",
    /mu-law/,
    patched((view) => view.setUint16(20, 7, true)),
  );
  refused(
    "WAV_COMPRESSED",
    /format 4660/,
    patched((view) => view.setUint16(20, 0x1234, true)),
  );
  refused(
    "WAV_COMPRESSED",
    /MP3/,
    patched((view) => view.setUint16(44, 85, true), { extensible: true }),
  );
});
test("refused: widths and frame sizes that contradict", () => {
  for (const bits of [0, 1, 12, 17, 64])
    refused(
      "WAV_FORMAT",
      /found \d+ bits/,
      patched((view) => view.setUint16(34, bits, true)),
    );
  refused(
    "WAV_FORMAT",
    /2 channels, 2 bytes a frame/,
    patched((view) => view.setUint16(22, 2, true)),
  );
});
test("refused: NaN and infinite samples, with their place", () => {
  for (const bits of [32, 64]) {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const bytes = wavBytes(70000, (i) => (i === 66000 ? bad : 0.5), { tag: 3, bits, channels: 2 });
      refused("WAV_NOT_FINITE", /sample 66000 /, bytes);
    }
  }
});

test("damaged files: a named error or finite samples, never another exception (seed 1, 3000 cases)", () => {
  const base = wavBytes(20, ramp, { bits: 24, channels: 2, between: new Uint8Array([76, 73, 83, 84, 4, 0, 0, 0, 73, 78, 70, 79]) });
  const edits = fc.array(fc.tuple(fc.nat(base.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(edits, fc.nat(base.length), (changes, length) => {
      const bytes = base.slice(0, length);
      for (const [at, value] of changes) if (at < length) bytes[at] = value;
      try {
        const { samples } = readWav(bytes, "a.wav");
        assert.ok(samples.length > 0 && samples.every(Number.isFinite));
      } catch (error) {
        assert.instance(error, QurioError, `${error}`);
      }
    }),
    { seed: 1, numRuns: 3000 },
  );
});

test.run();
