// Node only. Records, errors and phases as C, from assembly/format: for qurio.h (around library/qurio.h.in), and for hosts that run a
// baked module in a runtime of their own (examples/wamr/qurio_records.h).

import * as D from "../../assembly/format/decision.ts";
import * as E from "../../assembly/format/errors.ts";
import * as F from "../../assembly/format/file.ts";
import * as I from "../../assembly/format/ids.ts";
import { RING_FRAMES } from "../../assembly/format/plan.ts";
import * as S from "../../assembly/format/stream.ts";
import { DEVICE_ERRORS } from "../../host/errors.ts";

/** What a trap in the checked build gives; not an error of the core, whose codes are below 400. */
export const QURIO_TRAPPED = 401;

type Field = [type: "uint32_t" | "int32_t" | "int16_t" | "float", offset: number, name: string, meaning: string];

/** The record of assembly/format/decision.ts, in order. */
const DECISION: Field[] = [
  ["uint32_t", D.DECISION_STATUS, "status", "0 while no decision is made, 1 when the record is complete"],
  ["int32_t", D.DECISION_INDEX, "index", "into the labels of the model"],
  ["float", D.DECISION_PROBABILITY, "probability", "of that label"],
  ["float", D.DECISION_ENTROPY, "entropy", "of the network that answered, in nats"],
  ["float", D.DECISION_MUTUAL_INFORMATION, "mutual_information", "over the router's samples, in nats"],
  ["float", D.DECISION_ROUTER_VARIANCE, "router_variance", "sum of the variances of its sampled outputs"],
  ["int32_t", D.DECISION_ANSWERER, "answerer", "who answered: the probe first, if there is one, then the experts"],
  ["uint32_t", D.DECISION_ABSTAINED, "abstained", "1: the probability is below the answerer's threshold"],
  ["uint32_t", D.DECISION_FRAMES_SEEN, "frames_seen", "frames computed for this window"],
  ["uint32_t", D.DECISION_WEIGHT_BYTES_READ, "weight_bytes_read", "packed weights and scales read"],
];

/** The record of assembly/format/stream.ts: what the host writes, and what it reads. */
const STREAM_SETTINGS: Field[] = [
  ["int32_t", S.STREAM_HOP, "hop", `frames of 10 ms from window to window, at most ${RING_FRAMES}; 0: one window, no stream`],
  ["int32_t", S.STREAM_WAKE, "wake", "the gate wakes when the level is so far above the background; 0: no gate"],
  ["int32_t", S.STREAM_SLEEP, "sleep", "it stays awake while the level is so far above the background ..."],
  ["int32_t", S.STREAM_HOLD, "hold", "... and so many frames longer"],
  ["int32_t", S.STREAM_VOTES, "votes", `so many of the last windows vote, 1 to ${S.STREAM_MAX_VOTES}`],
  ["int32_t", S.STREAM_START, "start", "an event starts with so many votes for its label"],
  ["int32_t", S.STREAM_STOP, "stop", "and ends below so many"],
];
const STREAM_STATE: Field[] = [
  ["int32_t", S.STREAM_AWAKE, "awake", "1 while the gate is awake"],
  ["int32_t", S.STREAM_LEVEL, "level", "of the newest frame"],
  ["int32_t", S.STREAM_BACKGROUND, "background", "in 1/256 of a level"],
  ["int32_t", S.STREAM_WINDOWS, "windows", "since reset, those included that the gate slept through"],
  ["int32_t", S.STREAM_EVENT, "event", "label of the event that goes on"],
  ["int16_t", S.STREAM_HISTORY, `history[${S.STREAM_MAX_VOTES}]`, "labels of the last windows, newest first; -1: abstained, or slept"],
  ["float", S.STREAM_LAMBDA, "lambda", "written by the host: how much energy counts when a Bayesian router chooses"],
];

const rows = (fields: Field[]) => fields.map(([type, , name, meaning]) => `  ${`${type} ${name};`.padEnd(28)}/* ${meaning} */`);

function record(name: string, members: string[], bytes: number, places: [offset: number, member: string][]): string {
  const asserts = places.map(([offset, member]) => {
    const field = member.replace(/\[.*/, "");
    return `QURIO_ASSERT(offsetof(struct ${name}, ${field}) == ${offset}, "${field}");`;
  });
  const size = `QURIO_ASSERT(sizeof(struct ${name}) == ${bytes}, "${name}");`;
  return [`struct ${name} {`, ...members, "} QURIO_MAY_ALIAS;", ...asserts, size].join("\n");
}

export function decisionStruct(): string {
  const places = DECISION.map(([, offset, name]): [number, string] => [offset, name]);
  return record("qurio_decision", rows(DECISION), D.DECISION_BYTES, places);
}

export function streamStructs(): string {
  const places = (fields: Field[]) => fields.map(([, offset, name]): [number, string] => [offset, name]);
  const members = ["  struct qurio_stream_settings settings;", ...rows(STREAM_STATE)];
  return [
    record("qurio_stream_settings", rows(STREAM_SETTINGS), S.STREAM_AWAKE, places(STREAM_SETTINGS)),
    "",
    record("qurio_stream", members, S.STREAM_BYTES, [[0, "settings"], ...places(STREAM_STATE)]),
  ].join("\n");
}

export function phaseEnum(): string {
  const phases = Object.entries(I).filter(([name]) => name.startsWith("PHASE_"));
  phases.sort(([, a], [, b]) => a - b);
  return ["enum qurio_phase {", ...phases.map(([name, id]) => `  QURIO_${name.slice(6)} = ${id},`), "};"].join("\n");
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

/** Name and message of every error: what `lastError` means. */
function errorTable(): string {
  const rows = DEVICE_ERRORS.map(({ code, name, message }) => `  X(${code}, "${name}", "${message.replace("{i}", "field {p}")}")`);
  return [
    "/* QURIO_ERRORS(X): X(code, name, message). {p} place, {e} expected, {f} found; {l}, {n}: layer and network of a place that is",
    " * 100 * network + layer, network 0 being the router. */",
    "#define QURIO_ERRORS(X) \\",
    rows.join(" \\\n"),
  ].join("\n");
}

/** What of the model file a host needs to name labels. */
const LABELS = {
  FILE_SECTIONS: F.HEADER_SECTIONS,
  FILE_HEADER_BYTES: F.HEADER_BYTES,
  ENTRY_BYTES: F.ENTRY_SIZE,
  ENTRY_ID: F.ENTRY_ID,
  ENTRY_OFFSET: F.ENTRY_OFFSET,
  SECTION_LABELS: I.SECTION_LABELS,
  LABELS_COUNT: F.LABELS_COUNT,
  LABELS_OFFSETS: F.LABELS_OFFSETS,
};

/** A header for C hosts of a baked module (`qurio bake --target core`). */
export function recordsHeader(): string {
  const labels = Object.entries(LABELS).map(([name, value]) => `#define QURIO_${name} ${value}u`);
  return `/* What a baked module of qurio and its host share, by npm run wamr-header: do not edit. All numbers are little-endian. */
#ifndef QURIO_RECORDS_H
#define QURIO_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define QURIO_ASSERT(condition, text) static_assert(condition, text)
#else
#define QURIO_ASSERT(condition, text) _Static_assert(condition, text)
#endif
#define QURIO_MAY_ALIAS __attribute__((may_alias))

/* What abiVersion() returns. */
#define QURIO_ABI_VERSION ${I.ABI_VERSION}
/* Frames of 10 ms in a window. */
#define QURIO_WINDOW_FRAMES ${RING_FRAMES}

/* At decisionPtr(). Absent values are -1. */
${decisionStruct()}

/* At streamPtr(): settings count from the next reset on. */
${streamStructs()}

/* At lastError(). */
struct qurio_error {
  int32_t code, place, expected, found;
};

/* What step() did. */
${phaseEnum()}

${errorTable()}

/* The labels in the model file at modelPtr(), offsets in bytes: sections are listed behind the header, and the offsets of the texts, from the
 * start of their section, stand behind their count. */
${labels.join("\n")}

#endif
`;
}
