// Node only. One decision under both estimates of cycles, on the way that asks everybody, and how far apart they are.

import { POLICY_PROBE } from "../../assembly/format/ids.ts";
import { cyclesOf, PARTS, type Part } from "../../host/meter/cost.ts";
import type { CortexM, DeviceProfile } from "../../host/meter/device.ts";
import type { MeterInput } from "../../host/meter/meter.ts";
import type { Subject } from "../../host/meter/subject.ts";
import { encodeModel } from "../../host/model-file/model_file.ts";
import { emulatedDecision, emulatedOf } from "./emulated.ts";

export interface PartEstimates {
  part: Part | "total";
  /** Executed by the emulated core, exact. */
  instructions: number;
  /** Published timings of those, wait states included; modelled. */
  emulatedCycles: number;
  /** From wasm op counts; modelled. */
  countedCycles: number;
  /** Counted over emulated, less 1. */
  difference: number;
}

export interface EstimatesReport {
  core: string;
  parts: PartEstimates[];
}

/**
 * The generic core is what is emulated, also for a baked module: it makes the same steps.
 * @param device one whose core is a Cortex-M
 * @throws QurioError TOOL_MISSING, EMULATION
 */
export async function compareEstimates({ packed }: Subject, input: MeterInput, device: DeviceProfile): Promise<EstimatesReport> {
  const all = packed.policy.kind === POLICY_PROBE ? { ...packed.policy, escalate: packed.policy.escalate.map(() => 0) } : packed.policy;
  const decided = await emulatedDecision(encodeModel({ ...packed, policy: all }), input, device.core as CortexM);
  const estimate = (part: Part | undefined): PartEstimates => {
    const { instructions, cycles } = emulatedOf(decided, part);
    const steps = decided.steps.filter((step) => part === undefined || step.part === part);
    const countedCycles = steps.reduce((sum, { counts }) => sum + cyclesOf(counts, device), 0);
    const emulatedCycles = cycles * device.waitStates.value * device.runs.factor.value;
    return { part: part ?? "total", instructions, emulatedCycles, countedCycles, difference: countedCycles / emulatedCycles - 1 };
  };
  const parts = PARTS.filter((part) => decided.steps.some((step) => step.part === part));
  return { core: decided.core, parts: [...parts.map(estimate), estimate(undefined)] };
}
