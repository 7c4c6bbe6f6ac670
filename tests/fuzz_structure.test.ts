// Structure-aware mutants of sound models, checksums repaired: a named error, or a finite decision within bounds, never a trap.
//
//   QURIO_FUZZ_CASES   mutants to try (default 6,000; CI 60,000)
//   QURIO_FUZZ_SEED    first seed (default 1)
//   QURIO_FUZZ_CASE    only this case of the seed, as a failure prints it

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_BAYESIAN, POLICY_FEATURES, POLICY_PROBE, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { DEVICE_ERRORS, QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { instrument } from "../host/meter/instrument.ts";
import { ARITHMETICS } from "../host/model-file/front_end.ts";
import { encodeModel, type PackedModel } from "../host/model-file/model_file.ts";
import { repack } from "../host/model-file/repack.ts";
import { WEIGHT_TYPES } from "../host/model-file/weight_types.ts";
import { Core } from "../host/runtime/core.ts";
import { Dice } from "./harness/dice.ts";
import { randomModel, randomPcm } from "./harness/models.ts";
import { type Mutant, mutate } from "./harness/mutate.ts";
import { type Outcome, type Question, Sandbox } from "./harness/sandbox.ts";

const CASES = Number(process.env["QURIO_FUZZ_CASES"] ?? 6000);
const SEED = Number(process.env["QURIO_FUZZ_SEED"] ?? 1);
const ONLY = process.env["QURIO_FUZZ_CASE"];

const modules = {
  scalar: new WebAssembly.Module(readFileSync(packagePath("build", "qurio.wasm"))),
  simd: new WebAssembly.Module(readFileSync(packagePath("build", "qurio.simd.wasm"))),
};

/** A small sound model of any policy; one in ten hears audio, in either arithmetic. */
function soundModel(dice: Dice): PackedModel {
  const policy = dice.pick([POLICY_SINGLE, POLICY_PROBE, POLICY_PROBE, POLICY_PROBE, POLICY_BAYESIAN, POLICY_BAYESIAN, POLICY_FEATURES]);
  const types = WEIGHT_TYPES.map(({ name }) => name);
  const experts = Array.from({ length: dice.int(4) }, () => dice.pick(types));
  if (experts.length === 0 && policy !== POLICY_PROBE) experts.push(dice.pick(types));
  const model = randomModel({
    policy,
    experts,
    frontEnd: dice.chance(0.1),
    arithmetic: dice.pick(ARITHMETICS),
    features: dice.pick([1, 5, 37, 64, 100]),
    classes: dice.pick([2, 3, 10, 23]),
    hidden: dice.pick([[24, 17], [8], [5, 3, 2], []]),
    routerType: dice.pick(types),
    samples: policy === POLICY_BAYESIAN ? 1 + dice.int(8) : dice.pick([0, 0, 3]),
    escalate: [2 * dice.float(), 2 * dice.float(), 2 * dice.float()],
    seed: dice.int(1000),
  });
  if (policy !== POLICY_FEATURES) return model;
  const none = { normalization: null, router: null, experts: [], labels: [] };
  return { ...model, ...none, policy: { ...model.policy, samples: 0 } };
}

function question(dice: Dice): Question {
  const scale = dice.pick([1, 4, 0, 1e-42, 1e30]);
  const seed = dice.int(2 ** 31);
  return {
    atEnd: dice.chance(0.5),
    seed,
    features: (count) => {
      const values = new Dice(seed);
      return Float32Array.from({ length: count }, () => scale * (2 * values.float() - 1));
    },
    pcm: dice.chance(0.5) ? randomPcm(dice.pick([0, 100, 20000]), dice.int(1000)) : null,
  };
}

/** Of the scalar build, with counters. */
const instrumented = instrument(readFileSync(packagePath("build", "qurio.wasm")));

/**
 * Instructions that the networks may spend on a multiply-accumulate, and on a layer beside. A plain one takes 3 to 10, but a row of one column
 * is padded to 16, normalized, dropped, scaled, and a logit goes through softmax and entropy: 311 at most so far.
 */
const OPS_PER_MAC = 600;
const OPS_PER_LAYER = 4000;
/** A look-up kernel builds its tables however few rows there are: 256 entries for 8 columns, or 251 for 5. */
const OPS_PER_COLUMN = 500;
/** Every so many accepted mutants also run with counters. */
const METERED = 5;

interface Guards {
  scalar: Sandbox;
  simd: Sandbox;
  hostScalar: Core;
  hostSimd: Core;
  metered: Sandbox;
}

async function guards(): Promise<Guards> {
  return {
    scalar: new Sandbox(modules.scalar),
    simd: new Sandbox(modules.simd),
    hostScalar: await Core.create(modules.scalar, false),
    hostSimd: await Core.create(modules.simd, true),
    metered: new Sandbox(new WebAssembly.Module(instrumented.wasm), { instrumented }),
  };
}

/** What a host does with the file: loads it, or says by name why not. */
function hostAccepts(core: Core, file: Uint8Array): boolean {
  try {
    core.load(file);
    return true;
  } catch (error) {
    if (error instanceof QurioError && error.code !== "UNKNOWN") return false;
    throw error;
  }
}

interface Case extends Mutant {
  /** The mutant was made from a file in the SIMD build's layouts. */
  repacked: boolean;
  question: Question;
}

function makeCase(seed: number, index: number): Case {
  const dice = new Dice(seed + Math.imul(index, 0x9e3779b1));
  const file = encodeModel(soundModel(dice));
  const repacked = dice.chance(0.3);
  return { ...mutate(repacked ? repack(file, "simd") : file, dice), repacked, question: question(dice) };
}

/** The build whose layouts the mutant started from decides; canonical mutants also go through both hosts and, repacked, the SIMD build. */
function runCase({ file, repacked, question }: Case, at: Guards, metered: boolean): Outcome {
  if (repacked) return at.simd.run(file, question);
  const outcome = at.scalar.run(file, question);
  assert.is(at.simd.validate(file), outcome.accepted ? "" : outcome.error, "both builds give one verdict");
  const accepted = outcome.accepted && outcome.error !== "LAYOUT";
  if (outcome.error !== "LAYOUT") assert.is(hostAccepts(at.hostScalar, file), accepted, "scalar host");
  assert.is(hostAccepts(at.hostSimd, file), outcome.accepted, "SIMD host");
  if (accepted && outcome.error !== "MEMORY") {
    const same = at.simd.run(repack(file, "simd"), question);
    assert.equal([same.error, same.bytes], [outcome.error, outcome.bytes], "both builds give the same decision bytes");
    if (metered) {
      const { ops, maxMacs, layerRuns, columnRuns } = at.metered.run(file, { ...question, pcm: null });
      const bound = OPS_PER_MAC * maxMacs + OPS_PER_LAYER * layerRuns + OPS_PER_COLUMN * columnRuns + 1000;
      assert.ok(
        ops <= bound,
        `${ops} instructions for ${maxMacs} multiply-accumulates and ${layerRuns} layers of ${columnRuns} columns: ${bound} at most`,
      );
    }
  }
  return outcome;
}

test(`mutants with repaired checksums, seed ${SEED}`, async () => {
  const at = await guards();
  const errors = new Map<string, number>();
  let accepted = 0;
  let decided = 0;
  const [first, end] = ONLY === undefined ? [0, CASES] : [Number(ONLY), Number(ONLY) + 1];
  for (let index = first; index < end; index++) {
    const mutant = makeCase(SEED, index);
    let outcome: Outcome;
    try {
      outcome = runCase(mutant, at, accepted % METERED === 0);
    } catch (error) {
      let fresh = "the same";
      await guards()
        .then((again) => runCase(mutant, again, true))
        .then(
          () => (fresh = "passes: state is left behind by an earlier case"),
          () => {},
        );
      const story = [`QURIO_FUZZ_SEED=${SEED} QURIO_FUZZ_CASE=${index}`, ...mutant.log, `${error}`, `on a fresh instance: ${fresh}`];
      throw new Error(story.join("\n  "), { cause: error });
    }
    if (outcome.accepted) accepted++;
    if (outcome.error) errors.set(outcome.error, (errors.get(outcome.error) ?? 0) + 1);
    else decided++;
  }
  const share = (count: number) => `${((100 * count) / (end - first)).toFixed(1)} %`;
  const seen = [...errors].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}`);
  console.log(`${end - first} mutants: ${share(accepted)} past validation, ${share(decided)} decided; ${seen.join(", ")}`);
  if (ONLY !== undefined) return;
  assert.ok(accepted >= 0.25 * CASES, `only ${share(accepted)} get past validation: the mutations are too coarse`);
  assert.ok(decided >= 0.2 * CASES, `only ${share(decided)} decide`);
  if (CASES < 6000) return;
  const reachable = DEVICE_ERRORS.map(({ name }) => name).filter((name) => !UNREACHED.has(name));
  assert.equal(
    reachable.filter((name) => !errors.has(name)),
    [],
    "errors that no mutant met",
  );
});

/** The host's faults, not the file's: core.test.ts meets them, and bake.test.ts OTHER_MODEL. */
const UNREACHED = new Set([
  "MISALIGNED",
  "MEMORY",
  "OTHER_MODEL",
  "OVERLAP",
  "NOT_LOADED",
  "NO_FRONT_END",
  "AUDIO_OVERFLOW",
  "INPUT_NOT_FINITE",
]);

test.run();
