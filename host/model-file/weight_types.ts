// Weight types: a row each. Checkpoints, command line, packing, quantizers, tests and benchmarks are driven by this table; layouts by
// assembly/format/layouts.ts.

import * as Layouts from "../../assembly/format/layouts.ts";

/** Formulas of tools/export/quantize.ts, which tools/train/quantizers.ts imitates. */
export type Quantizer = "absmax" | "sign" | "ternary" | "none";

/** Weight formats of a hidden layer, as checkpoints and the command line name them; layerWeightType says which layers may have which. */
export type IntegerType = "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15" | "16";
export type WeightType = (typeof TERNARY)[number]["spec"] | IntegerType | (typeof OTHERS)[number]["spec"];

export interface WeightTypeInfo {
  /** WEIGHT_* */
  id: number;
  spec: WeightType;
  /** As tables name it: "ternary", "4-bit", "float32" … */
  name: string;
  /** Bits of information in one code, as the type's name says; padding, row sums and scales come on top. */
  bits: number;
  /** Signed codes that the file may hold. 1 bit has -1 and 1 only. */
  range: readonly [number, number];
  quantizer: Quantizer;
  /** Meets activations that are ternary too, instead of 8-bit ones. */
  ternaryActivations: boolean;
  /** In the file, read in place by the scalar kernels. */
  canonicalLayout: number;
}

const TRITS = [-1, 1] as const;
const REALS = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
const TERNARY = [
  { spec: "ternary", id: Layouts.WEIGHT_TERNARY, bits: 2, range: TRITS, quantizer: "ternary", ternaryActivations: false },
  { spec: "ternary5", id: Layouts.WEIGHT_TERNARY5, bits: 1.6, range: TRITS, quantizer: "ternary", ternaryActivations: false },
  { spec: "popcount", id: Layouts.WEIGHT_TERNARY_POPCOUNT, bits: 2, range: TRITS, quantizer: "ternary", ternaryActivations: true },
] as const;
const OTHERS = [
  { spec: "float32", id: Layouts.WEIGHT_FLOAT32, bits: 32, range: REALS, quantizer: "none", ternaryActivations: false },
] as const;

type Row = Omit<WeightTypeInfo, "name" | "canonicalLayout">;

function named(row: Row): WeightTypeInfo {
  return { ...row, name: row.spec, canonicalLayout: Layouts.canonicalLayout(row.id) };
}

function integer(bits: number): WeightTypeInfo {
  const id = Layouts.WEIGHT_INT + bits;
  const top = bits <= 2 ? 1 : 2 ** (bits - 1);
  return {
    id,
    spec: `${bits}` as IntegerType,
    name: `${bits}-bit`,
    bits,
    range: [-top, bits <= 2 ? 1 : top - 1],
    quantizer: bits === 1 ? "sign" : "absmax",
    ternaryActivations: false,
    canonicalLayout: Layouts.canonicalLayout(id),
  };
}

/** One row per weight type. */
export const WEIGHT_TYPES: readonly WeightTypeInfo[] = /* @__PURE__ */ [
  ...TERNARY.map(named),
  ...Array.from({ length: 16 }, (_, i) => integer(i + 1)),
  ...OTHERS.map(named),
];

/** Their names in checkpoints and on the command line. */
export const WEIGHT_TYPE_SPECS: readonly WeightType[] = /* @__PURE__ */ WEIGHT_TYPES.map(({ spec }) => spec);

export function weightTypeById(id: number): WeightTypeInfo {
  const info = WEIGHT_TYPES.find((row) => row.id === id);
  if (!info) throw new RangeError(`unknown weight type ${id}`);
  return info;
}

export function weightTypeBySpec(spec: WeightType): WeightTypeInfo {
  return WEIGHT_TYPES.find((row) => row.spec === spec)!;
}

/** Signed codes: Int16Array above 8 bits. */
export type Codes = Int8Array | Int16Array;
