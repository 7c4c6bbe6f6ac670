// The safetensors file format (github.com/huggingface/safetensors), float32 tensors only.
//
//   | u64 length of header | JSON: {"name": {"dtype": "F32", "shape": [rows, columns], "data_offsets": [begin, end]}, ...} | data |
//
// Little-endian; offsets count from the first byte behind the header.

import { QurioError } from "../../host/errors.ts";

export interface NamedTensor {
  data: Float32Array;
  shape: number[];
}

/** Bytes of a file; tensors in the map's order, the header padded so that data is 8-byte aligned. */
export function encodeSafetensors(tensors: Map<string, NamedTensor>): Uint8Array {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { data, shape }] of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = Buffer.alloc(8 + headerBytes + end, 0x20);
  file.writeBigUInt64LE(BigInt(headerBytes), 0);
  json.copy(file, 8);
  let at = 8 + headerBytes;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function damaged(what: string): QurioError {
  return new QurioError("TENSOR_FILE", `weights.safetensors ${what}`, "The file is damaged or cut short: copy it again, or train again.");
}

/**
 * Tensors by name, or those that are `wanted`: others may be of any type.
 *
 * @throws QurioError TENSOR_FILE for a file that is cut short or inconsistent, TENSOR_TYPE for a tensor that is not float32.
 */
export function decodeSafetensors(file: Uint8Array, wanted: (name: string) => boolean = () => true): Map<string, NamedTensor> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 8) throw damaged(`is truncated: at least 8 bytes expected, ${bytes.length} found`);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const start = 8 + headerBytes;
  if (start > bytes.length) throw damaged(`is truncated: ${start} bytes expected for the header, ${bytes.length} found`);
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString("utf8", 8, start));
  } catch {
    throw damaged("has a header that is not JSON");
  }
  if (header === null || typeof header !== "object" || Array.isArray(header)) throw damaged("has a header that is not a JSON object");
  const tensors = new Map<string, NamedTensor>();
  for (const [name, entry] of Object.entries(header))
    if (name !== "__metadata__" && wanted(name)) tensors.set(name, readEntry(name, entry, bytes, start));
  return tensors;
}

function readEntry(name: string, entry: unknown, bytes: Buffer, start: number): NamedTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  if (dtype !== "F32")
    throw new QurioError("TENSOR_TYPE", `tensor ${name}: expected dtype F32, found ${dtype}`, "Convert it to float32 before saving.");
  const counts = (list: unknown): list is number[] => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!counts(shape) || !counts(offsets) || offsets.length !== 2) throw damaged(`describes tensor ${name} without shape or data_offsets`);
  const [begin, end] = offsets as [number, number];
  const expected = 4 * shape.reduce((a, b) => a * b, 1);
  if (end - begin !== expected) throw damaged(`gives tensor ${name} ${end - begin} bytes, its shape needs ${expected}`);
  if (start + end > bytes.length) throw damaged(`is truncated: tensor ${name} ends at byte ${start + end}, the file at ${bytes.length}`);
  return { data: new Float32Array(new Uint8Array(bytes.subarray(start + begin, start + end)).buffer), shape };
}
