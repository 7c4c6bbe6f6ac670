// The rows of a study: the paper's models by its own names (arXiv 2511.11743), and the baselines that it lacks.
//
//   NAME-QMoE     a mixture: the gate's largest output says who answers, one pass without dropout
//   NAME-QMoE-C   curiosity: ten Monte Carlo passes, p_i' = p_i exp(alpha u beta_i) with alpha = 1 and a calibrated scale of u
//   -joint        gate and experts trained together, as the paper does       -independent   each expert alone, the gate afterwards

import { QurioError } from "../../host/errors.ts";
import type { WeightType } from "../../host/model-file/weight_types.ts";

/** Networks that are trained, each once for a seed and a fold. Their places are part of their seeds: add new ones at the end. */
export const NETWORKS = ["fp32", "q1", "q2", "q4", "q8", "q16", "ternary", "popcount", "probe", "exit"] as const;
export type NetworkName = (typeof NETWORKS)[number];

export const WEIGHT_TYPE_OF: Record<NetworkName, WeightType> = {
  fp32: "float32",
  q1: "1",
  q2: "2",
  q4: "4",
  q8: "8",
  q16: "16",
  ternary: "ternary",
  popcount: "popcount",
  probe: "ternary",
  exit: "4",
};

/** A trained network, as it is or quantized to so many bits after training. */
export interface Answerer {
  network: NetworkName;
  ptqBits?: number;
}

export interface Mixture {
  name: string;
  experts: Answerer[];
}

export type Row = { name: string } & (
  | { kind: "single"; answerer: Answerer }
  /** The first that is sure enough answers. */
  | { kind: "cascade"; answerers: Answerer[] }
  /** Drawn evenly for each clip. */
  | { kind: "uniform"; answerers: Answerer[] }
  | { kind: "mixture"; mixture: Mixture; joint: boolean; curious: boolean }
);

const [ternary, q4, q8, q16]: Answerer[] = [{ network: "ternary" }, { network: "q4" }, { network: "q8" }, { network: "q16" }];
const q8ptq: Answerer = { network: "fp32", ptqBits: 8 };
const q16ptq: Answerer = { network: "fp32", ptqBits: 16 };

/** Their places are part of their seeds: add new ones at the end. */
export const MIXTURES: readonly Mixture[] = [
  { name: "BitNet-Q8PTQ-QMoE", experts: [ternary!, q8ptq] },
  { name: "BitNet-Q8/16-PTQ-QMoE", experts: [ternary!, q8ptq, q16ptq] },
  { name: "BitNet-Q4/8-QMoE", experts: [ternary!, q4!, q8!] },
  { name: "BitNet-Q4/8/16-QMoE", experts: [ternary!, q4!, q8!, q16!] },
];

/** The paper has it with curiosity only. */
const WITHOUT_PLAIN = "BitNet-Q4/8-QMoE";

const single = (name: string, network: NetworkName, ptqBits?: number): Row => ({
  name,
  kind: "single",
  answerer: ptqBits === undefined ? { network } : { network, ptqBits },
});

export const ROWS: readonly Row[] = [
  single("FP32-Base", "fp32"),
  single("Q8-Base-PTQ", "fp32", 8),
  single("Q1-Base", "q1"),
  single("Q2-Base", "q2"),
  single("Q4-Base", "q4"),
  single("Q8-Base", "q8"),
  single("Q16-Base", "q16"),
  single("BitNet-Base", "ternary"),
  single("BitNet-Base-popcount", "popcount"),
  ...MIXTURES.flatMap((mixture) =>
    [false, true]
      .filter((curious) => curious || mixture.name !== WITHOUT_PLAIN)
      .flatMap((curious) =>
        [true, false].map((joint): Row => {
          const name = `${mixture.name}${curious ? "-C" : ""}-${joint ? "joint" : "independent"}`;
          return { name, kind: "mixture", mixture, joint, curious };
        }),
      ),
  ),
  { name: "Cascade", kind: "cascade", answerers: [ternary!, q4!, q8!] },
  { name: "Uniform", kind: "uniform", answerers: [ternary!, q4!, q8!] },
  { name: "Probe-first", kind: "cascade", answerers: [{ network: "probe" }, q4!, q8!] },
  { name: "Early-exit", kind: "cascade", answerers: [{ network: "exit" }, q4!] },
];

/**
 * Rows by name, in the order of ROWS; a mixture's name without -joint or -independent stands for both.
 * @throws QurioError STUDY_MODEL for a name that is none
 */
export function selectRows(names: readonly string[] | undefined): Row[] {
  if (!names) return [...ROWS];
  const answersTo = (row: Row) => [row.name, row.name.replace(/-(joint|independent)$/, "")];
  const unknown = names.find((name) => !ROWS.some((row) => answersTo(row).includes(name)));
  if (unknown !== undefined) {
    throw new QurioError(
      "STUDY_MODEL",
      `"${unknown}" is no model of the study`,
      `Pass some of ${ROWS.map(({ name }) => name).join(", ")}.`,
      2,
    );
  }
  return ROWS.filter((row) => names.some((name) => answersTo(row).includes(name)));
}
