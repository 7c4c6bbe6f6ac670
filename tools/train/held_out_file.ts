// Held-out answers as a file (.qho). Little-endian:
//
//   0  "QHLD"    8  u32 runs                16  u32 CRC-32 of the file, this field taken as zero
//   4  u32 1     12 u32 json bytes          20  zero, 12 bytes
//   32 json, UTF-8, padded with spaces to a multiple of 4: HeldOut, its runs without the arrays
//   .. f32, run by run: probabilities [clips of the fold][networks][classes], gates [clips][experts], variance [clips]

import { Check } from "../../host/check.ts";
import { QurioError } from "../../host/errors.ts";
import { crc32 } from "../../host/model-file/crc32.ts";
import { WEIGHT_TYPES } from "../../host/model-file/weight_types.ts";
import type { NetworkSpec } from "../import/checkpoint.ts";
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
  const head = checkHead(json, name);
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

type Head = Omit<HeldOut, "runs"> & { runs: Omit<HeldOutRun, "probabilities" | "gates" | "variance">[] };

function checkHead(json: unknown, name: string): Head {
  const check = new Check(name, "HELD_OUT", HINT);
  const fields = ["command", "versions", "data", "labels", "clips", "networks", "router", "samples", "beta", "quantiles", "runs"];
  const head = check.object(json, "", fields);
  const data = check.object(head["data"], "data", ["name", "sha256"]);
  const versions = Object.entries(check.object(head["versions"], "versions", Object.keys(head["versions"] ?? {})));
  const labels = check.list(head["labels"], "labels").map((label, i) => check.text(label, `labels[${i}]`));
  const whole = (value: unknown, path: string, least: number, most: number) => {
    const number = check.number(value, path, { least, most });
    if (!Number.isInteger(number)) throw check.error(path, "a whole number", value);
    return number;
  };
  const numbers = (value: unknown, path: string, most: number) =>
    check.list(value, path).map((x, i) => check.number(x, `${path}[${i}]`, { least: 0, most }));
  const sized = <T>(list: T[], count: number, path: string) => {
    if (list.length !== count) throw check.error(path, `${count} entries`, list.length);
    return list;
  };
  const clips = check.list(head["clips"], "clips").map((clip, i) => {
    const { label, fold } = check.object(clip, `clips[${i}]`, ["label", "fold"]);
    return { label: whole(label, `clips[${i}].label`, 0, labels.length - 1), fold: whole(fold, `clips[${i}].fold`, 1, 1e6) };
  });
  const networks = check.list(head["networks"], "networks").map((spec, i) => checkNetwork(check, spec, `networks[${i}]`));
  if (networks.length < 3) throw check.error("networks", "a probe and at least two experts", networks.length);
  const beta = sized(numbers(head["beta"], "beta", 1), networks.length - 1, "beta");
  const quantiles = numbers(head["quantiles"], "quantiles", 1);
  if (quantiles.length === 0) throw check.error("quantiles", "at least one", 0);
  const runs = check.list(head["runs"], "runs").map((run, i) => {
    const path = `runs[${i}]`;
    const { seed, fold, entropies, varianceScale } = check.object(run, path, ["seed", "fold", "entropies", "varianceScale"]);
    const rows = sized(check.list(entropies, `${path}.entropies`), networks.length, `${path}.entropies`);
    if (!clips.some((clip) => clip.fold === fold)) throw check.error(`${path}.fold`, "a fold that has clips", fold);
    return {
      seed: whole(seed, `${path}.seed`, 0, 0xffffffff),
      fold: fold as number,
      entropies: rows.map((row, k) =>
        sized(numbers(row, `${path}.entropies[${k}]`, Math.log(labels.length) + 1e-6), quantiles.length, `${path}.entropies[${k}]`),
      ),
      varianceScale: check.number(varianceScale, `${path}.varianceScale`, { above: 0 }),
    };
  });
  if (runs.length === 0) throw check.error("runs", "at least one", 0);
  return {
    command: check.text(head["command"], "command"),
    versions: Object.fromEntries(versions.map(([key, value]) => [key, check.text(value, `versions.${key}`)])),
    data: { name: check.text(data["name"], "data.name"), sha256: check.text(data["sha256"], "data.sha256") },
    labels,
    clips,
    networks,
    router: checkNetwork(check, head["router"], "router"),
    samples: whole(head["samples"], "samples", 1, 1000),
    beta,
    quantiles,
    runs,
  };
}

function checkNetwork(check: Check, json: unknown, path: string): NetworkSpec {
  const spec = check.object(json, path, ["name", "weightType", "inputs", "hidden", "outputs", "norm", "dropout"]);
  const width = { least: 1, most: 65536 };
  return {
    name: check.text(spec["name"], `${path}.name`),
    weightType: check.oneOf(spec["weightType"], `${path}.weightType`, WEIGHT_TYPES),
    inputs: check.number(spec["inputs"], `${path}.inputs`, width),
    hidden: check.list(spec["hidden"], `${path}.hidden`).map((rows, i) => check.number(rows, `${path}.hidden[${i}]`, width)),
    outputs: check.number(spec["outputs"], `${path}.outputs`, width),
    norm: check.flag(spec["norm"], `${path}.norm`),
    dropout: check.number(spec["dropout"], `${path}.dropout`, { least: 0, most: 1 }),
  };
}
