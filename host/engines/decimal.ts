// Decimals as the WASI command prints them, so that every engine's digits can be compared as text. Browser-safe.

/**
 * Six decimals, exactly rounded to nearest, ties to the even digit; twin of putDecimal in assembly/wasi/print.ts.
 * The product is exact in float64: 24 significant bits times 10^6 need 44.
 * @param value a float32 value, 0 <= value < 2^24
 */
export function decimal6(value: number): string {
  const exact = value * 1e6;
  const below = Math.floor(exact);
  const rest = exact - below;
  const millionths = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  return `${Math.floor(millionths / 1e6)}.${String(millionths % 1e6).padStart(6, "0")}`;
}
