// ONNX models from nothing: the few protobuf fields that a matrix product or an MLP needs (onnx.proto, IR version 8, opset 17).

export const FLOAT = 1;
export const UINT8 = 2;
export const INT8 = 3;
export const INT32 = 6;

export interface Tensor {
  name: string;
  type: number;
  dims: number[];
  data: ArrayBufferView;
}

export interface Node {
  op: string;
  inputs: string[];
  outputs: string[];
  /** "com.microsoft" for onnxruntime's own operators. */
  domain?: string;
  attributes?: Record<string, number>;
}

export interface Value {
  name: string;
  type: number;
  dims: number[];
}

const text = new TextEncoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

/** A message under construction: fields in the order in which they are added. */
class Message {
  private readonly parts: Uint8Array[] = [];
  int(field: number, value: number): this {
    this.parts.push(Uint8Array.from([...varint(field << 3), ...varint(value)]));
    return this;
  }
  bytes(field: number, value: Uint8Array): this {
    this.parts.push(Uint8Array.from([...varint((field << 3) | 2), ...varint(value.length)]), value);
    return this;
  }
  string(field: number, value: string): this {
    return this.bytes(field, text.encode(value));
  }
  message(field: number, value: Message): this {
    return this.bytes(field, value.done());
  }
  done(): Uint8Array {
    const out = new Uint8Array(this.parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

function node({ op, inputs, outputs, domain, attributes = {} }: Node): Message {
  const message = new Message();
  for (const name of inputs) message.string(1, name);
  for (const name of outputs) message.string(2, name);
  message.string(4, op);
  for (const [name, value] of Object.entries(attributes)) message.message(5, new Message().string(1, name).int(3, value).int(20, 2));
  return domain ? message.string(7, domain) : message;
}

function tensor({ name, type, dims, data }: Tensor): Message {
  const message = new Message();
  for (const size of dims) message.int(1, size);
  return message
    .int(2, type)
    .string(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function value({ name, type, dims }: Value): Message {
  const shape = new Message();
  for (const size of dims) shape.message(1, new Message().int(1, size));
  return new Message().string(1, name).message(2, new Message().message(1, new Message().int(1, type).message(2, shape)));
}

/** A model's bytes. */
export function onnxModel(nodes: Node[], initializers: Tensor[], input: Value, output: Value): Uint8Array {
  const graph = new Message();
  for (const each of nodes) graph.message(1, node(each));
  graph.string(2, "bench");
  for (const each of initializers) graph.message(5, tensor(each));
  graph.message(11, value(input)).message(12, value(output));
  const opset = (domain: string, version: number) => new Message().string(1, domain).int(2, version);
  const model = new Message().int(1, 8).message(7, graph);
  return model.message(8, opset("", 17)).message(8, opset("com.microsoft", 1)).done();
}
