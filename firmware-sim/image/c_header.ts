// Node only. qurio.h: the decision record, the errors and the phases as C, from assembly/format, around library/qurio.h.in.

import * as D from "../../assembly/format/decision.ts";
import * as E from "../../assembly/format/errors.ts";
import * as I from "../../assembly/format/ids.ts";
import { DEVICE_ERRORS } from "../../host/errors.ts";

/** What a trap in the checked build gives; not an error of the core, whose codes are below 400. */
export const QURIO_TRAPPED = 401;

/** The record of assembly/format/decision.ts, in order. */
const FIELDS: [type: "uint32_t" | "int32_t" | "float", offset: number, name: string, meaning: string][] = [
  ["uint32_t", D.DECISION_STATUS, "status", "0 while no decision is made, 1 when the record is complete"],
  ["int32_t", D.DECISION_LABEL, "label", "qurio_label(label) is its name"],
  ["float", D.DECISION_PROBABILITY, "probability", "of that label"],
  ["float", D.DECISION_ENTROPY, "entropy", "of the network that answered, in nats"],
  ["float", D.DECISION_MUTUAL_INFORMATION, "mutual_information", "over the router's samples, in nats"],
  ["float", D.DECISION_ROUTER_VARIANCE, "router_variance", "sum of the variances of its sampled outputs"],
  ["int32_t", D.DECISION_EXPERT, "expert", "who answered: the probe first, if there is one, then the experts"],
  ["uint32_t", D.DECISION_ABSTAINED, "abstained", "1: the probability is below the answerer's threshold"],
  ["uint32_t", D.DECISION_FRAMES_SEEN, "frames_seen", "frames computed for this window"],
  ["uint32_t", D.DECISION_WEIGHT_BYTES, "weight_bytes", "packed weights and scales read"],
];

export function decisionStruct(): string {
  const rows = FIELDS.map(([type, , name, meaning]) => `  ${`${type} ${name};`.padEnd(28)}/* ${meaning} */`);
  const places = FIELDS.map(([, offset, name]) => `QURIO_ASSERT(offsetof(struct qurio_decision, ${name}) == ${offset}, "${name}");`);
  const size = `QURIO_ASSERT(sizeof(struct qurio_decision) == ${D.DECISION_BYTES}, "decision record");`;
  return ["struct qurio_decision {", ...rows, "} QURIO_MAY_ALIAS;", ...places, size].join("\n");
}

export function phaseEnum(): string {
  const rows = Object.entries(I).flatMap(([name, id]) => (name.startsWith("PHASE_") ? [`  QURIO_${name.slice(6)} = ${id},`] : []));
  return ["enum qurio_phase {", ...rows, "};"].join("\n");
}

export function errorEnum(): string {
  const rows = Object.entries(E)
    .filter(([name]) => name.startsWith("ERROR_"))
    .map(([name, code]) => {
      const message = DEVICE_ERRORS.find((row) => row.code === code)?.message ?? "";
      return `  QURIO_${name} = ${code}, /* ${message} */`;
    });
  return [
    "/* {p} place, {e} expected, {f} found; {l}, {n}: layer and network of a place that is 100 * network + layer */",
    "enum qurio_code {",
    "  QURIO_OK = 0,",
    ...rows,
    `  QURIO_TRAPPED = ${QURIO_TRAPPED}, /* the checked build stopped an access outside its memory: call qurio_init again */`,
    "};",
  ].join("\n");
}
