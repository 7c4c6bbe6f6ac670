// float32 GEMV, scalar and SIMD in one order; SIMD takes four rows at a time, because one sum waits for each addition
//
//   y[n] = sum_k x[k] * w[n][k]       element k goes to partial sum k mod 4, then (s0 + s2) + (s1 + s3)
//
//   preparedPtr  f32 [K]
//   wPtr         LAYOUT_FLOAT32_ROWS: f32 [N][K]
//   yPtr         f32 [N]
//
// K % 4 == 0. Multiplication and addition round separately (no fused multiply-add), so both builds give the same bits.

/** (s0 + s2) + (s1 + s3) */
@inline
function sumLanes(s: v128): f32 {
  const even = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 2);
  return even + (f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 3));
}

/** y[0..3]. */
@inline
function fourRows(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32): void {
  const rowBytes = (<usize>columns) << 2;
  const xEnd = preparedPtr + rowBytes;
  let w1Ptr = wPtr + rowBytes, w2Ptr = w1Ptr + rowBytes, w3Ptr = w2Ptr + rowBytes;
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  for (let xPtr = preparedPtr; xPtr < xEnd; xPtr += 16) {
    const x = v128.load(xPtr);
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(wPtr)));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(w1Ptr)));
    s2 = f32x4.add(s2, f32x4.mul(x, v128.load(w2Ptr)));
    s3 = f32x4.add(s3, f32x4.mul(x, v128.load(w3Ptr)));
    wPtr += 16; w1Ptr += 16; w2Ptr += 16; w3Ptr += 16;
  }
  store<f32>(yPtr, sumLanes(s0), 0);
  store<f32>(yPtr, sumLanes(s1), 4);
  store<f32>(yPtr, sumLanes(s2), 8);
  store<f32>(yPtr, sumLanes(s3), 12);
}

export function float32Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const rowBytes = (<usize>columns) << 2;
  const xEnd = preparedPtr + rowBytes;
  const yEnd = yPtr + ((<usize>rows) << 2);
  if (ASC_FEATURE_SIMD) {
    for (; yPtr + 16 <= yEnd; yPtr += 16) {
      fourRows(preparedPtr, wPtr, yPtr, columns);
      wPtr += rowBytes << 2;
    }
  }
  for (; yPtr < yEnd; yPtr += 4) {
    if (ASC_FEATURE_SIMD) {
      let s = f32x4.splat(0);
      for (let xPtr = preparedPtr; xPtr < xEnd; xPtr += 16) {
        s = f32x4.add(s, f32x4.mul(v128.load(xPtr), v128.load(wPtr)));
        wPtr += 16;
      }
      store<f32>(yPtr, sumLanes(s));
    } else {
      let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
      for (let xPtr = preparedPtr; xPtr < xEnd; xPtr += 16) {
        s0 += load<f32>(xPtr, 0) * load<f32>(wPtr, 0);
        s1 += load<f32>(xPtr, 4) * load<f32>(wPtr, 4);
        s2 += load<f32>(xPtr, 8) * load<f32>(wPtr, 8);
        s3 += load<f32>(xPtr, 12) * load<f32>(wPtr, 12);
        wPtr += 16;
      }
      store<f32>(yPtr, s0 + s2 + (s1 + s3));
    }
  }
}
