// jstat has no types of its own; this is what is used of it.
declare module "jstat" {
  const jStat: {
    studentt: { inv(p: number, degreesOfFreedom: number): number };
    normal: { inv(p: number, mean: number, deviation: number): number };
  };
  export default jStat;
}
