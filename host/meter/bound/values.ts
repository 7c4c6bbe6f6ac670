// Browser-safe. Numbers that are known, and i32 numbers of which only a range is known: what i32 instructions make of them.
//
// Everything that comes from sound is unknown; shapes, pointers and trip counts stay known, so that loops are walked as often as they run.
// A comparison with the bits of infinity asks whether a number is finite. Wherever the core asks, a number that is not ends the decision with an
// error (checkFinite, linear, softmax), so the answer is taken for yes: bounds are those of decisions that are made.
// Arithmetic of 64 bits and of floats gives unknown numbers unless both sides are known constants in a comparison: no loop depends on it.

/** lo <= value <= hi, signed; of other types than i32 nothing is known. */
export class Range {
  readonly lo: number;
  readonly hi: number;
  constructor(lo: number, hi: number) {
    this.lo = lo;
    this.hi = hi;
  }
}
export type Value = number | Range;

const [LEAST, MOST] = [-0x80000000, 0x7fffffff];
export const ANY = new Range(LEAST, MOST);
const BIT = new Range(0, 1);

const lo = (v: Value) => (typeof v === "number" ? v : v.lo);
const hi = (v: Value) => (typeof v === "number" ? v : v.hi);

function range(least: number, most: number): Value {
  if (!(least >= LEAST && most <= MOST)) return ANY;
  return least === most ? least : new Range(least, most);
}

/** What holds of either. */
export function joinValues(a: Value, b: Value): Value {
  if (Object.is(a, b)) return a;
  if (typeof a !== "number" && a.lo <= lo(b) && hi(b) <= a.hi) return a;
  return new Range(Math.min(lo(a), lo(b)), Math.max(hi(a), hi(b)));
}

/** What is known of a loaded number of which nothing else is: opcodes 0x28 to 0x35. */
export function loaded(op: number): Range {
  return op === 0x2c ? SIGNED_BYTE : op === 0x2d ? BYTE : op === 0x2e ? SIGNED_HALF : op === 0x2f ? HALF : ANY;
}
const BYTE = new Range(0, 255);
const SIGNED_BYTE = new Range(-128, 127);
const HALF = new Range(0, 65535);
const SIGNED_HALF = new Range(-32768, 32767);

/** i32 instructions with two operands, opcodes 0x46 to 0x4f and 0x6a to 0x78. */
export function binary(op: number, a: Value, b: Value): Value {
  if (typeof a === "number" && typeof b === "number") return known(op, a, b);
  if (op <= 0x4f) return compared(op, a, b);
  switch (op) {
    case 0x6a:
      return range(lo(a) + lo(b), hi(a) + hi(b));
    case 0x6b:
      return range(lo(a) - hi(b), hi(a) - lo(b));
    case 0x6c: {
      const products = [lo(a) * lo(b), lo(a) * hi(b), hi(a) * lo(b), hi(a) * hi(b)];
      return range(Math.min(...products), Math.max(...products));
    }
    case 0x71: // and: not above either side that is not negative
      if (lo(a) >= 0 && lo(b) >= 0) return range(0, Math.min(hi(a), hi(b)));
      return lo(a) >= 0 ? range(0, hi(a)) : lo(b) >= 0 ? range(0, hi(b)) : ANY;
    case 0x72:
    case 0x73: // or, xor: no more bits than the larger side has
      return lo(a) >= 0 && lo(b) >= 0 ? range(0, 2 ** (32 - Math.clz32(Math.max(hi(a), hi(b)))) - 1) : ANY;
    case 0x74:
      return typeof b === "number" ? range(lo(a) * 2 ** (b & 31), hi(a) * 2 ** (b & 31)) : ANY;
    case 0x75:
      return typeof b === "number" ? range(lo(a) >> b, hi(a) >> b) : ANY;
    case 0x76:
      if (typeof b !== "number" || (b & 31) === 0) return ANY;
      return lo(a) >= 0 ? range(lo(a) >> b, hi(a) >> b) : range(0, 2 ** (32 - (b & 31)) - 1);
    default:
      return ANY;
  }
}

/** Bits of infinity: below it (the sign removed) floats are finite. */
const INFINITY_BITS = 0x7f800000;

function compared(op: number, a: Value, b: Value): Value {
  if (b === INFINITY_BITS) return op === 0x48 || op === 0x49 || op === 0x4c || op === 0x4d || op === 0x47 ? 1 : 0;
  const below = hi(a) < lo(b);
  const above = lo(a) > hi(b);
  // unsigned comparisons are signed ones where nothing is negative
  const unsigned = op === 0x49 || op === 0x4b || op === 0x4d || op === 0x4f;
  if (op >= 0x48 && unsigned && (lo(a) < 0 || lo(b) < 0)) return BIT;
  if (op === 0x46) return below || above ? 0 : BIT;
  if (op === 0x47) return below || above ? 1 : BIT;
  const notBelow = lo(a) >= hi(b);
  const notAbove = hi(a) <= lo(b);
  if (op === 0x48 || op === 0x49) return below ? 1 : notBelow ? 0 : BIT;
  if (op === 0x4a || op === 0x4b) return above ? 1 : notAbove ? 0 : BIT;
  if (op === 0x4c || op === 0x4d) return notAbove ? 1 : above ? 0 : BIT;
  return notBelow ? 1 : below ? 0 : BIT;
}

function known(op: number, a: number, b: number): Value {
  switch (op) {
    case 0x46:
      return +(a === b);
    case 0x47:
      return +(a !== b);
    case 0x48:
      return +(a < b);
    case 0x49:
      return +(a >>> 0 < b >>> 0);
    case 0x4a:
      return +(a > b);
    case 0x4b:
      return +(a >>> 0 > b >>> 0);
    case 0x4c:
      return +(a <= b);
    case 0x4d:
      return +(a >>> 0 <= b >>> 0);
    case 0x4e:
      return +(a >= b);
    case 0x4f:
      return +(a >>> 0 >= b >>> 0);
    case 0x6a:
      return (a + b) | 0;
    case 0x6b:
      return (a - b) | 0;
    case 0x6c:
      return Math.imul(a, b);
    case 0x6d:
      return b === 0 ? ANY : (a / b) | 0;
    case 0x6e:
      return b === 0 ? ANY : Math.floor((a >>> 0) / (b >>> 0)) | 0;
    case 0x6f:
      return b === 0 ? ANY : (a % b) | 0;
    case 0x70:
      return b === 0 ? ANY : ((a >>> 0) % (b >>> 0)) | 0;
    case 0x71:
      return a & b;
    case 0x72:
      return a | b;
    case 0x73:
      return a ^ b;
    case 0x74:
      return a << b;
    case 0x75:
      return a >> b;
    case 0x76:
      return (a >>> b) | 0;
    case 0x77:
      return (a << b) | (a >>> (32 - b));
    default:
      return (a >>> b) | (a << (32 - b));
  }
}

/** i32.eqz, clz, ctz, popcnt, extend8_s, extend16_s. */
export function unary(op: number, a: Value): Value {
  if (op === 0x45) return typeof a === "number" ? +(a === 0) : a.lo > 0 || a.hi < 0 ? 0 : BIT;
  if (op === 0x67) return typeof a === "number" ? Math.clz32(a) : new Range(0, 32);
  if (op === 0xc0 && typeof a === "number") return (a << 24) >> 24;
  if (op === 0xc1 && typeof a === "number") return (a << 16) >> 16;
  return op === 0xc0 ? SIGNED_BYTE : op === 0xc1 ? SIGNED_HALF : new Range(0, 32);
}

/** f32 comparisons, opcodes 0x5b to 0x60: eq, ne, lt, gt, le, ge. */
export function floatCompared(op: number, a: Value, b: Value): Value {
  if (typeof a !== "number" || typeof b !== "number") return BIT;
  return +[a === b, a !== b, a < b, a > b, a <= b, a >= b][op - 0x5b];
}

/** Any other comparison: of 64-bit numbers. */
export const EITHER = BIT;
