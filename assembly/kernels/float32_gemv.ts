// float32 GEMV, one row at a time, scalar and SIMD in one order
//
//   y[n] = sum_k x[k] * w[n][k]       element k goes to partial sum k mod 4, then (s0 + s2) + (s1 + s3)
//
//   preparedPtr  f32 [K]
//   wPtr         LAYOUT_FLOAT32_ROWS: f32 [N][K]
//   yPtr         f32 [N]
//
// K % 4 == 0. Multiplication and addition round separately (no fused multiply-add), so both builds give the same bits.

export function float32Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const xEnd = preparedPtr + ((<usize>columns) << 2);
  for (const yEnd = yPtr + ((<usize>rows) << 2); yPtr < yEnd; yPtr += 4) {
    if (ASC_FEATURE_SIMD) {
      let s = f32x4.splat(0);
      for (let xPtr = preparedPtr; xPtr < xEnd; xPtr += 16) {
        s = f32x4.add(s, f32x4.mul(v128.load(xPtr), v128.load(wPtr)));
        wPtr += 16;
      }
      const even = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 2);
      store<f32>(yPtr, even + (f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 3)));
    } else {
      let s0: f32 = 0,
        s1: f32 = 0,
        s2: f32 = 0,
        s3: f32 = 0;
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
