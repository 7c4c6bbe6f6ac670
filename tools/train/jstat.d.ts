// jstat has no types of its own; this is what is used of it.
declare module "jstat" {
  const jStat: {
    studentt: { inv(p: number, degreesOfFreedom: number): number; cdf(x: number, degreesOfFreedom: number): number };
    normal: { inv(p: number, mean: number, std: number): number; cdf(x: number, mean: number, std: number): number };
    centralF: { cdf(x: number, numerator: number, denominator: number): number };
  };
  export default jStat;
}
