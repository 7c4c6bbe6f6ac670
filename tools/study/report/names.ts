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

export type RoutedPair = [curious: Model, plain: Model];

/** The curiosity models that claims are about, each with its twin: the paper's, trained both ways, or else the first that has a twin. */
export function headlinePairs(models: readonly Model[]): RoutedPair[] {
  const paired = (model: Model): RoutedPair[] => {
    const plain = plainTwin(models, model);
    return plain ? [[model, plain]] : [];
  };
  const headline = HEADLINE.flatMap((name) => modelNamed(models, name) ?? []).flatMap(paired);
  if (headline.length > 0) return headline;
  return models
    .filter(({ name }) => isCurious(name))
    .flatMap(paired)
    .slice(0, 1);
}

/** The first of them, which the plots show. */
export function headlinePair(models: readonly Model[]): RoutedPair | null {
  return headlinePairs(models)[0] ?? null;
}

/** The model whose uncertainty is "the default": the probe that answers first, or else the single 4-bit one. */
export function defaultModel(models: readonly Model[]): Model | undefined {
  return modelNamed(models, PROBE_FIRST) ?? modelNamed(models, SINGLE_4);
}
