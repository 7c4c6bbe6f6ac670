// Budgets of the front end: code bytes, MVP features only, and time beside a log-mel built on the npm package fft.js.

import { createRequire } from "node:module";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ARITHMETICS, DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { compileEntry, TARGETS, type Target } from "./harness/compile.ts";
import { clips } from "./reference/audio.ts";
import { Device, sectionsOf } from "./reference/device.ts";
import { fftJsFrames } from "./reference/fft_js.ts";

const require = createRequire(import.meta.url);
const CODE_BYTES: Record<Target, number> = { scalar: 8448, simd: 9728 };
const FRAMES = 498;
const ROUNDS = 40;

test("code fits its budget and needs nothing", async () => {
  for (const target of TARGETS) {
    const wasm = await compileEntry("frontend", target);
    console.log(`${target}: ${wasm.length} bytes with the test's own entries, budget ${CODE_BYTES[target]}`);
    assert.ok(wasm.length <= CODE_BYTES[target]);
    assert.equal(WebAssembly.Module.imports(new WebAssembly.Module(wasm)), []);
  }
});

test("the scalar build is plain MVP", async () => {
  const wabt = await require("wabt")();
  const off = { exceptions: false, mutable_globals: false, sat_float_to_int: false, sign_extension: false, simd: false, threads: false };
  const more = { multi_value: false, tail_call: false, bulk_memory: false, reference_types: false };
  wabt.readWasm(await compileEntry("frontend", "scalar"), { ...off, ...more }).validate();
});

test("498 frames take at most 1.5 times fft.js, a whole clip at most 10 ms", async () => {
  const pcm = clips().get("noise at 4 Hz")!;
  const codes = new Uint8Array(FRAMES * 64);
  const javascript = fftJsFrames();
  const candidates: [string, () => void][] = [["fft.js frames", () => javascript(pcm, codes)]];
  for (const arithmetic of ARITHMETICS) {
    for (const target of TARGETS) {
      const device = await Device.of(target, sectionsOf({ ...DEFAULT_FRONT_END, arithmetic }));
      const { exports } = device.instance;
      const pcmPtr = device.instance.put(pcm);
      const frames = () => {
        for (let t = 0; t < FRAMES; t++) exports.frameOf(pcmPtr + t * 320, device.ringPtr + t * 64);
      };
      candidates.push([`${arithmetic} ${target} frames`, frames], [`${arithmetic} ${target} clip`, () => device.classify(pcm)]);
    }
  }
  const times = new Map(candidates.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of candidates) {
      const start = performance.now();
      work();
      if (round >= ROUNDS / 4) times.get(name)!.push(performance.now() - start);
    }
  }
  // the fastest run of each: what a busy machine adds is left out
  const fastest = (name: string) => Math.min(...times.get(name)!);
  for (const [name] of candidates)
    console.log(`${name.padEnd(19)} ${fastest(name).toFixed(2)} ms, ${(fastest(name) / fastest("fft.js frames")).toFixed(2)} of fft.js`);
  for (const target of TARGETS) assert.ok(fastest(`float ${target} frames`) <= 1.5 * fastest("fft.js frames"));
  assert.ok(fastest("float simd clip") <= 10);
});

test.run();
