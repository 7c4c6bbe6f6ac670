// Seeded random numbers for training: the same seed gives the same bytes on every machine.

/** Stream of 32-bit numbers: sfc32 (Chris Doty-Humphrey, PractRand), seeded through twelve rounds. */
export class Random {
  private a: number;
  private b: number;
  private c = 0x9e3779b9;
  private counter = 1;

  /** Streams with different seeds, or the same seed and different `stream`, are independent. */
  constructor(seed: number, stream = 0) {
    this.a = seed >>> 0;
    this.b = stream >>> 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Integer in 0..2^32-1. */
  next(): number {
    const sum = (this.a + this.b + this.counter) >>> 0;
    this.counter = (this.counter + 1) >>> 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) >>> 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** Number in [0, 1), 32 bits. */
  uniform(): number {
    return this.next() / 4294967296;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Integer in 0..count-1. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Standard normal number (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Beta(a, a) for a <= 1 (Joehnk 1964). */
  beta(a: number): number {
    for (;;) {
      const x = this.uniform() ** (1 / a);
      const y = this.uniform() ** (1 / a);
      if (x + y > 0 && x + y <= 1) return x / (x + y);
    }
  }

  /** 0..count-1 in random order (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    return order;
  }
}
