import * as E from "../assembly/format/errors.ts";
import * as F from "../assembly/format/file.ts";
import * as Id from "../assembly/format/ids.ts";

/**
 * An error that a stranger can act on: what is wrong (with what was expected and found) and what to do.
 * The command line prints `qurio: message` and the hint, and exits with `exitCode` (1 failed, 2 wrong usage).
 */
export class QurioError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly exitCode: 1 | 2;
  constructor(code: string, message: string, hint: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.name = "QurioError";
    this.code = code;
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** Where and what: the device's error record. `place` is a section id, a layer or a byte offset, as the message says. */
export interface DeviceError {
  code: number;
  place: number;
  expected: number;
  found: number;
}

interface ErrorEntry {
  code: number;
  name: string;
  message: string;
  hint: string;
}

/** Fields of the input spec, by their place; -1 is its length. */
const INPUT_FIELDS: Record<number, string> = {
  [-1]: "spec length",
  [F.INPUT_SOURCE]: "source",
  [F.INPUT_FEATURE_SET]: "feature set",
  [F.INPUT_FEATURES]: "feature count",
  [F.INPUT_CHANNELS]: "channels",
  [F.INPUT_SAMPLE_RATE]: "sample rate",
  [F.INPUT_WINDOW_SAMPLES]: "window samples",
  [F.INPUT_FRONT_END]: "front end",
  [F.INPUT_FRAME_SAMPLES]: "frame samples",
  [F.INPUT_HOP_SAMPLES]: "hop samples",
  [F.INPUT_FFT_POINTS]: "FFT points",
  [F.INPUT_BANDS]: "bands",
  [F.INPUT_COEFFICIENTS]: "coefficients",
  [F.INPUT_ARITHMETIC]: "arithmetic",
  [F.INPUT_OPTIONS]: "options",
  [F.INPUT_FLOOR]: "floor",
  [F.INPUT_ORIGIN]: "origin",
  [F.INPUT_STEP]: "step",
};

/** What comes in, by its id; place and both numbers of an INPUT error may be these. */
const SOURCES: Record<number, string> = {
  [Id.SOURCE_AUDIO]: "audio",
  [Id.SOURCE_SIGNAL]: "signal",
  [Id.SOURCE_FRAMES]: "frames",
  [Id.SOURCE_VECTORS]: "vectors",
};

const EXPORT_AGAIN = "The file is damaged or was not written by qurio export: copy it again, or export it again from the checkpoint.";
const NOT_VALID = "The file is intact but says something this runtime cannot run: export it again with this version of qurio.";

/**
 * One row per device error; headings of docs/reference/troubleshooting.md are these messages. {p}, {e}, {f} = place, expected, found;
 * {i} = the field of the input spec that is the place; {l}, {n} = layer and network of a place that is 100 * network + layer: network 0 is the router, 1 the first expert.
 */
export const DEVICE_ERRORS: readonly ErrorEntry[] = [
  {
    code: E.ERROR_TRUNCATED,
    name: "TRUNCATED",
    message: "model file is truncated: at least {e} bytes expected, {f} found",
    hint: EXPORT_AGAIN,
  },
  {
    code: E.ERROR_NOT_A_MODEL,
    name: "NOT_A_MODEL",
    message: "not a qurio model: the file does not start with QMOE",
    hint: "Pass a .qmoe file; `qurio export CKPT -o model.qmoe` makes one.",
  },
  {
    code: E.ERROR_VERSION,
    name: "VERSION",
    message: "model format version {f} is not supported, this runtime reads version {e}",
    hint: "Make it anew from its checkpoint, `qurio export CKPT -o model.qmoe` (checkpoints of earlier versions are readable), or use the runtime that it was exported for.",
  },
  {
    code: E.ERROR_FILE_BYTES,
    name: "FILE_BYTES",
    message: "model file length differs from its header: {e} bytes expected, {f} found",
    hint: EXPORT_AGAIN,
  },
  { code: E.ERROR_HEADER_CRC, name: "HEADER_CRC", message: "header checksum does not match", hint: EXPORT_AGAIN },
  {
    code: E.ERROR_SECTION_TABLE,
    name: "SECTION_TABLE",
    message: "section table entry {p} is not valid: expected {e}, found {f}",
    hint: EXPORT_AGAIN,
  },
  { code: E.ERROR_SECTION_CRC, name: "SECTION_CRC", message: "checksum of section {p} does not match", hint: EXPORT_AGAIN },
  { code: E.ERROR_PADDING, name: "PADDING", message: "padding at byte {p} is not zero", hint: EXPORT_AGAIN },
  { code: E.ERROR_MISSING_SECTION, name: "MISSING_SECTION", message: "section {p} is missing", hint: NOT_VALID },
  {
    code: E.ERROR_MISALIGNED,
    name: "MISALIGNED",
    message: "the model must lie at a multiple of {e} bytes, found address {f}",
    hint: "Align the buffer that holds the model.",
  },
  {
    code: E.ERROR_OTHER_MODEL,
    name: "OTHER_MODEL",
    message: "the model is not the one that this module was baked with: header checksum {e} expected, {f} found",
    hint: "Bake the other model, or bake with --no-weights to load models later.",
  },
  { code: E.ERROR_PLAN, name: "PLAN", message: "memory plan field {p} is {f}, the model needs {e}", hint: NOT_VALID },
  {
    code: E.ERROR_FRONT_END,
    name: "FRONT_END",
    message: "front end parameter {p} is not supported: expected {e}, found {f}",
    hint: NOT_VALID,
  },
  {
    code: E.ERROR_NORMALIZATION,
    name: "NORMALIZATION",
    message: "normalization field {p} is not valid: expected {e}, found {f}",
    hint: NOT_VALID,
  },
  { code: E.ERROR_NETWORK, name: "NETWORK", message: "network {n} is not valid: expected {e}, found {f}", hint: NOT_VALID },
  {
    code: E.ERROR_LAYER_SHAPE,
    name: "LAYER_SHAPE",
    message: "op {l} of network {n} has a shape that does not fit: expected {e}, found {f}",
    hint: NOT_VALID,
  },
  { code: E.ERROR_WEIGHT_TYPE, name: "WEIGHT_TYPE", message: "op {l} of network {n} has unknown weight type {f}", hint: NOT_VALID },
  {
    code: E.ERROR_LAYOUT,
    name: "LAYOUT",
    message: "op {l} of network {n} has layout {f}, which this build cannot read (weight type {e})",
    hint: "Load through the host, which repacks weights for the build that it picked.",
  },
  {
    code: E.ERROR_TENSOR_BOUNDS,
    name: "TENSOR_BOUNDS",
    message: "op {l} of network {n} has a tensor outside its section or of the wrong length: expected {e}, found {f}",
    hint: NOT_VALID,
  },
  {
    code: E.ERROR_SCALE,
    name: "SCALE",
    message: "op {l} of network {n} has a scale that is not a positive finite number",
    hint: NOT_VALID,
  },
  { code: E.ERROR_NOT_FINITE, name: "NOT_FINITE", message: "section {p} holds a number that is not finite", hint: NOT_VALID },
  { code: E.ERROR_POLICY, name: "POLICY", message: "policy field {p} is not valid: expected {e}, found {f}", hint: NOT_VALID },
  {
    code: E.ERROR_WEIGHT_CODES,
    name: "WEIGHT_CODES",
    message: "op {l} of network {n} holds weight codes that its type does not have, or row sums that disagree with the codes",
    hint: NOT_VALID,
  },
  { code: E.ERROR_LABELS, name: "LABELS", message: "labels are not valid: expected {e}, found {f}", hint: NOT_VALID },
  {
    code: E.ERROR_TENSOR_NOT_FINITE,
    name: "TENSOR_NOT_FINITE",
    message: "op {l} of network {n} holds a number that is not finite",
    hint: NOT_VALID,
  },
  {
    code: E.ERROR_LAYER,
    name: "LAYER",
    message: "op {l} of network {n} has flags or a dropout rate that are not valid",
    hint: NOT_VALID,
  },
  { code: E.ERROR_OP, name: "OP", message: "op {l} of network {n} is of unknown kind {f}", hint: NOT_VALID },
  {
    code: E.ERROR_BUFFER,
    name: "BUFFER",
    message: "op {l} of network {n} has a buffer that is not there, not yet written, or in a place that it cannot have: {f}",
    hint: NOT_VALID,
  },
  {
    code: E.ERROR_INPUT,
    name: "INPUT",
    message: "input {i} is not supported: this build takes {e}, found {f}",
    hint: "Export a model whose input this version of qurio computes: the default input spec, or feature vectors.",
  },
  {
    code: E.ERROR_NOT_LOADED,
    name: "NOT_LOADED",
    message: "no model is loaded",
    hint: "Call load(ptr, bytes) first and check what it returns.",
  },
  {
    code: E.ERROR_MEMORY,
    name: "MEMORY",
    message: "linear memory is too small: {e} bytes needed, {f} there",
    hint: "Grow the exported memory before load; the plan section tells how much the model needs.",
  },
  {
    code: E.ERROR_NO_FRONT_END,
    name: "NO_FRONT_END",
    message: "this model takes feature vectors, not audio",
    hint: "Write {e} float32 values at featuresPtr and call pushFeatures.",
  },
  {
    code: E.ERROR_AUDIO_OVERFLOW,
    name: "AUDIO_OVERFLOW",
    message: "more samples pushed than fit: {f} pushed, room for {e}",
    hint: "Push at most audioSpace() samples, then step() until it returns 0.",
  },
  {
    code: E.ERROR_INPUT_NOT_FINITE,
    name: "INPUT_NOT_FINITE",
    message: "feature {p} is not a finite number",
    hint: "Check what computes the features: NaN and infinity are refused.",
  },
  {
    code: E.ERROR_OVERFLOW,
    name: "OVERFLOW",
    message: "activations of op {l} of network {n} are not finite",
    hint: "The weights or scales of this model are out of range: check the checkpoint and export again.",
  },
  {
    code: E.ERROR_OVERLAP,
    name: "OVERLAP",
    message: "the model lies in work memory, which ends at {e}: found at {f}",
    hint: "Place the model behind work memory: at workPtr() plus the plan's work bytes, or higher.",
  },
];

/** The error that the device reported, in words. */
export function deviceError({ code, place, expected, found }: DeviceError): QurioError {
  const entry = DEVICE_ERRORS.find((row) => row.code === code);
  if (!entry) return new QurioError("UNKNOWN", `device error ${code}`, "This host does not know the module's errors: rebuild it.");
  const value = (number: number) => (code === E.ERROR_INPUT && place === F.INPUT_SOURCE && SOURCES[number]) || `${number}`;
  const fill = (text: string) =>
    text
      .replace("{i}", INPUT_FIELDS[place] ?? `field ${place}`)
      .replace("{l}", `${place % 100}`)
      .replace("{n}", `${Math.floor(place / 100)}`)
      .replace("{p}", `${place}`)
      .replace("{e}", value(expected))
      .replace("{f}", value(found));
  return new QurioError(entry.name, fill(entry.message), fill(entry.hint));
}
