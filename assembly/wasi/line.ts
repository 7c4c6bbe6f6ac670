// The line of JSON about a decision: the fields of host/runtime/decision.ts as text, numbers by integer arithmetic, so that every engine prints the same digits.

import {
  DECISION_ABSTAINED,
  DECISION_BYTES,
  DECISION_ENTROPY,
  DECISION_ANSWERER,
  DECISION_FRAMES_SEEN,
  DECISION_INDEX,
  DECISION_MUTUAL_INFORMATION,
  DECISION_PROBABILITY,
  DECISION_ROUTER_VARIANCE,
  DECISION_WEIGHT_BYTES_READ,
} from "../format/decision.ts";
import { LABELS_OFFSETS, NETWORK_NAME_BYTES } from "../format/file.ts";
import { POLICY_PROBE, SECTION_LABELS } from "../format/ids.ts";
import { STREAM_EVENT } from "../format/stream.ts";
import { decisionPtr, streamPtr } from "../index.ts";
import { findSection } from "../model/sections.ts";
import { expertNetwork, filePtr, policyKind, routerNetwork } from "../model/state.ts";
import { STDOUT } from "./abi.ts";
import { wantsRecord } from "./args.ts";
import { flush, printTo, putDecimal, putHex, putJson, putSeconds, putText, putUnsigned } from "./print.ts";

/** `startFrame`: where the window of a stream starts, in frames of 10 ms; -1 for a clip, whose line says nothing of it. */
export function printDecision(startFrame: i32): void {
  const record = decisionPtr();
  printTo(STDOUT);
  putText("{");
  if (startFrame >= 0) putWindow(startFrame);
  putText('"label":');
  const index = load<i32>(record, DECISION_INDEX);
  putLabel(index);
  putText(',"index":');
  putIndex(index);
  putText(',"probability":');
  putQuantity(load<f32>(record, DECISION_PROBABILITY));
  putText(',"uncertainty":{"entropy":');
  putQuantity(load<f32>(record, DECISION_ENTROPY));
  putText(',"mutualInformation":');
  putQuantity(load<f32>(record, DECISION_MUTUAL_INFORMATION));
  putText(',"routerVariance":');
  putQuantity(load<f32>(record, DECISION_ROUTER_VARIANCE));
  putText('},"answerer":');
  putAnswerer(load<i32>(record, DECISION_ANSWERER));
  putText(',"abstained":');
  putText(load<i32>(record, DECISION_ABSTAINED) != 0 ? "true" : "false");
  putText(',"framesSeen":');
  putUnsigned(load<u32>(record, DECISION_FRAMES_SEEN));
  putText(',"weightBytesRead":');
  putUnsigned(load<u32>(record, DECISION_WEIGHT_BYTES_READ));
  if (wantsRecord) {
    putText(',"record":"');
    putHex(record, DECISION_BYTES);
    putText('"');
  }
  putText("}\n");
  flush();
}

/** What a stream's line has in front: the window's start, and the event that goes on. */
function putWindow(startFrame: i32): void {
  putText('"startS":');
  putSeconds(startFrame);
  putText(',"event":');
  putLabel(load<i32>(streamPtr(), STREAM_EVENT));
  putText(",");
}

/** A window that the gate slept through, which ended an event. */
export function printAsleep(startFrame: i32): void {
  printTo(STDOUT);
  putText("{");
  putWindow(startFrame);
  putText('"asleep":true}\n');
  flush();
}

/** Absent values are -1 in the record and null here. */
function putQuantity(x: f32): void {
  if (x < 0) putText("null");
  else putDecimal(x);
}

function putIndex(index: i32): void {
  if (index < 0) putText("null");
  else putUnsigned(index);
}

function putLabel(index: i32): void {
  if (index < 0) {
    putText("null");
    return;
  }
  const section = findSection(filePtr, SECTION_LABELS, 0);
  const entry = section + (<usize>index << 2);
  const start = load<i32>(entry, LABELS_OFFSETS);
  putJson(section + start, load<i32>(entry, LABELS_OFFSETS + 4) - start - 1);
}

/** Name of the network that answered: under the probe policy the probe is answerer 0. */
function putAnswerer(answerer: i32): void {
  if (answerer < 0) {
    putText("null");
    return;
  }
  const probes = policyKind() == POLICY_PROBE ? 1 : 0;
  const name = answerer < probes ? routerNetwork() : expertNetwork(answerer - probes);
  let bytes: i32 = 0;
  while (bytes < NETWORK_NAME_BYTES && load<u8>(name + bytes) != 0) bytes++;
  putJson(name, bytes);
}
