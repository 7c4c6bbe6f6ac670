// The bundled samples are what scripts/make-samples.ts makes, and what samples/README.md says.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toPcm } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { makeSample, SAMPLE_NAMES } from "../scripts/make-samples.ts";

for (const name of SAMPLE_NAMES) {
  test(`${name}: bytes, format, level, noise floor`, async () => {
    const bytes = readFileSync(`samples/${name}.wav`);
    assert.ok(bytes.equals(makeSample(name)), "differs from what scripts/make-samples.ts makes: run it and commit the file");
    assert.is(bytes.length, 160044);
    const wav = readWav(bytes, name);
    assert.is(wav.sampleRate, 16000);
    const pcm = await toPcm(wav, 16000);
    const peak = pcm.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    assert.ok(peak > 22000 && peak < 24000, `peak ${peak}`);
    let quietest = Number.POSITIVE_INFINITY;
    for (let start = 0; start < pcm.length; start += 1600) {
      const power = pcm.subarray(start, start + 1600).reduce((sum, value) => sum + value * value, 0) / 1600;
      quietest = Math.min(quietest, 10 * Math.log10(power / 32768 ** 2));
    }
    assert.ok(quietest > -61, `a tenth of a second at ${quietest.toFixed(1)} dBFS: no microphone is that quiet`);
  });
}

test.run();
