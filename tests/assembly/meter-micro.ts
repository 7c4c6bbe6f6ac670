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
