// The runtimes that qurio is measured against, each as matrix product and as MLP: onnxruntime-web (one WebAssembly thread),
// onnxruntime-node (one native thread), @tensorflow/tfjs-backend-wasm. They live in bench/package.json, not in the package.

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { random } from "../tests/harness/random.ts";
import { FLOAT, INT8, INT32, type Node, onnxModel, type Tensor, UINT8 } from "./onnx.ts";

/** One layer of an MLP: columns -> rows. */
export type Layer = readonly [columns: number, rows: number];

export interface Opponent {
  name: string;
  /** Weight bits. */
  bits: number;
  /** One call on `batch` input vectors, through `layers` with ReLU between them. */
  prepare(layers: Layer[], batch: number): Promise<() => unknown>;
  /** Only for one layer: too slow to repeat for whole networks. */
  layerOnly?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: packages that need not be installed have no types here
type Package = any;

const require = createRequire(import.meta.url);

async function load(name: string): Promise<Package | null> {
  try {
    return await import(name);
  } catch {
    return null;
  }
}

/** Those that are installed, and the names of packages that are not. */
export async function loadOpponents(): Promise<{ opponents: Opponent[]; missing: string[]; versions: Record<string, string> }> {
  const missing: string[] = [];
  const versions: Record<string, string> = {};
  const opponents: Opponent[] = [];
  const add = async (name: string, make: (loaded: Package) => Opponent[] | Promise<Opponent[]>) => {
    const loaded = await load(name);
    if (!loaded) return missing.push(name);
    versions[name] = versionOf(name);
    opponents.push(...(await make(loaded)));
  };
  await add("onnxruntime-web", onnxruntimeWeb);
  await add("onnxruntime-node", onnxruntimeNode);
  await add("@tensorflow/tfjs-backend-wasm", tfjs);
  return { opponents, missing, versions };
}

function versionOf(name: string): string {
  const entry = require.resolve(name);
  return require(`${entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`))}node_modules/${name}/package.json`).version;
}

// ---- onnxruntime ----

function onnxruntimeWeb(ort: Package): Opponent[] {
  ort.env.wasm.numThreads = 1;
  return [
    session("onnxruntime-web int8", 8, ort, dynamicInt8),
    session("onnxruntime-web f32", 32, ort, float32),
    { ...session("onnxruntime-web MatMulNBits 4-bit", 4, ort, (layers, batch) => nBits(layers, batch, 4)), layerOnly: true },
    { ...session("onnxruntime-web MatMulNBits 2-bit", 2, ort, (layers, batch) => nBits(layers, batch, 2)), layerOnly: true },
  ];
}

function onnxruntimeNode(loaded: Package): Opponent[] {
  const ort = loaded.default ?? loaded;
  return [session("onnxruntime-node int8 s8 x s8", 8, ort, signedInt8), session("onnxruntime-node int8 u8 x s8", 8, ort, dynamicInt8)];
}

interface Graph {
  bytes: Uint8Array;
  inputType: string;
}

function session(name: string, bits: number, ort: Package, graph: (layers: Layer[], batch: number) => Graph): Opponent {
  const prepare = async (layers: Layer[], batch: number) => {
    const { bytes, inputType } = graph(layers, batch);
    const options = { executionProviders: [name.includes("web") ? "wasm" : "cpu"], intraOpNumThreads: 1, interOpNumThreads: 1 };
    const model = await ort.InferenceSession.create(bytes, { ...options, graphOptimizationLevel: "all", logSeverityLevel: 3 });
    const data = floats(batch * layers[0][0], 1);
    const codes = inputType === "int8" ? Int8Array.from(data, (x) => Math.round(127 * x)) : data;
    const feeds = { x: new ort.Tensor(inputType, codes, [batch, layers[0][0]]) };
    return () => model.run(feeds);
  };
  return { name, bits, prepare };
}

/** In -1..1. */
function floats(count: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: count }, () => 2 * next() - 1);
}

function bytes(count: number, seed: number): Int8Array {
  return Int8Array.from(floats(count, seed), (x) => Math.round(127 * x));
}

const scalar = (name: string, value: number): Tensor => ({ name, type: FLOAT, dims: [], data: Float32Array.of(value) });

/** The layers' nodes one after the other, x -> y, with ReLU between them. */
function chain(
  layers: Layer[],
  batch: number,
  inputType: string,
  layer: (i: number, from: string, to: string) => { nodes: Node[]; tensors: Tensor[] },
  outputType = FLOAT,
): Graph {
  const nodes: Node[] = [];
  const tensors: Tensor[] = [];
  layers.forEach((_, i) => {
    const last = i === layers.length - 1;
    const made = layer(i, i === 0 ? "x" : `h${i}`, last ? "y" : `s${i}`);
    nodes.push(...made.nodes);
    tensors.push(...made.tensors);
    if (!last) nodes.push({ op: "Relu", inputs: [`s${i}`], outputs: [`h${i + 1}`] });
  });
  const input = { name: "x", type: inputType === "int8" ? INT8 : FLOAT, dims: [batch, layers[0][0]] };
  const output = { name: "y", type: outputType, dims: [batch, layers[layers.length - 1][1]] };
  return { bytes: onnxModel(nodes, tensors, input, output), inputType };
}

function float32(layers: Layer[], batch: number): Graph {
  return chain(layers, batch, "float32", (i, from, to) => {
    const [k, n] = layers[i];
    const tensors = [
      { name: `w${i}`, type: FLOAT, dims: [k, n], data: floats(k * n, i) },
      { name: `b${i}`, type: FLOAT, dims: [n], data: floats(n, i) },
    ];
    return { nodes: [{ op: "Gemm", inputs: [from, `w${i}`, `b${i}`], outputs: [to] }], tensors };
  });
}

/** Activations quantized on the way, as qurio does: DynamicQuantizeMatMul, u8 x s8 with a scale a column. */
function dynamicInt8(layers: Layer[], batch: number): Graph {
  return chain(layers, batch, "float32", (i, from, to) => {
    const [k, n] = layers[i];
    const tensors = [
      { name: `w${i}`, type: INT8, dims: [k, n], data: bytes(k * n, i) },
      { name: `s${i}_w`, type: FLOAT, dims: [n], data: new Float32Array(n).fill(0.01) },
      { name: `z${i}`, type: INT8, dims: [n], data: new Int8Array(n) },
      { name: `b${i}`, type: FLOAT, dims: [n], data: floats(n, i) },
    ];
    const inputs = [from, `w${i}`, `s${i}_w`, `z${i}`, `b${i}`];
    return { nodes: [{ op: "DynamicQuantizeMatMul", domain: "com.microsoft", inputs, outputs: [to] }], tensors };
  });
}

/**
 * s8 x s8 for the native runtime: u8 x s8 saturates there without VNNI. The first input comes quantized, later ones with a fixed scale:
 * cheaper than what qurio does.
 */
function signedInt8(layers: Layer[], batch: number): Graph {
  const one = layers.length === 1;
  return chain(
    layers,
    batch,
    "int8",
    (i, from, to) => {
      const [k, n] = layers[i];
      const tensors: Tensor[] = [{ name: `w${i}`, type: INT8, dims: [k, n], data: bytes(k * n, i) }];
      const nodes: Node[] = [];
      let codes = from;
      if (i > 0) {
        tensors.push(scalar(`q${i}`, 0.05), { name: `qz${i}`, type: INT8, dims: [], data: Int8Array.of(0) });
        nodes.push({ op: "QuantizeLinear", inputs: [from, `q${i}`, `qz${i}`], outputs: [`c${i}`] });
        codes = `c${i}`;
      }
      if (one) return { nodes: [{ op: "MatMulInteger", inputs: [codes, `w${i}`], outputs: [to] }], tensors };
      tensors.push({ name: `m${i}`, type: FLOAT, dims: [n], data: new Float32Array(n).fill(1e-4) });
      tensors.push({ name: `b${i}`, type: FLOAT, dims: [n], data: floats(n, i) });
      nodes.push({ op: "MatMulInteger", inputs: [codes, `w${i}`], outputs: [`i${i}`] });
      nodes.push({ op: "Cast", inputs: [`i${i}`], outputs: [`f${i}`], attributes: { to: FLOAT } });
      nodes.push({ op: "Mul", inputs: [`f${i}`, `m${i}`], outputs: [`p${i}`] });
      nodes.push({ op: "Add", inputs: [`p${i}`, `b${i}`], outputs: [to] });
      return { nodes, tensors };
    },
    one ? INT32 : FLOAT,
  );
}

function nBits(layers: Layer[], batch: number, bits: number): Graph {
  return chain(layers, batch, "float32", (i, from, to) => {
    const [k, n] = layers[i];
    const blocks = Math.ceil(k / 32);
    const blob = 4 * bits;
    const packed = Uint8Array.from(bytes(n * blocks * blob, i), (code) => code & 255);
    const tensors = [
      { name: `w${i}`, type: UINT8, dims: [n, blocks, blob], data: packed },
      { name: `s${i}_w`, type: FLOAT, dims: [n * blocks], data: new Float32Array(n * blocks).fill(0.01) },
    ];
    const attributes = { K: k, N: n, bits, block_size: 32 };
    const inputs = [from, `w${i}`, `s${i}_w`];
    return { nodes: [{ op: "MatMulNBits", domain: "com.microsoft", inputs, outputs: [to], attributes }], tensors };
  });
}

// ---- TensorFlow.js ----

async function tfjs(backend: Package): Promise<Opponent[]> {
  const tf: Package = await import(["@tensorflow", "tfjs-core"].join("/"));
  const folder = dirname(require.resolve("@tensorflow/tfjs-backend-wasm"));
  backend.setWasmPaths(`${folder}/`);
  backend.setThreadsCount(1);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  await tf.ready();
  const prepare = async (layers: Layer[], batch: number) => {
    const weights = layers.map(([k, n], i) => [tf.tensor2d(floats(k * n, i), [k, n]), tf.tensor1d(floats(n, i))]);
    const x = tf.tensor2d(floats(batch * layers[0][0], 1), [batch, layers[0][0]]);
    return () =>
      tf.tidy(() => {
        let h = x;
        weights.forEach(([w, b], i) => {
          h = tf.add(tf.matMul(h, w), b);
          if (i < weights.length - 1) h = tf.relu(h);
        });
        return h.dataSync();
      });
  };
  return [{ name: "tfjs-backend-wasm f32", bits: 32, prepare }];
}
