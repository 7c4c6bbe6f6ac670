// A checkpoint: a folder with weights.safetensors and model.json. docs/reference/checkpoint.md is the prose of this file.

import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { QurioError } from "../../host/errors.ts";
import { featureCount } from "../../host/model-file/input_spec.ts";
import { describe, parseDescription } from "./checkpoint_json.ts";
import { type Checkpoint, type Layer, layerShapes, type Network, type NetworkSpec } from "./checkpoint_types.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.ts";

export * from "./checkpoint_types.ts";

const WEIGHTS_FILE = "weights.safetensors";
const MODEL_FILE = "model.json";
/** Other tensors, such as counters that PyTorch keeps beside its weights, are ignored. */
const TENSORS = /^(normalization\.(mean|std)|(router|experts\.\d+)\.\d+\.(weight|bias|gamma|beta))$/;

/**
 * Reads a checkpoint folder. If a crash has cut a write short between its two renames, the previous checkpoint is read
 * (see writeCheckpoint).
 *
 * @throws QurioError CHECKPOINT_MISSING, CHECKPOINT_JSON, WEIGHT_TYPE, TENSOR_FILE, TENSOR_MISSING, TENSOR_SHAPE,
 * TENSOR_TYPE, TENSOR_NOT_FINITE.
 */
export function readCheckpoint(directory: string): Checkpoint {
  const found = existsSync(directory) ? directory : previousOf(directory);
  const description = parseDescription(readPart(found, MODEL_FILE, directory));
  const tensors = decodeSafetensors(readPart(found, WEIGHTS_FILE, directory), (name) => TENSORS.test(name));
  const count = featureCount(description.input);
  const take = (name: string, shape: number[]) => takeTensor(tensors, name, shape);
  const normalization = { mean: take("normalization.mean", [count]), std: take("normalization.std", [count]), clip: description.clip };
  const flat = normalization.std.findIndex((value) => !(value > 0));
  if (flat >= 0)
    throw new QurioError(
      "TENSOR_NOT_FINITE",
      `normalization.std[${flat}] must be above 0, found ${normalization.std[flat]}`,
      "Write 1 as the deviation of a feature that never changes.",
    );
  return {
    labels: description.labels,
    input: description.input,
    normalization,
    router: description.router && readNetwork(description.router, "router", take),
    experts: description.experts.map((spec, i) => readNetwork(spec, `experts.${i}`, take)),
    policy: description.policy,
    provenance: description.provenance,
  };
}

function readPart(directory: string, file: string, asked: string): Buffer {
  try {
    return readFileSync(join(directory, file));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new QurioError(
      "CHECKPOINT_MISSING",
      `cannot read ${file} of checkpoint ${basename(asked)} (${code})`,
      "Pass the folder that `qurio train --out` wrote; it holds model.json and weights.safetensors.",
    );
  }
}

function takeTensor(tensors: Map<string, NamedTensor>, name: string, shape: number[]): Float32Array {
  const tensor = tensors.get(name);
  if (!tensor)
    throw new QurioError(
      "TENSOR_MISSING",
      `tensor ${name} [${shape}] is missing`,
      "docs/reference/checkpoint.md lists the tensors of a checkpoint.",
    );
  if (tensor.shape.length !== shape.length || tensor.shape.some((n, i) => n !== shape[i]))
    throw new QurioError(
      "TENSOR_SHAPE",
      `tensor ${name}: expected shape [${shape}], found [${tensor.shape}]`,
      "Shapes follow from model.json; weights are [outputs, inputs].",
    );
  const at = tensor.data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new QurioError(
      "TENSOR_NOT_FINITE",
      `tensor ${name} holds ${tensor.data[at]} at index ${at}`,
      "Training has diverged or the file is damaged: train again.",
    );
  return tensor.data;
}

function readNetwork(spec: NetworkSpec, prefix: string, take: (name: string, shape: number[]) => Float32Array): Network {
  const layers = layerShapes(spec).map(({ rows, columns }, index): Layer => {
    const at = `${prefix}.${index}`;
    const normed = spec.norm && index < spec.hidden.length;
    return {
      rows,
      columns,
      weight: take(`${at}.weight`, [rows, columns]),
      bias: take(`${at}.bias`, [rows]),
      gamma: normed ? take(`${at}.gamma`, [rows]) : null,
      beta: normed ? take(`${at}.beta`, [rows]) : null,
    };
  });
  return { spec, layers };
}

/**
 * Writes a checkpoint folder: both files into a new folder beside it, which then takes its place by rename. Whatever
 * happens on the way, `directory` or `directory.previous` holds a whole checkpoint, and readCheckpoint finds it.
 *
 * @throws QurioError CHECKPOINT_UNWRITABLE (also for a full disk), CHECKPOINT_OCCUPIED when the folder holds other files,
 * and the tensor errors of readCheckpoint for values that are not finite.
 */
export function writeCheckpoint(directory: string, checkpoint: Checkpoint): void {
  const target = resolve(directory);
  const tensors = tensorsOf(checkpoint);
  for (const [name, { shape }] of tensors) takeTensor(tensors, name, shape);
  checkCheckpointTarget(directory);
  let fresh: string | null = null;
  try {
    fresh = mkdtempSync(`${target}.new-`);
    chmodSync(fresh, 0o777 & ~process.umask()); // mkdtemp lets nobody else in
    writeFileSync(join(fresh, WEIGHTS_FILE), encodeSafetensors(tensors), { flush: true });
    writeFileSync(join(fresh, MODEL_FILE), `${JSON.stringify(describe(checkpoint), null, 2)}\n`, { flush: true });
    const previous = previousOf(target);
    if (existsSync(target)) {
      rmSync(previous, { recursive: true, force: true });
      renameSync(target, previous);
    }
    renameSync(fresh, target);
    rmSync(previous, { recursive: true, force: true });
  } catch (cause) {
    if (fresh) rmSync(fresh, { recursive: true, force: true });
    throw unwritable(target, cause);
  }
}

/** Where a checkpoint lies while a new one takes its place. */
export function previousOf(directory: string): string {
  return `${resolve(directory)}.previous`;
}

/**
 * Whether a checkpoint can be written there: to be asked before a long training. A typing error must not cost anyone a folder.
 *
 * @throws QurioError CHECKPOINT_OCCUPIED, CHECKPOINT_UNWRITABLE.
 */
export function checkCheckpointTarget(directory: string): void {
  const target = resolve(directory);
  refuseOtherFiles(target);
  try {
    accessSync(dirname(target), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unwritable(target, cause);
  }
}

function unwritable(target: string, cause: unknown): QurioError {
  const { code } = cause as NodeJS.ErrnoException;
  const reason = code === "ENOENT" || code === "ENOTDIR" ? `folder ${dirname(target)} does not exist` : `${code}`;
  return new QurioError(
    "CHECKPOINT_UNWRITABLE",
    `cannot write checkpoint ${basename(target)}: ${reason}`,
    "Check that the folder's parent exists and is writable and that the disk has room; an earlier checkpoint is untouched.",
  );
}

function refuseOtherFiles(target: string): void {
  let names: string[];
  try {
    names = readdirSync(target);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    names = code === "ENOTDIR" && existsSync(target) ? [basename(target)] : [];
  }
  const other = names.find((name) => name !== WEIGHTS_FILE && name !== MODEL_FILE);
  if (other !== undefined)
    throw new QurioError(
      "CHECKPOINT_OCCUPIED",
      `${basename(target)} is in the way: it is not a checkpoint folder (found ${other})`,
      "Pass --out a folder that does not exist, is empty or holds a checkpoint.",
    );
}

function tensorsOf(checkpoint: Checkpoint): Map<string, NamedTensor> {
  const tensors = new Map<string, NamedTensor>();
  const put = (name: string, data: Float32Array, shape: number[]) => tensors.set(name, { data, shape });
  const { mean, std } = checkpoint.normalization;
  put("normalization.mean", mean, [mean.length]);
  put("normalization.std", std, [std.length]);
  const putNetwork = (network: Network, prefix: string) => {
    for (const [i, { rows, columns, weight, bias, gamma, beta }] of network.layers.entries()) {
      put(`${prefix}.${i}.weight`, weight, [rows, columns]);
      put(`${prefix}.${i}.bias`, bias, [rows]);
      if (gamma) put(`${prefix}.${i}.gamma`, gamma, [rows]);
      if (beta) put(`${prefix}.${i}.beta`, beta, [rows]);
    }
  };
  if (checkpoint.router) putNetwork(checkpoint.router, "router");
  for (const [i, expert] of checkpoint.experts.entries()) putNetwork(expert, `experts.${i}`);
  return tensors;
}
