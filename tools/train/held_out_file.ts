// Held-out answers as a file (.qho). Little-endian:
//
//   0  "QHLD"    8  u32 runs                16  u32 CRC-32 of the file, this field taken as zero
//   4  u32 1     12 u32 json bytes          20  zero, 12 bytes
//   32 json, UTF-8, padded with spaces to a multiple of 4: HeldOut, its runs without the arrays
//   .. f32, run by run: probabilities [clips of the fold][networks][classes], gates [clips][experts], variance [clips]

import * as v from "valibot";
import { QurioError } from "../../host/errors.ts";
import { checkJson } from "../../host/json.ts";
import { crc32 } from "../../host/model-file/crc32.ts";
import { dictionary, list, number, numberWanted, object, rule, text, whole, wrong } from "../../host/schema.ts";
import { NETWORK } from "../import/checkpoint_schema.ts";
import type { HeldOut, HeldOutRun } from "./held_out.ts";

const MAGIC = 0x444c4851;
const VERSION = 1;
const HEADER_BYTES = 32;
const CRC_AT = 16;
const HINT = "Copy the file again, or make it anew: npm run held-out -- --data DIR";

/** The file's bytes; the same answers give the same bytes. */
export function encodeHeldOut({ runs, ...head }: HeldOut): Uint8Array {
  const description = { ...head, runs: runs.map(({ seed, fold, entropies, varianceScale }) => ({ seed, fold, entropies, varianceScale })) };
  const text = new TextEncoder().encode(JSON.stringify(description));
  const jsonBytes = (text.length + 3) & ~3;
  const arrays = runs.flatMap(({ probabilities, gates, variance }) => [probabilities, gates, variance]);
  const bytes = new Uint8Array(HEADER_BYTES + jsonBytes + 4 * arrays.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  [MAGIC, VERSION, runs.length, jsonBytes].forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  bytes.fill(0x20, HEADER_BYTES, HEADER_BYTES + jsonBytes);
  bytes.set(text, HEADER_BYTES);
  let at = HEADER_BYTES + jsonBytes;
  for (const values of arrays)
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  view.setUint32(CRC_AT, crc32(bytes), true);
  return bytes;
}

/**
 * @param name what to call the file in errors
 * @throws QurioError HELD_OUT when the file is damaged, of another version or contradicts itself
 */
export function decodeHeldOut(bytes: Uint8Array, name: string): HeldOut {
  const refuse = (what: string): never => {
    throw new QurioError("HELD_OUT", `${name}: ${what}`, HINT);
  };
  if (bytes.length < HEADER_BYTES) refuse(`truncated: at least ${HEADER_BYTES} bytes expected, ${bytes.length} found`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [magic, version, runCount, jsonBytes, crc] = [0, 4, 8, 12, CRC_AT].map((at) => view.getUint32(at, true));
  if (magic !== MAGIC) refuse("not a file of held-out answers: it does not start with QHLD");
  if (version !== VERSION) refuse(`version ${version} is not supported, ${VERSION} expected`);
  const rest = crc32(bytes.subarray(CRC_AT + 4), crc32(new Uint8Array(4), crc32(bytes.subarray(0, CRC_AT))));
  if (rest !== crc) refuse("checksum does not match");
  const valuesAt = HEADER_BYTES + jsonBytes;
  if (valuesAt > bytes.length) refuse(`truncated: ${valuesAt} bytes expected, ${bytes.length} found`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_BYTES, valuesAt)));
  } catch {
    refuse("its description is not valid JSON");
  }
  const head: Head = checkJson(HEAD, json, { file: name, code: "HELD_OUT", hint: HINT });
  if (head.runs.length !== runCount) refuse(`${runCount} runs expected, ${head.runs.length} found`);
  const sizes = head.runs.map(({ fold }) => {
    const clips = head.clips.filter((clip) => clip.fold === fold).length;
    return [clips * head.networks.length * head.labels.length, clips * head.beta.length, clips];
  });
  const fileBytes = valuesAt + 4 * sizes.flat().reduce((a, b) => a + b, 0);
  if (bytes.length !== fileBytes) refuse(`length differs from its description: ${fileBytes} bytes expected, ${bytes.length} found`);
  let at = valuesAt;
  const take = (count: number) =>
    Float32Array.from({ length: count }, () => {
      const value = view.getFloat32(at, true);
      at += 4;
      // probabilities are at most 1; a variance of m softmaxes is at most 1 too
      return value >= 0 && value <= 1 ? value : refuse(`value at byte ${at - 4}: 0 to 1 expected, ${value} found`);
    });
  const runs = head.runs.map((run, i): HeldOutRun => {
    const [probabilities, gates, variance] = sizes[i].map(take);
    return { ...run, probabilities, gates, variance };
  });
  return { ...head, runs };
}

const SHARE = { least: 0, most: 1 };
const shares = (about: string) => list(number(about, SHARE));

const fields = object({
  command: text(),
  versions: dictionary(text()),
  data: object({ name: text(), sha256: text() }),
  labels: list(text()),
  clips: list(object({ label: whole("index of the label", { least: 0 }), fold: whole("fold", { least: 1, most: 1e6 }) })),
  networks: v.pipe(list(NETWORK), v.minLength(3, "a probe and at least two experts")),
  router: NETWORK,
  samples: whole("Monte Carlo dropout samples of the router", { least: 1, most: 1000 }),
  beta: shares("pull of an expert under uncertainty"),
  quantiles: v.pipe(shares("of the entropy"), v.minLength(1, "at least one")),
  runs: v.pipe(
    list(
      object({
        seed: whole("seed of the random numbers", { least: 0, most: 0xffffffff }),
        fold: whole("fold that was left out", { least: 1 }),
        entropies: list(list(number("nats", { least: 0 }))),
        varianceScale: number("what the router's variance is divided by", { above: 0 }),
      }),
    ),
    v.minLength(1, "at least one"),
  ),
});
const HEAD = v.pipe(fields, rule(contradiction));
type Head = v.InferOutput<typeof HEAD>;

function contradiction({ labels, clips, networks, beta, quantiles, runs }: v.InferOutput<typeof fields>) {
  const unlabelled = clips.findIndex(({ label }) => label >= labels.length);
  if (unlabelled >= 0)
    return wrong(["clips", unlabelled, "label"], numberWanted({ least: 0, most: labels.length - 1 }), clips[unlabelled].label);
  if (beta.length !== networks.length - 1) return wrong(["beta"], `${networks.length - 1} entries`, beta.length);
  const most = Math.log(labels.length) + 1e-6;
  for (const [i, { fold, entropies }] of runs.entries()) {
    if (!clips.some((clip) => clip.fold === fold)) return wrong(["runs", i, "fold"], "a fold that has clips", fold);
    if (entropies.length !== networks.length) return wrong(["runs", i, "entropies"], `${networks.length} entries`, entropies.length);
    for (const [k, row] of entropies.entries()) {
      const path = ["runs", i, "entropies", k];
      if (row.length !== quantiles.length) return wrong(path, `${quantiles.length} entries`, row.length);
      const high = row.findIndex((nats) => nats > most);
      if (high >= 0) return wrong([...path, high], numberWanted({ least: 0, most }), row[high]);
    }
  }
}
