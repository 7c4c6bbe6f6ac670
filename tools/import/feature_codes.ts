// Precomputed features of a data set as 8-bit codes (.qfc), so that a test or a short training run needs no audio.
// Little-endian:
//
//   0  "QFCO"    8  u32 clips       16  u32 json bytes              24  zero, 8 bytes
//   4  u32 1     12 u32 features    20  u32 CRC-32 of the file, this field taken as zero
//   32 json, UTF-8: { name, sha256, attribution, labels, clips: [{ name, label, fold }], origin: [features], step: [features] }
//   .. codes, u8 [clips][features]:  feature = origin + step * code

import { QurioError } from "../../host/errors.ts";
import { crc32 } from "../../host/model-file/crc32.ts";

const MAGIC = 0x4f434651;
const VERSION = 1;
const HEADER_BYTES = 32;
const CRC_AT = 20;

export interface FeatureCodes {
  /** Name and content hash of the data set that the features were computed from. */
  name: string;
  sha256: string;
  /** Licence and authors of the recordings, as the licence asks. */
  attribution: string;
  labels: string[];
  clips: { name: string; label: number; fold: number }[];
  /** [features] each, float32 values. */
  origin: number[];
  step: number[];
  /** [clips][features] */
  codes: Uint8Array;
}

/** Per feature: origin = its minimum, step = its range / 255 (1 when constant), in float32; code = round((feature - origin) / step). */
export function quantizeFeatures(values: Float32Array, features: number): Pick<FeatureCodes, "origin" | "step" | "codes"> {
  const clips = values.length / features;
  const codes = new Uint8Array(values.length);
  const origin: number[] = [];
  const step: number[] = [];
  for (let f = 0; f < features; f++) {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let clip = 0; clip < clips; clip++) {
      min = Math.min(min, values[clip * features + f]);
      max = Math.max(max, values[clip * features + f]);
    }
    origin.push(min);
    step.push(Math.fround((max - min) / 255) || 1);
    for (let clip = 0; clip < clips; clip++) {
      const code = Math.round((values[clip * features + f] - min) / step[f]);
      codes[clip * features + f] = Math.min(255, code);
    }
  }
  return { origin, step, codes };
}

/** float32 [clips][features] */
export function featuresOf({ codes, origin, step }: Pick<FeatureCodes, "origin" | "step" | "codes">): Float32Array {
  const features = origin.length;
  return Float32Array.from(codes, (code, i) => origin[i % features] + step[i % features] * code);
}

/** The file's bytes; the same input gives the same bytes. */
export function encodeFeatureCodes({ codes, ...rest }: FeatureCodes): Uint8Array {
  const { name, sha256, attribution, labels, clips, origin, step } = rest;
  const json = new TextEncoder().encode(JSON.stringify({ name, sha256, attribution, labels, clips, origin, step }));
  const bytes = new Uint8Array(HEADER_BYTES + json.length + codes.length);
  const view = new DataView(bytes.buffer);
  [MAGIC, VERSION, clips.length, origin.length, json.length].forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  bytes.set(json, HEADER_BYTES);
  bytes.set(codes, HEADER_BYTES + json.length);
  view.setUint32(CRC_AT, crc32(bytes), true);
  return bytes;
}

/**
 * @param name what to call the file in errors
 * @throws QurioError FEATURE_CODES when the file is damaged, of another version or contradicts itself
 */
export function decodeFeatureCodes(bytes: Uint8Array, name: string): FeatureCodes {
  const refuse = (what: string): never => {
    throw new QurioError(
      "FEATURE_CODES",
      `${name}: ${what}`,
      "Copy the feature codes again, or write them anew with this version of qurio.",
    );
  };
  if (bytes.length < HEADER_BYTES) refuse(`truncated: at least ${HEADER_BYTES} bytes expected, ${bytes.length} found`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [magic, version, clips, features, jsonBytes, crc] = [0, 4, 8, 12, 16, CRC_AT].map((at) => view.getUint32(at, true));
  if (magic !== MAGIC) refuse("not a file of feature codes: it does not start with QFCO");
  if (version !== VERSION) refuse(`version ${version} is not supported, ${VERSION} expected`);
  const fileBytes = HEADER_BYTES + jsonBytes + clips * features;
  if (bytes.length !== fileBytes) refuse(`length differs from the header: ${fileBytes} bytes expected, ${bytes.length} found`);
  const rest = crc32(bytes.subarray(CRC_AT + 4), crc32(new Uint8Array(4), crc32(bytes.subarray(0, CRC_AT))));
  if (rest !== crc) refuse("checksum does not match");
  const codesAt = HEADER_BYTES + jsonBytes;
  const head = parseJson(bytes.subarray(HEADER_BYTES, codesAt)) ?? refuse("its description is not valid JSON");
  const numbers = (list: unknown) => Array.isArray(list) && list.length === features && list.every(Number.isFinite);
  if (!numbers(head.origin) || !numbers(head.step)) refuse(`${features} finite origins and steps expected`);
  if (!Array.isArray(head.labels) || !Array.isArray(head.clips) || head.clips.length !== clips)
    refuse(`labels and ${clips} clips expected`);
  const wrong = head.clips.findIndex((clip) => head.labels[clip?.label] === undefined || !Number.isInteger(clip.fold));
  if (wrong >= 0) refuse(`clip ${wrong} has an unknown label or no fold`);
  return { ...head, codes: bytes.slice(codesAt) };
}

function parseJson(bytes: Uint8Array): Omit<FeatureCodes, "codes"> | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
