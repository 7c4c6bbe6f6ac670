// Browser-safe. Linear memory of which some bytes are known, as the core left them, and the others depend on sound.
//
// While more than one way through the code is open, writes are weak: a byte is then known only if it had that value before, so one memory
// serves all ways, in whatever order they are walked.

import { QurioError } from "../../errors.ts";
import { loaded, type Range, type Value } from "./values.ts";

/** A store anywhere within more than this is taken for a store that cannot be located. */
const WIDEST_STORE = 1 << 16;

export class KnownMemory {
  private bytes: Uint8Array<ArrayBuffer>;
  private view: DataView;
  private unknown: Uint8Array<ArrayBuffer>;
  /** The same flags, four at a time. */
  private unknownWords: Int32Array;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.unknown = new Uint8Array(size);
    this.unknownWords = new Int32Array(this.unknown.buffer);
  }

  /** Takes over what memory holds now; bytes that were unknown stay so. */
  refresh(buffer: ArrayBuffer): void {
    this.bytes.set(new Uint8Array(buffer));
  }

  forget(from: number, to: number): void {
    this.unknown.fill(1, from, to);
  }

  load(op: number, address: Value, width: number): Value {
    if (typeof address !== "number" || !this.isKnown(address, width)) return loaded(op);
    switch (op) {
      case 0x28:
        return this.view.getInt32(address, true);
      case 0x2a:
        return this.view.getFloat32(address, true);
      case 0x2c:
        return this.view.getInt8(address);
      case 0x2d:
        return this.bytes[address];
      case 0x2e:
        return this.view.getInt16(address, true);
      case 0x2f:
        return this.view.getUint16(address, true);
      default:
        return loaded(op);
    }
  }

  store(op: number, address: Value, value: Value, width: number, weak: boolean): void {
    if (typeof address !== "number") {
      this.storeSomewhere(address, width);
      return;
    }
    const isKnown = typeof value === "number" && op !== 0x37 && op !== 0x39 && op < 0x3c;
    if (weak) {
      if (!isKnown || !this.holds(op, address, value, width)) this.unknown.fill(1, address, address + width);
      return;
    }
    if (isKnown) this.put(op, address, value);
    for (let at = address; at < address + width; at++) this.unknown[at] = isKnown ? 0 : 1;
  }

  private storeSomewhere({ lo, hi }: Range, width: number): void {
    if (lo < 0 || hi - lo > WIDEST_STORE) {
      const message = `a store between ${lo} and ${hi} cannot be located: no bound can be proven`;
      throw new QurioError("BOUND", message, "Pass a scalar module of this version; --no-bound leaves the bound out.");
    }
    this.unknown.fill(1, lo, hi + width);
  }

  private isKnown(address: number, width: number): boolean {
    if (address < 0 || address + width > this.bytes.length) return false;
    if (width === 4 && (address & 3) === 0) return this.unknownWords[address >> 2] === 0;
    for (let at = address; at < address + width; at++) if (this.unknown[at] !== 0) return false;
    return true;
  }

  private holds(op: number, address: number, value: number, width: number): boolean {
    if (!this.isKnown(address, width)) return false;
    if (op === 0x36) return this.view.getInt32(address, true) === (value | 0);
    if (op === 0x38) return Object.is(this.view.getFloat32(address, true), value);
    return op === 0x3a ? this.bytes[address] === (value & 255) : this.view.getUint16(address, true) === (value & 65535);
  }

  private put(op: number, address: number, value: number): void {
    if (op === 0x36) this.view.setInt32(address, value, true);
    else if (op === 0x38) this.view.setFloat32(address, value, true);
    else if (op === 0x3a) this.bytes[address] = value;
    else this.view.setInt16(address, value, true);
  }
}
