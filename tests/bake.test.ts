// Baked modules: decisions equal to the generic core's, byte for byte; promises about the binary; memory that just fits.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import wabt from "wabt";
import { POLICY_BAYESIAN, POLICY_FEATURES, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { isRead } from "../assembly/format/layouts.ts";
import { packagePath } from "../host/files.ts";
import { totalOf } from "../host/meter/counts.ts";
import { Meter } from "../host/meter/meter.ts";
import { DEFAULT_FRONT_END, frontEndOf } from "../host/model-file/front_end.ts";
import { featureCount } from "../host/model-file/input_spec.ts";
import { encodeModel, type PackedModel } from "../host/model-file/model_file.ts";
import { repack } from "../host/model-file/repack.ts";
import { WEIGHT_TYPES } from "../host/model-file/weight_types.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm, loadModel } from "../host/runtime/index.ts";
import { type Baked, type BakeOptions, bake, modelToBake } from "../tools/export/bake.ts";
import { soundParts } from "../tools/export/front_end_tables.ts";
import { usedBy, usedLayouts } from "../tools/export/uses.ts";
import { randomModel, randomPcm, type TypeName } from "./harness/models.ts";
import { random } from "./harness/random.ts";

const KIB = 1024;

const bundled = (name: string) => new Uint8Array(readFileSync(packagePath("models", name)));
const tiny = bundled("esc10-tiny.qmoe");
/** esc10-tiny as a core, baked once. */
let baked: Promise<Baked> | undefined;
const bakedTiny = () => (baked ??= bake(tiny, core()));
const core = (options: Partial<BakeOptions> = {}): BakeOptions => ({ target: "core", ...options });

async function open({ wasm }: Baked): Promise<Core> {
  const opened = await Core.create(wasm, false);
  opened.open();
  return opened;
}

async function generic(file: Uint8Array, simd: boolean): Promise<Core> {
  const opened = await Core.create(coreWasm(simd) as BufferSource, simd);
  opened.load(file);
  return opened;
}

const types = WEIGHT_TYPES.map(({ name }) => name) as TypeName[];
const fixed = soundParts({ ...DEFAULT_FRONT_END, arithmetic: "fixed" });

/** All policies, weight types, both front ends and none, with and without samples and LayerNorm. */
const MODELS: Record<string, PackedModel> = {
  "probe, 4-bit, 8-bit": randomModel(),
  "probe alone with samples, fixed front end": { ...randomModel({ experts: [], samples: 6 }), ...fixed },
  "bayesian, fixed front end": {
    ...randomModel({ policy: POLICY_BAYESIAN, experts: ["ternary", "4-bit"], routerType: "8-bit", samples: 10 }),
    ...fixed,
  },
  "4-bit codes, offset removed": { ...randomModel(), ...soundParts(frontEndOf(4, "float", true)) },
  "single ternary without LayerNorm": withoutNorm(randomModel({ policy: POLICY_SINGLE, experts: ["ternary"], hidden: [200, 17] })),
  "features only": { ...randomModel({ experts: [] }), ...noNetworks() },
  ...Object.fromEntries(
    Array.from({ length: Math.ceil(types.length / 7) }, (_, i) => {
      const experts = types.slice(7 * i, 7 * i + 7);
      const options = { experts, escalate: Array(7).fill(0), frontEnd: false, features: 301, hidden: [70, 17], seed: i };
      return [`every expert asked: ${experts.join(", ")}`, randomModel(options)];
    }),
  ),
};

function withoutNorm(model: PackedModel): PackedModel {
  const experts = model.experts.map((network) => ({
    ...network,
    ops: network.ops.map((op) => ({ ...op, norm: false, gamma: null, beta: null })),
  }));
  return { ...model, experts };
}

function noNetworks(): Partial<PackedModel> {
  const policy = { kind: POLICY_FEATURES, samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [], beta: [] };
  return { normalization: null, router: null, experts: [], labels: [], policy };
}

/** Decision bytes and probabilities on sound, if the model takes sound, and on feature vectors. */
function decisions(opened: Core, { input, frontEnd, labels }: PackedModel): number[][] {
  const features = featureCount(input);
  const next = random(11);
  const outcomes: number[][] = [];
  const note = () => outcomes.push([...opened.decisionBytes(), ...new Uint8Array(opened.probabilities().buffer)]);
  for (let seed = 0; seed < 2 && frontEnd; seed++) {
    opened.reset(seed);
    opened.push(randomPcm(30000 + 50000 * seed, seed));
    opened.decide();
    note();
    const values = new Float32Array(opened.exports.memory.buffer, opened.exports.featuresPtr(), features);
    outcomes.push([...new Uint8Array(values.slice().buffer)]);
  }
  for (let i = 0; i < 4 && labels.length > 0; i++) {
    opened.decideFeatures(
      Float32Array.from({ length: features }, () => 4 * (next() - 0.5)),
      i,
    );
    note();
  }
  return outcomes;
}

for (const [name, model] of Object.entries(MODELS)) {
  for (const simd of [false, true]) {
    test(`${name}, ${simd ? "SIMD" : "scalar"}: baked and generic decide alike, byte for byte`, async () => {
      const file = encodeModel(model);
      const expected = decisions(await generic(file, simd), model);
      assert.ok(expected.length >= 4);
      assert.equal(decisions(await open(await bake(file, core({ simd }))), model), expected);
    });
  }
}

for (const [name, simd] of [
  ["esc10-tiny.qmoe", false],
  ["esc10.qmoe", true],
] as const) {
  test(`${name}: baked modules decide as the generic core does on sound, and say so through loadModel`, async () => {
    const file = bundled(name);
    const model = await loadModel(file, { simd: false });
    const own = await loadModel((await bake(file, core({ simd }))).wasm);
    assert.equal(own.labels, model.labels);
    for (let seed = 0; seed < 4; seed++) {
      const pcm = randomPcm(80000, seed);
      assert.equal(own.decide(pcm), model.decide(pcm));
      assert.equal(own.core.decisionBytes(), model.core.decisionBytes());
    }
  });
}

// ---- the binary ----

test("esc10-tiny: code at most 12 KiB, module at most 190 KiB, and every byte of memory counted", async () => {
  const { wasm, model, sizes } = await bakedTiny();
  assert.ok(sizes.codeBytes <= 12 * KIB, `${sizes.codeBytes} bytes of code, at most ${12 * KIB}`);
  assert.ok(wasm.length <= 190 * KIB, `${wasm.length} bytes, at most ${190 * KIB}`);
  assert.is(sizes.moduleBytes, wasm.length);
  assert.is(sizes.memoryBytes, sizes.staticBytes + sizes.workBytes + sizes.modelBytes);
  assert.is(sizes.workBytes, sizes.arenaBytes + sizes.ringBytes + sizes.audioBytes);
  const { exports } = (await Core.create(wasm, false)) as unknown as { exports: Record<string, WebAssembly.Global> & Core["exports"] };
  assert.equal([exports.modelPtr!(), exports.modelBytes!()], [sizes.modelPtr, model.length]);
  assert.is(exports["workPtr"](), sizes.staticBytes);
  assert.equal([exports["__data_end"].value, exports["__heap_base"].value], [sizes.memoryBytes, sizes.memoryBytes]);
  assert.is(exports.memory.buffer.byteLength, sizes.pages * 65536);
  assert.ok(sizes.memoryBytes > (sizes.pages - 1) * 65536, "a page less would do");
  assert.throws(() => exports.memory.grow(1), RangeError);
  assert.equal([...new Uint8Array(exports.memory.buffer, sizes.modelPtr, model.length)], [...model]);
});

test("no imports, no start function, WebAssembly 1.0, and a stack pointer for WAMR that nothing writes", async () => {
  const { wasm } = await bakedTiny();
  assert.equal(WebAssembly.Module.imports(new WebAssembly.Module(wasm)), []);
  const names = (bytes: Uint8Array) => WebAssembly.Module.exports(new WebAssembly.Module(bytes as BufferSource)).map(({ name }) => name);
  const extra = ["modelPtr", "modelBytes", "init", "__data_end", "__heap_base"];
  assert.equal(names(wasm).sort(), [...names(coreWasm(false)), ...extra].sort());
  const { readWasm } = await wabt();
  const features = { mutable_globals: false, sat_float_to_int: false, sign_extension: false, simd: false, bulk_memory: false };
  const module = readWasm(wasm, { ...features, multi_value: false, reference_types: false } as Parameters<typeof readWasm>[1]);
  module.validate();
  const text = module.toText({});
  assert.not.match(text, /memory\.(grow|size)|\(start /);
  const first = /\(global \(;0;\) (.*)\)/.exec(text)![1];
  assert.is(first, "(mut i32) (i32.const 0)");
  assert.not.match(text, /global\.(get|set) 0\b/);
});

test("the same model gives the same bytes; provenance does not change them", async () => {
  const [a, b] = [await bakedTiny(), await bake(tiny.slice(), core())];
  assert.equal(a.wasm, b.wasm);
  const model = randomModel();
  const bytes = (provenance: unknown) => modelToBake(encodeModel({ ...model, provenance }), false);
  assert.equal(bytes("one"), bytes({ other: 2 }));
});

test("what a model does not use is not in the module", async () => {
  const code = async (model: PackedModel) => (await bake(encodeModel(model), core())).sizes.codeBytes;
  const plain = randomModel({ policy: POLICY_SINGLE, experts: ["4-bit"] });
  const bytes = await code(plain);
  assert.ok(bytes < (await code(randomModel({ experts: ["4-bit"], routerType: "4-bit" }))), "a probe is code");
  assert.ok(bytes < (await code(randomModel({ policy: POLICY_SINGLE, experts: ["ternary5"] }))), "tables are code");
  const withoutFrontEnd = await code(randomModel({ policy: POLICY_SINGLE, experts: ["4-bit"], frontEnd: false, features: 969 }));
  assert.ok(withoutFrontEnd < bytes - 3000, `${withoutFrontEnd} bytes without a front end, ${bytes} with one`);
});

test("every constant of assembly/uses.ts is turned on by some model, and every use that models name is a constant there", () => {
  const constants = [...readFileSync(packagePath("assembly", "uses.ts"), "utf8").matchAll(/^export const (USES_\w+) = true;$/gm)];
  assert.ok(constants.length > 10);
  const every = Object.values(MODELS).map((model) => encodeModel(model));
  const named = [...new Set(every.flatMap((file) => [...usedBy(file)]))];
  assert.equal(named.sort(), constants.map(([, name]) => name).sort());
});

test("every layout that a build reads is used by some model in that build's layouts", () => {
  for (const target of ["scalar", "simd"] as const) {
    const used = Object.values(MODELS).reduce((bits, model) => bits | usedLayouts(repack(encodeModel(model), target)), 0);
    const read = Array.from({ length: 31 }, (_, id) => id).filter((id) => isRead(id, target === "simd"));
    assert.equal(
      read.filter((id) => (used & (1 << id)) === 0),
      [],
      target,
    );
    assert.is(used >>> 0, read.reduce((bits, id) => bits | (1 << id), 0) >>> 0, target);
  }
});

test("a baked module is metered, and takes the ops of the generic core or fewer", async () => {
  const { wasm } = await bakedTiny();
  const [own, whole] = [await Meter.create(wasm, false), await Meter.create(coreWasm(false), false)];
  own.core.open();
  whole.core.load(tiny);
  const pcm = randomPcm(80000, 1);
  const [a, b] = [own, whole].map((meter) => meter.decide({ pcm }));
  assert.equal(a.decision, b.decision);
  const [few, many] = [a, b].map(({ counts }) => Object.values(counts).reduce((sum, part) => sum + totalOf(part), 0));
  assert.ok(few > 0.9 * many && few <= many, `${few} ops baked, ${many} generic`);
});

test.run();
