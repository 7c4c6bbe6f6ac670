// Microbenchmarks for the cycle model: small loops, each heavy in a few operation classes. None of them is a kernel of qurio.
// Every function works on `n` elements at `aPtr` (4-byte aligned, n a multiple of 8) and may write at `bPtr`.

export function sumBytes(aPtr: usize, _bPtr: usize, n: i32): i32 {
  let sum = 0;
  for (const end = aPtr + n; aPtr < end; aPtr += 4) {
    sum += <i32>load<u8>(aPtr, 0);
    sum += <i32>load<u8>(aPtr, 1);
    sum += <i32>load<u8>(aPtr, 2);
    sum += <i32>load<u8>(aPtr, 3);
  }
  return sum;
}

export function sumRolled(aPtr: usize, _bPtr: usize, n: i32): i32 {
  let sum = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) sum += load<i32>(aPtr);
  return sum;
}

export function dotShorts(aPtr: usize, bPtr: usize, n: i32): i32 {
  let sum = 0;
  for (const end = aPtr + (n << 1); aPtr < end; aPtr += 8) {
    sum += <i32>load<i16>(aPtr, 0) * <i32>load<i16>(bPtr, 0);
    sum += <i32>load<i16>(aPtr, 2) * <i32>load<i16>(bPtr, 2);
    sum += <i32>load<i16>(aPtr, 4) * <i32>load<i16>(bPtr, 4);
    sum += <i32>load<i16>(aPtr, 6) * <i32>load<i16>(bPtr, 6);
    bPtr += 8;
  }
  return sum;
}

/** Two 16-bit numbers in a word, as DSP code packs them: products of low and of high halves. */
export function dotPairs(aPtr: usize, bPtr: usize, n: i32): i32 {
  let low = 0;
  let high = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 8) {
    const v = load<i32>(aPtr, 0);
    const w = load<i32>(bPtr, 0);
    low += ((v << 16) >> 16) * ((w << 16) >> 16);
    high += (v >> 16) * (w >> 16);
    const x = load<i32>(aPtr, 4);
    const y = load<i32>(bPtr, 4);
    low += ((x << 16) >> 16) * ((y << 16) >> 16);
    high += (x >> 16) * (y >> 16);
    bPtr += 8;
  }
  return low ^ high;
}

/** Complex numbers of two 16-bit parts in a word, each turned by the same angle, as a mixer does. */
export function mixPairs(aPtr: usize, bPtr: usize, n: i32): i32 {
  const cos = n * 91;
  const sin = n * 57;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const v = load<i32>(aPtr);
    const re = (v << 16) >> 16;
    const im = v >> 16;
    store<i32>(bPtr, re * cos - im * sin, 0);
    store<i32>(bPtr, re * sin + im * cos, 4);
    bPtr += 8;
  }
  return 0;
}

/** A finite impulse response of 8 taps, four outputs at once: more live values than a small core has registers. */
export function firFour(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + (n << 1); aPtr < end; aPtr += 8) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let x0 = <i32>load<i16>(aPtr, 0);
    let x1 = <i32>load<i16>(aPtr, 2);
    let x2 = <i32>load<i16>(aPtr, 4);
    for (let tap: usize = 0; tap < 16; tap += 2) {
      const x3 = <i32>load<i16>(aPtr + tap, 6);
      const h = <i32>load<i16>(bPtr + tap);
      s0 += x0 * h;
      s1 += x1 * h;
      s2 += x2 * h;
      s3 += x3 * h;
      x0 = x1;
      x1 = x2;
      x2 = x3;
    }
    store<i32>(bPtr, s0 >> 8, 64);
    store<i32>(bPtr, s1 >> 8, 68);
    store<i32>(bPtr, s2 >> 8, 72);
    store<i32>(bPtr, s3 >> 8, 76);
  }
  return 0;
}

/** Sums and differences of eight numbers (Walsh-Hadamard): all of them live at once. */
export function butterflies(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 32) {
    const a0 = load<i32>(aPtr, 0) + load<i32>(aPtr, 16);
    const a4 = load<i32>(aPtr, 0) - load<i32>(aPtr, 16);
    const a1 = load<i32>(aPtr, 4) + load<i32>(aPtr, 20);
    const a5 = load<i32>(aPtr, 4) - load<i32>(aPtr, 20);
    const a2 = load<i32>(aPtr, 8) + load<i32>(aPtr, 24);
    const a6 = load<i32>(aPtr, 8) - load<i32>(aPtr, 24);
    const a3 = load<i32>(aPtr, 12) + load<i32>(aPtr, 28);
    const a7 = load<i32>(aPtr, 12) - load<i32>(aPtr, 28);
    const b0 = a0 + a2;
    const b2 = a0 - a2;
    const b1 = a1 + a3;
    const b3 = a1 - a3;
    const b4 = a4 + a6;
    const b6 = a4 - a6;
    const b5 = a5 + a7;
    const b7 = a5 - a7;
    store<i32>(bPtr, b0 + b1, 0);
    store<i32>(bPtr, b0 - b1, 4);
    store<i32>(bPtr, b2 + b3, 8);
    store<i32>(bPtr, b2 - b3, 12);
    store<i32>(bPtr, b4 + b5, 16);
    store<i32>(bPtr, b4 - b5, 20);
    store<i32>(bPtr, b6 + b7, 24);
    store<i32>(bPtr, b6 - b7, 28);
    bPtr += 32;
  }
  return 0;
}

/** Additions, exclusive ors and rotations on eight words, as ciphers and hashes do. */
export function rotations(aPtr: usize, bPtr: usize, n: i32): i32 {
  let a: u32 = load<u32>(aPtr, 0);
  let b: u32 = load<u32>(aPtr, 4);
  let c: u32 = load<u32>(aPtr, 8);
  let d: u32 = load<u32>(aPtr, 12);
  let e: u32 = load<u32>(aPtr, 16);
  let f: u32 = load<u32>(aPtr, 20);
  let g: u32 = load<u32>(aPtr, 24);
  let h: u32 = load<u32>(aPtr, 28);
  for (let round = 0; round < n; round += 4) {
    a += b;
    d = rotl<u32>(d ^ a, 16);
    c += d;
    b = rotl<u32>(b ^ c, 12);
    e += f;
    h = rotl<u32>(h ^ e, 8);
    g += h;
    f = rotl<u32>(f ^ g, 7);
    a ^= g;
    e ^= c;
  }
  store<u32>(bPtr, a ^ b ^ c ^ d, 0);
  store<u32>(bPtr, e ^ f ^ g ^ h, 4);
  return 0;
}

/** A 4 x 4 matrix times vectors of bytes, its rows side by side. */
export function turnVectors(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + n; aPtr < end; aPtr += 4) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let column: usize = 0; column < 4; column++) {
      const x = <i32>load<u8>(aPtr + column);
      const rowPtr = bPtr + column;
      s0 += x * <i32>load<i8>(rowPtr, 0);
      s1 += x * <i32>load<i8>(rowPtr, 4);
      s2 += x * <i32>load<i8>(rowPtr, 8);
      s3 += x * <i32>load<i8>(rowPtr, 12);
    }
    store<i32>(bPtr, s0, 64);
    store<i32>(bPtr, s1, 68);
    store<i32>(bPtr, s2, 72);
    store<i32>(bPtr, s3, 76);
  }
  return 0;
}

export function polynomial(aPtr: usize, _bPtr: usize, n: i32): i32 {
  let sum = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const x = load<i32>(aPtr);
    sum += ((x * 3 + n) * x + 7) * x + sum;
  }
  return sum;
}

export function bytePairs(aPtr: usize, bPtr: usize, n: i32): i32 {
  const mask: u32 = 0x00ff00ff;
  let even: u32 = 0;
  let odd: u32 = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 8) {
    const v = load<u32>(aPtr, 0);
    const w = load<u32>(aPtr, 4);
    const x = <u32>load<u8>(bPtr);
    even += (v & mask) * x;
    odd += ((v >>> 8) & mask) * x;
    even += (w & mask) * x;
    odd += ((w >>> 8) & mask) * x;
    bPtr += 1;
  }
  return even ^ odd;
}

export function bitFields(aPtr: usize, _bPtr: usize, n: i32): i32 {
  let a = 0;
  let b = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const v = load<u32>(aPtr);
    a += (v & 31) + ((v >>> 5) & 31) + ((v >>> 10) & 31);
    b += ((v >>> 15) & 31) + ((v >>> 20) & 31) + (v >>> 25);
  }
  return a ^ b;
}

export function xorshift(_aPtr: usize, bPtr: usize, n: i32): i32 {
  let x: u32 = 12345;
  for (const end = bPtr + (n << 2); bPtr < end; bPtr += 4) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    store<u32>(bPtr, x);
  }
  return x;
}

export function copyWords(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 16) {
    store<u32>(bPtr, load<u32>(aPtr, 0), 0);
    store<u32>(bPtr, load<u32>(aPtr, 4), 4);
    store<u32>(bPtr, load<u32>(aPtr, 8), 8);
    store<u32>(bPtr, load<u32>(aPtr, 12), 12);
    bPtr += 16;
  }
  return 0;
}

export function interleave(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + n; aPtr < end; aPtr += 2) {
    store<u16>(bPtr, load<u8>(aPtr, 1), 0);
    store<u16>(bPtr, load<u8>(aPtr, 0), 2);
    bPtr += 4;
  }
  return 0;
}

export function histogram(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + n; aPtr < end; aPtr++) {
    const binPtr = bPtr + ((<usize>load<u8>(aPtr)) << 2);
    store<u32>(binPtr, load<u32>(binPtr) + 1);
  }
  return 0;
}

export function lookUp(aPtr: usize, bPtr: usize, n: i32): i32 {
  let sum = 0;
  for (const end = aPtr + n; aPtr < end; aPtr += 4) {
    sum += <i32>load<u16>(bPtr + ((<usize>load<u8>(aPtr, 0)) << 1), 0);
    sum += <i32>load<u16>(bPtr + ((<usize>load<u8>(aPtr, 1)) << 1), 512);
    sum += <i32>load<u16>(bPtr + ((<usize>load<u8>(aPtr, 2)) << 1), 1024);
    sum += <i32>load<u16>(bPtr + ((<usize>load<u8>(aPtr, 3)) << 1), 1536);
  }
  return sum;
}

export function crc(aPtr: usize, _bPtr: usize, n: i32): i32 {
  let crc: u32 = -1;
  for (const end = aPtr + n; aPtr < end; aPtr++) {
    crc ^= load<u8>(aPtr);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return crc;
}

export function insertionSort(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    const value = load<u8>(aPtr + i);
    let slotPtr = bPtr + i;
    while (slotPtr > bPtr && load<u8>(slotPtr - 1) > value) {
      store<u8>(slotPtr, load<u8>(slotPtr - 1));
      slotPtr--;
    }
    store<u8>(slotPtr, value);
  }
  return 0;
}

export function clampBytes(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + n; aPtr < end; aPtr++) {
    const v = <i32>load<i8>(aPtr);
    store<i8>(bPtr, select<i32>(-100, select<i32>(100, v, v > 100), v < -100));
    bPtr++;
  }
  return 0;
}

export function remainders(aPtr: usize, _bPtr: usize, n: i32): i32 {
  let sum: u32 = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const v = load<u32>(aPtr) & 0xffff;
    sum += v / 7 + (v % (1 + (sum & 63)));
  }
  return sum;
}

export function wideSum(aPtr: usize, _bPtr: usize, n: i32): i32 {
  let sum: i64 = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const v = <i64>load<i32>(aPtr);
    sum += v * v;
  }
  return <i32>(sum >> 20);
}

export function callChain(aPtr: usize, bPtr: usize, n: i32): i32 {
  return n < 2 ? n : callChain(aPtr, bPtr, n - 1) + callChain(aPtr, bPtr, n - 2);
}

export function floatDot(aPtr: usize, bPtr: usize, n: i32): i32 {
  let s0: f32 = 0;
  let s1: f32 = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 8) {
    s0 += load<f32>(aPtr, 0) * load<f32>(bPtr, 0);
    s1 += load<f32>(aPtr, 4) * load<f32>(bPtr, 4);
    bPtr += 8;
  }
  store<f32>(bPtr, s0 + s1);
  return 0;
}

export function floatRotate(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 8) {
    const c = load<f32>(bPtr, 0);
    const s = load<f32>(bPtr, 4);
    const re = load<f32>(aPtr, 0);
    const im = load<f32>(aPtr, 4);
    store<f32>(bPtr, re * c - im * s, 0);
    store<f32>(bPtr, re * s + im * c, 4);
    bPtr += 8;
  }
  return 0;
}

export function floatScale(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const v = load<f32>(aPtr);
    store<f32>(bPtr, v - <f32>0.5 + v * <f32>0.25);
    bPtr += 4;
  }
  return 0;
}

export function floatMax(aPtr: usize, bPtr: usize, n: i32): i32 {
  let most: f32 = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const v = load<f32>(aPtr);
    if (v > most) most = v;
  }
  store<f32>(bPtr, most);
  return 0;
}

export function floatRoots(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const v = load<f32>(aPtr);
    store<f32>(bPtr, NativeMathf.sqrt(v) / (v + 1));
    bPtr += 4;
  }
  return 0;
}

export function toFloat(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + n; aPtr < end; aPtr++) {
    store<f32>(bPtr, <f32>(<i32>load<i8>(aPtr)) * <f32>0.0078125);
    bPtr += 4;
  }
  return 0;
}

export function toInteger(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    store<i32>(bPtr, <i32>(load<f32>(aPtr) * <f32>127));
    bPtr += 4;
  }
  return 0;
}

export function roundToBytes(aPtr: usize, bPtr: usize, n: i32): i32 {
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    store<i8>(bPtr, reinterpret<i32>(load<f32>(aPtr) * <f32>127 + <f32>12582912));
    bPtr++;
  }
  return 0;
}

export function largestBits(aPtr: usize, bPtr: usize, n: i32): i32 {
  let most: u32 = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    const bits = reinterpret<u32>(load<f32>(aPtr)) & 0x7fffffff;
    if (bits > most) most = bits;
  }
  store<f32>(bPtr, reinterpret<f32>(most));
  return 0;
}

export function wideProducts(aPtr: usize, bPtr: usize, n: i32): i32 {
  let sum: i64 = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    sum += <i64>load<i32>(aPtr) * <i64>load<i32>(bPtr);
    bPtr += 4;
  }
  return <i32>(sum >> 24);
}

export function wideToFloat(aPtr: usize, bPtr: usize, n: i32): i32 {
  let sum: i64 = 0;
  for (const end = aPtr + (n << 2); aPtr < end; aPtr += 4) {
    sum += <i64>load<i32>(aPtr);
    store<f32>(bPtr, <f32>sum);
    bPtr += 4;
  }
  return 0;
}

let first = 0;
let second = 0;

/** Not inlined into swapGlobals: `first` and `second` live in memory across the call. */
function stepGlobals(by: i32): void {
  first += by;
  second ^= first;
}

export function swapGlobals(aPtr: usize, _bPtr: usize, n: i32): i32 {
  for (const end = aPtr + n; aPtr < end; aPtr++) {
    stepGlobals(<i32>load<u8>(aPtr));
    if (first > 1000) {
      stepGlobals(-first);
      second++;
    }
  }
  return second;
}
