// Activations for popcount kernels: float32 vector -> ternary codes in two bit planes, and their scale
//
//   code[i] = sign(x[i]) where |x[i]| > 0.05 * max |x|, else 0         scale = mean |x| of the others
//
//   preparedPtr  [K/128][not zero 16 B | negative 16 B]                bit i of byte b: column 8b + i of the block
//
// 0.05 is the threshold for activations beside 0.15 for weights in the reference's second BitLinear (arXiv 2511.11743).

const THRESHOLD: f32 = 0.05;

/**
 * Planes of f32 x [columns]; `maximum` is max |x|, `columns` a multiple of 128, zeros behind the last real one.
 * Returns the scale: magnitude i goes to partial sum i mod 4, then (s0 + s2) + (s1 + s3), divided by their number; 0 when all are 0.
 */
export function preparePlanes(xPtr: usize, preparedPtr: usize, columns: i32, maximum: f32): f32 {
  const threshold = maximum * THRESHOLD;
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  let used = 0;
  for (const end = preparedPtr + (columns >> 2); preparedPtr < end; preparedPtr += 16) {
    for (const half = preparedPtr + 16; preparedPtr < half; preparedPtr += 4) {
      let notZero: u32 = 0, negative: u32 = 0;
      for (let bit = 0; bit < 32; bit++) {
        const x = load<u32>(xPtr);
        const magnitude = reinterpret<f32>(x & 0x7fffffff);
        let next = s0; // the four partial sums take turns
        if (magnitude > threshold) {
          notZero |= 1 << bit;
          negative |= (x >>> 31) << bit;
          next += magnitude;
          used++;
        }
        s0 = s1; s1 = s2; s2 = s3; s3 = next;
        xPtr += 4;
      }
      store<u32>(preparedPtr, notZero, 0);
      store<u32>(preparedPtr, negative, 16);
    }
  }
  return used == 0 ? 0 : (s0 + s2 + (s1 + s3)) / <f32>used;
}
