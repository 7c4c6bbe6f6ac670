// Interleaved timing: candidates take turns in one process, so that a slow phase of the machine hits all of them. Samples are kept
// near 250 us by repeating short calls; the median tells what to expect, the 20th percentile what the machine can do.

import { cpus } from "node:os";

export interface Candidate {
  name: string;
  run: () => unknown;
}

export interface Timing {
  /** One call: medians and 20th percentiles over all rounds. */
  us: number;
  p20Us: number;
}

const SAMPLE_US = 250;
const WARM_UP_MS = 60;

const quantile = (values: number[], q: number) => [...values].sort((a, b) => a - b)[Math.floor(values.length * q)];

/** Microseconds of a call. The first one is not counted: it brings the weights back into the caches that others have used since. */
async function sample(run: () => unknown, isAsync: boolean, repeats: number): Promise<number> {
  if (isAsync) await run();
  else run();
  const start = performance.now();
  if (isAsync) for (let i = 0; i < repeats; i++) await run();
  else for (let i = 0; i < repeats; i++) run();
  return ((performance.now() - start) * 1000) / repeats;
}

/** Times of each candidate, by name. */
export async function interleave(candidates: Candidate[], rounds: number): Promise<Map<string, Timing>> {
  const runs = [];
  for (const { name, run } of candidates) {
    const isAsync = run() instanceof Promise;
    const start = performance.now();
    let calls = 0;
    for (; calls < 3 || performance.now() - start < WARM_UP_MS; calls++) await sample(run, isAsync, 1);
    const once = await sample(run, isAsync, 5);
    runs.push({ name, run, isAsync, repeats: Math.max(1, Math.round(SAMPLE_US / once)), us: [] as number[] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const candidate of runs) candidate.us.push(await sample(candidate.run, candidate.isAsync, candidate.repeats));
  }
  return new Map(runs.map(({ name, us }) => [name, { us: quantile(us, 0.5), p20Us: quantile(us, 0.2) }]));
}

export interface Passport {
  command: string;
  node: string;
  v8: string;
  cpu: string;
  date: string;
  rounds: number;
  opponents: Record<string, string>;
}

export function passport(command: string, rounds: number, opponents: Record<string, string>): Passport {
  const cpu = cpus()[0]?.model.trim() ?? "unknown";
  return {
    command,
    node: process.version,
    v8: process.versions.v8,
    cpu: `${cpu}, ${process.arch}, ${process.platform}`,
    date: new Date().toISOString().slice(0, 10),
    rounds,
    opponents,
  };
}
