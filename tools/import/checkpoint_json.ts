// model.json of a checkpoint: written from a checkpoint, read with every field checked.

import { MAX_CLASSES, MAX_EXPERTS, MAX_LAYERS, MAX_SAMPLES, MAX_WIDTH } from "../../assembly/format/ids.ts";
import { RICH_FEATURES } from "../../assembly/format/plan.ts";
import { QurioError } from "../../host/errors.ts";
import { ARITHMETICS, type Arithmetic, CODE_BITS, type CodeBits } from "../../host/model-file/front_end.ts";
import { WEIGHT_TYPES, type WeightType } from "../../host/model-file/weight_types.ts";
import type { Checkpoint, FeatureSpec, NetworkSpec, Policy, Provenance } from "./checkpoint_types.ts";

const FORMAT = "qurio-checkpoint";
const VERSION = 1;
const POLICY_KINDS: readonly Policy["kind"][] = ["features", "single", "probe", "bayesian"];

/** Everything of a checkpoint but its tensors. */
export interface CheckpointDescription {
  format: string;
  version: number;
  labels: string[];
  features: FeatureSpec;
  clip: number;
  router: NetworkSpec | null;
  experts: NetworkSpec[];
  policy: Policy;
  provenance: Provenance;
}

export function describe(checkpoint: Checkpoint): CheckpointDescription {
  const { labels, features, normalization, router, experts, policy, provenance } = checkpoint;
  return {
    format: FORMAT,
    version: VERSION,
    labels,
    features,
    clip: normalization.clip,
    router: router?.spec ?? null,
    experts: experts.map(({ spec }) => spec),
    policy,
    provenance,
  };
}

function refuse(field: string, expected: string, found: unknown): never {
  throw new QurioError(
    "CHECKPOINT_JSON",
    `model.json: ${field} must be ${expected}, found ${JSON.stringify(found)}`,
    "docs/reference/checkpoint.md describes the fields.",
  );
}

type Fields = Record<string, unknown>;

function object(value: unknown, field: string): Fields {
  if (value === null || typeof value !== "object" || Array.isArray(value)) refuse(field, "an object", value);
  return value as Fields;
}

function text(value: unknown, field: string): string {
  return typeof value === "string" && value.length > 0 ? value : refuse(field, "a non-empty string", value);
}

function number(value: unknown, field: string, low: number, high: number): number {
  return typeof value === "number" && value >= low && value <= high ? value : refuse(field, `a number from ${low} to ${high}`, value);
}

function integer(value: unknown, field: string, low: number, high: number): number {
  return Number.isInteger(number(value, field, low, high)) ? (value as number) : refuse(field, "an integer", value);
}

function flag(value: unknown, field: string): boolean {
  return typeof value === "boolean" ? value : refuse(field, "true or false", value);
}

function list<T>(value: unknown, field: string, most: number, item: (value: unknown, field: string) => T): T[] {
  if (!Array.isArray(value) || value.length > most) refuse(field, `a list of at most ${most}`, value);
  return (value as unknown[]).map((entry, i) => item(entry, `${field}[${i}]`));
}

/** @throws QurioError CHECKPOINT_JSON, WEIGHT_TYPE. */
export function parseDescription(json: string): CheckpointDescription {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new QurioError("CHECKPOINT_JSON", `model.json is not JSON: ${(cause as Error).message}`, "The file is damaged or cut short.");
  }
  const root = object(parsed, "the file");
  if (root["format"] !== FORMAT) refuse("format", JSON.stringify(FORMAT), root["format"]);
  if (root["version"] !== VERSION) refuse("version", `${VERSION}, the only one that this qurio reads,`, root["version"]);
  const description: CheckpointDescription = {
    format: FORMAT,
    version: VERSION,
    labels: list(root["labels"], "labels", MAX_CLASSES, text),
    features: parseFeatures(root["features"]),
    clip: number(root["clip"], "clip", 1e-6, 1e6),
    router: root["router"] === null ? null : parseNetwork(root["router"], "router"),
    experts: list(root["experts"], "experts", MAX_EXPERTS, parseNetwork),
    policy: parsePolicy(root["policy"]),
    provenance: parseProvenance(root["provenance"]),
  };
  checkFit(description);
  return description;
}

function parseFeatures(value: unknown): FeatureSpec {
  const { kind, floor, origin, step, arithmetic = "float", codeBits = 8, removeDc = false, count } = object(value, "features");
  if (kind === "external") return { kind, count: integer(count, "features.count", 1, MAX_WIDTH) };
  if (kind !== "rich") refuse("features.kind", '"rich" or "external"', kind);
  if (!ARITHMETICS.includes(arithmetic as Arithmetic)) refuse("features.arithmetic", `one of ${ARITHMETICS.join(", ")}`, arithmetic);
  if (!CODE_BITS.includes(codeBits as CodeBits)) refuse("features.codeBits", `one of ${CODE_BITS.join(", ")}`, codeBits);
  if (typeof removeDc !== "boolean") refuse("features.removeDc", "true or false", removeDc);
  return {
    kind: "rich",
    floor: number(floor, "features.floor", 1e-12, 1e6),
    origin: number(origin, "features.origin", -100, 100),
    step: number(step, "features.step", 1e-3, 10),
    arithmetic: arithmetic as Arithmetic,
    codeBits: codeBits as CodeBits,
    removeDc: removeDc as boolean,
  };
}

function parseNetwork(value: unknown, field: string): NetworkSpec {
  const { name, weightType, inputs, hidden, outputs, norm, dropout } = object(value, field);
  if (!WEIGHT_TYPES.includes(weightType as WeightType))
    throw new QurioError(
      "WEIGHT_TYPE",
      `model.json: ${field}.weightType must be one of ${WEIGHT_TYPES.join(", ")}, found ${JSON.stringify(weightType)}`,
      "This version of qurio packs these weight types only.",
    );
  return {
    name: text(name, `${field}.name`),
    weightType: weightType as WeightType,
    inputs: integer(inputs, `${field}.inputs`, 1, MAX_WIDTH),
    hidden: list(hidden, `${field}.hidden`, MAX_LAYERS - 1, (n, at) => integer(n, at, 1, MAX_WIDTH)),
    outputs: integer(outputs, `${field}.outputs`, 1, MAX_CLASSES),
    norm: flag(norm, `${field}.norm`),
    dropout: number(dropout, `${field}.dropout`, 0, 0.99),
  };
}

function parsePolicy(value: unknown): Policy {
  const { kind, samples, alpha, varianceScale, escalate, abstain, beta, energy } = object(value, "policy");
  if (!POLICY_KINDS.includes(kind as Policy["kind"])) refuse("policy.kind", `one of ${POLICY_KINDS.join(", ")}`, kind);
  return {
    kind: kind as Policy["kind"],
    samples: integer(samples, "policy.samples", 0, MAX_SAMPLES),
    alpha: number(alpha, "policy.alpha", 0, 1e6),
    varianceScale: number(varianceScale, "policy.varianceScale", 1e-12, 1e6),
    escalate: list(escalate, "policy.escalate", MAX_EXPERTS, (n, at) => number(n, at, 0, 100)),
    abstain: list(abstain, "policy.abstain", MAX_EXPERTS, (n, at) => number(n, at, 0, 1)),
    beta: list(beta, "policy.beta", MAX_EXPERTS, (n, at) => number(n, at, 0, 1)),
    ...(energy === undefined ? {} : { energy: list(energy, "policy.energy", MAX_EXPERTS, (n, at) => number(n, at, 0, 1)) }),
  };
}

function parseProvenance(value: unknown): Provenance {
  const { dataset, command, seed, versions, attribution } = object(value, "provenance");
  const { name, sha256, clips, folds } = object(dataset, "provenance.dataset");
  const texts = Object.entries(object(versions, "provenance.versions")).map(([key, v]) => [key, text(v, `provenance.versions.${key}`)]);
  return {
    dataset: {
      name: text(name, "provenance.dataset.name"),
      sha256: text(sha256, "provenance.dataset.sha256"),
      clips: integer(clips, "provenance.dataset.clips", 0, 1e9),
      folds: integer(folds, "provenance.dataset.folds", 0, 1e9),
    },
    command: text(command, "provenance.command"),
    seed: integer(seed, "provenance.seed", 0, 2 ** 32 - 1),
    versions: Object.fromEntries(texts),
    ...(attribution === undefined ? {} : { attribution: text(attribution, "provenance.attribution") }),
  };
}

/** The parts must fit each other: inputs, outputs, and what the policy needs. */
function checkFit({ labels, features, router, experts, policy }: CheckpointDescription): void {
  const inputs = features.kind === "rich" ? RICH_FEATURES : features.count;
  const { kind } = policy;
  const routed = kind === "probe" || kind === "bayesian";
  if (routed !== (router !== null))
    refuse("router", routed ? `a network for policy ${kind}` : `null for policy ${kind}`, router?.name ?? null);
  if (kind === "features" && experts.length > 0) refuse("experts", "empty for policy features", experts.length);
  if ((kind === "single" || kind === "bayesian") && experts.length === 0) refuse("experts", `at least one for policy ${kind}`, experts);
  const check = (field: string, spec: NetworkSpec, outputs: number) => {
    if (spec.inputs !== inputs) refuse(`${field}.inputs`, `${inputs}, the number of features,`, spec.inputs);
    if (spec.outputs !== outputs) refuse(`${field}.outputs`, `${outputs}`, spec.outputs);
  };
  if (router) check("router", router, kind === "bayesian" ? experts.length : labels.length);
  for (const [i, expert] of experts.entries()) check(`experts[${i}]`, expert, labels.length);
  const answerers = experts.length + (kind === "probe" ? 1 : 0);
  const sized = (field: "escalate" | "abstain" | "beta" | "energy", count: number) => {
    if (policy[field]!.length !== count) refuse(`policy.${field}`, `a list of ${count}`, policy[field]);
  };
  sized("escalate", kind === "probe" ? experts.length : 0);
  sized("abstain", answerers);
  sized("beta", kind === "bayesian" ? experts.length : 0);
  if (policy.energy) sized("energy", kind === "bayesian" ? experts.length : 0);
}
