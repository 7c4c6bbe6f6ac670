// Small SIMD functions shared by the kernels, all inlined.

/** acc[i] + a[2i] * b[2i] + a[2i + 1] * b[2i + 1]: eight i16 products into four i32 lanes. */
@inline
export function dotAdd(acc: v128, a: v128, b: v128): v128 {
  return i32x4.add(acc, i32x4.dot_i16x8_s(a, b));
}

/** dotAdd on one bit field of the packed word, left where it is: no shift, no unpacking. */
@inline
export function maskDot(acc: v128, packed: v128, mask: v128, x: v128): v128 {
  return dotAdd(acc, v128.and(packed, mask), x);
}

/** [sum of a, sum of b, sum of c, sum of d], each over its four i32 lanes. */
@inline
export function sumLanes4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}
