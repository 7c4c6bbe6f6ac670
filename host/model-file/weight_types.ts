// Names of the weight types, as checkpoints and the command line have them, and their codes.

/** Weight formats of a hidden layer; tools/import/checkpoint.ts says which layers may have which. */
export type IntegerType = "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15" | "16";
export type WeightType = "ternary" | "ternary5" | "popcount" | IntegerType | "float32";

const INTEGER_TYPES = /* @__PURE__ */ Array.from({ length: 16 }, (_, i) => `${i + 1}` as IntegerType);
export const WEIGHT_TYPES: readonly WeightType[] = ["ternary", "ternary5", "popcount", ...INTEGER_TYPES, "float32"];

/** Signed codes: Int16Array above 8 bits. */
export type Codes = Int8Array | Int16Array;

export function isTernary(type: WeightType): boolean {
  return type === "ternary" || type === "ternary5" || type === "popcount";
}
