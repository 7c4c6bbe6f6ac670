// Which rows play which part in the report; a study may lack any of them.

import type { Model } from "./runs.ts";

/** The baseline that the paper lacks and that everything must beat. */
export const SINGLE_4 = "Q4-Base";
export const SINGLE_8 = "Q8-Base";
export const SINGLE_16 = "Q16-Base";
export const TERNARY = "BitNet-Base";
export const PROBE_FIRST = "Probe-first";

/** Curiosity routing, the paper's headline first. */
const HEADLINE = ["BitNet-Q4/8/16-QMoE-C-joint", "BitNet-Q4/8/16-QMoE-C-independent"];

export function modelNamed(models: readonly Model[], name: string): Model | undefined {
  return models.find((model) => model.name === name);
}

export function isCurious(name: string): boolean {
  return /-QMoE-C(-|$)/.test(name);
}

/** The same experts with the plain router. */
export function plainTwin(models: readonly Model[], { name }: Model): Model | undefined {
  return modelNamed(models, name.replace("-QMoE-C", "-QMoE"));
}

/** The curiosity model that claims are about, and its twin: the paper's if it is there, else the first that has a twin. */
export function headlinePair(models: readonly Model[]): [curious: Model, plain: Model] | null {
  const curious = [...HEADLINE.flatMap((name) => modelNamed(models, name) ?? []), ...models.filter(({ name }) => isCurious(name))];
  for (const model of curious) {
    const plain = plainTwin(models, model);
    if (plain) return [model, plain];
  }
  return null;
}

/** The model whose uncertainty is "the default": the probe that answers first, or else the single 4-bit one. */
export function defaultModel(models: readonly Model[]): Model | undefined {
  return modelNamed(models, PROBE_FIRST) ?? modelNamed(models, SINGLE_4);
}
