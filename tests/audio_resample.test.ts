// To 16 kHz, 16-bit PCM: bit-exact where nothing is to be done, a clean band-limited copy of the signal where there is.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { toPcm, toPcm16 } from "../host/audio/resample.ts";
import { readWav, type Wav } from "../host/audio/wav.ts";
import { wavBytes } from "./harness/wav.ts";

const toPcm16k = (wav: Wav, progress?: (share: number) => void) => toPcm(wav, 16000, progress);

const RATES = [8000, 11025, 22050, 32000, 44100, 48000, 96000];
const tone = (hertz: number, rate: number, frames: number) =>
  Float32Array.from({ length: frames }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate));

test("rounding: half away from zero, saturated", () => {
  const lsb = 1 / 32768;
  const cases = [
    [0, 0],
    [0.5, 1],
    [-0.5, -1],
    [1.4999, 1],
    [-1.4999, -1],
    [2.5, 3],
    [32767.4, 32767],
    [32768, 32767],
    [-32768, -32768],
    [1e30, 32767],
    [-1e30, -32768],
  ];
  for (const [value, code] of cases) assert.is(toPcm16(value * lsb) + 0, code, `${value} LSB`);
});

test("every 16-bit code passes through a 16 kHz file bit by bit", async () => {
  const wav = readWav(
    wavBytes(65536, (i) => (i - 32768) / 32768),
    "a.wav",
  );
  const pcm = await toPcm16k(wav);
  assert.is(pcm.length, 65536);
  for (let i = 0; i < 65536; i++) assert.is(pcm[i], i - 32768);
});

for (const rate of RATES) {
  test(`${rate} Hz: length, level and phase of a 1 kHz tone`, async () => {
    const frames = rate * 2 + 1;
    const pcm = await toPcm16k({ samples: tone(1000, rate, frames), sampleRate: rate });
    assert.is(pcm.length, Math.round((frames * 16000) / rate));
    let worst = 0;
    for (let i = 500; i < pcm.length - 500; i++) {
      worst = Math.max(worst, Math.abs(pcm[i] - 16384 * Math.sin((2 * Math.PI * 1000 * i) / 16000)));
    }
    assert.ok(worst <= 1, `worst difference ${worst} of 16384`);
  });
}

test("what 16 kHz cannot hold is removed, not folded back", async () => {
  const pcm = await toPcm16k({ samples: tone(11000, 48000, 48000), sampleRate: 48000 });
  const worst = pcm.subarray(500, pcm.length - 500).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  assert.ok(worst <= 1, `an 11 kHz tone leaves ${worst}`);
});

test("the highest mel band (7.8 kHz) does not lose more than 3 dB", async () => {
  const pcm = await toPcm16k({ samples: tone(7600, 44100, 44100), sampleRate: 44100 });
  let power = 0;
  for (const value of pcm) power += value * value;
  const rms = Math.sqrt(power / pcm.length);
  assert.ok(rms > (16384 / Math.SQRT2) * 0.7, `rms ${rms}`);
});

test("the same input gives the same bytes, whatever was converted before", async () => {
  const wav = { samples: tone(440, 44100, 30000), sampleRate: 44100 };
  const first = await toPcm16k(wav);
  await toPcm16k({ samples: tone(3000, 96000, 30000), sampleRate: 96000 });
  assert.equal(await toPcm16k(wav), first);
});

test("two files at once do not disturb each other", async () => {
  const a = { samples: tone(440, 44100, 600000), sampleRate: 44100 };
  const b = { samples: tone(1000, 48000, 600000), sampleRate: 48000 };
  const alone = [await toPcm16k(a), await toPcm16k(b)];
  assert.equal(await Promise.all([toPcm16k(a), toPcm16k(b)]), alone);
});

test("0.1 s, one sample, zeros, full-scale clipping, DC offset", async () => {
  for (const rate of [...RATES, 16000]) {
    assert.is(
      (await toPcm16k({ samples: tone(1000, rate, Math.floor(rate / 10)), sampleRate: rate })).length,
      Math.round((Math.floor(rate / 10) * 16000) / rate),
      `${rate} Hz`,
    );
    assert.is((await toPcm16k({ samples: new Float32Array(1), sampleRate: rate })).length, Math.max(1, Math.round(16000 / rate)));
    assert.ok((await toPcm16k({ samples: new Float32Array(5000), sampleRate: rate })).every((value) => value === 0));
    const clipped = await toPcm16k({
      samples: tone(100, rate, rate).map((value) => Math.max(-1, Math.min(1, value * 100))),
      sampleRate: rate,
    });
    assert.is(Math.max(...clipped), 32767);
    assert.is(Math.min(...clipped), -32768);
    const offset = await toPcm16k({ samples: new Float32Array(rate).fill(0.25), sampleRate: rate });
    assert.ok(Math.abs(offset[8000] - 8192) <= 1, `${rate} Hz: ${offset[8000]}`);
  }
});

test("ten minutes at 16 kHz, from the file's bytes to the last sample", async () => {
  const frames = 16000 * 600;
  const code = (i: number) => ((i * 31) % 65536) - 32768;
  const pcm = await toPcm16k(
    readWav(
      wavBytes(frames, (i) => code(i) / 32768),
      "a.wav",
    ),
  );
  assert.is(pcm.length, frames);
  assert.is(
    pcm.findIndex((value, i) => value !== code(i)),
    -1,
  );
});

test("a minute at 48 kHz: right to the end, and progress is told", async () => {
  const shares: number[] = [];
  const rate = 48000;
  const samples = tone(1000, rate, rate * 60);
  const pcm = await toPcm16k({ samples, sampleRate: rate }, (share) => shares.push(share));
  assert.is(pcm.length, 960000);
  for (const i of [479999, 480000, 959000]) assert.ok(Math.abs(pcm[i] - 16384 * Math.sin((2 * Math.PI * 1000 * i) / 16000)) <= 1);
  assert.ok(shares.length > 5 && shares.every((share, i) => share <= 1 && (i === 0 || share >= shares[i - 1])));
});

test.run();
