// Choices from a seed, for tests that try many cases.

import { random } from "./random.ts";

export class Dice {
  /** In [0, 1). */
  readonly float: () => number;
  constructor(seed: number) {
    this.float = random(seed);
  }
  /** 0 .. n - 1. */
  int(n: number): number {
    return Math.floor(this.float() * n);
  }
  chance(share: number): boolean {
    return this.float() < share;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }
}
