// Browser-safe. What a model costs on a device: each step of each network over real clips, each way to an answer, and a worst case over any input.

import { PHASE_FEATURES, PHASE_FRAME, POLICY_BAYESIAN, POLICY_PROBE } from "../../assembly/format/ids.ts";
import { featureCount, framingOf, type InputSpec } from "../model-file/input_spec.ts";
import type { PackedModel, PackedNetwork } from "../model-file/model_file.ts";
import { type LayerSize, layerSizes } from "../model-file/sizes.ts";
import type { Estimate } from "../schema.ts";
import type { BoundStep, Bounds } from "./bound/bound.ts";
import { MODEL_BYTES } from "./bound/program.ts";
import { cyclesOf, energyUjOf, type Part } from "./cost.ts";
import { addCounts, type Counts, countsOf, noCounts, totalOf } from "./counts.ts";
import type { DeviceProfile } from "./device.ts";
import type { MeteredStep, MeterInput } from "./meter.ts";
import { type Path, pathsOf, stepsOf, takePath } from "./paths.ts";
import type { Subject } from "./subject.ts";

/** Over the clips. */
export interface Spread {
  mean: number;
  /** Standard deviation of the clips; 0 for one. */
  deviation: number;
  worst: number;
}

/** Cycles are modelled, everything else is exact. */
export interface StepCost {
  part: Part;
  /** Name of the network; null for the front end. */
  network: string | null;
  what: string;
  weightType: string | null;
  kernel: string | null;
  times: number;
  ops: Spread;
  /** Mean over the clips. */
  opsByClass: Counts;
  /** Packed weights and scales, as the decision record counts them. */
  weightBytes: number;
  /** All bytes that loads read; of those, from the model file (weights, scales, tables), and from RAM. Means. */
  loadBytes: number;
  modelBytes: number | null;
  ramBytes: number | null;
  storeBytes: number;
  cycles: Spread;
  timeMs: number;
  energyUj: Estimate;
  /** The worst case over any input; null without bounds. */
  mostOps: number | null;
  mostCycles: number | null;
  /** Every input executes the same operations. */
  constant: boolean | null;
}

export interface PathCost {
  name: string;
  /** Share of the clips that the model, left to itself, answers so; null for the row of all. */
  share: number | null;
  networkCycles: Spread;
  /** Null where the clips are feature vectors. */
  cycles: Spread | null;
  timeMs: number | null;
  energyUj: Estimate | null;
  networkUj: Estimate;
  mostNetworkCycles: number | null;
  /** The front end included. */
  mostCycles: number | null;
  mostTimeMs: number | null;
  mostUj: Estimate | null;
}

export interface MeterReport {
  device: string;
  clips: number;
  steps: StepCost[];
  /** A network alone, and the front end alone. */
  alone: PathCost[];
  /** Ways to an answer, then as the model decides. */
  paths: PathCost[];
  asStored: PathCost;
  bounds: { cutFunctions: number; forks: number } | null;
}

interface Sample {
  counts: Counts;
  loadBytes: number;
  storeBytes: number;
}

/** Of one decision. */
interface ClipCycles {
  network: number;
  all: number;
}

/** A step of the front end or of one network, on every clip. */
interface Row {
  part: Part;
  network: PackedNetwork | null;
  index: number;
  times: number;
  samples: Sample[];
  bound: BoundStep | null;
}

/** Meters clips one by one; `report` may be asked at any time. */
export class ClipMeter {
  private readonly subject: Subject;
  private readonly device: DeviceProfile;
  private readonly paths: Path[];
  private readonly rows = new Map<string, Row>();
  /** By clip. */
  private readonly natural: (ClipCycles & { answerer: number })[] = [];
  /** By path and clip. */
  private readonly onPath: ClipCycles[][];

  constructor(subject: Subject, device: DeviceProfile) {
    this.subject = subject;
    this.device = device;
    this.paths = pathsOf(subject.packed);
    this.onPath = this.paths.map(() => []);
  }

  /** A clip, as the model decides about it and on every way to an answer. */
  add(input: MeterInput): void {
    const { meter, packed } = this.subject;
    const own = meter.decide(input);
    this.natural.push({ answerer: own.decision.answerer ?? -1, ...this.cyclesOn(own.steps) });
    const { kind } = packed.policy;
    const seen = new Set<string>();
    for (const [i, path] of this.paths.entries()) {
      const undo = takePath(meter.core, packed, path);
      let { steps } = meter.decide(input);
      undo();
      // a router that is made to choose has gates of 0 and 1: its steps are taken from the model's own decision
      if (kind === POLICY_BAYESIAN) steps = steps.map((step, at) => (step.part === "router" ? own.steps[at] : step));
      this.onPath[i].push(this.cyclesOn(steps));
      if (kind === POLICY_PROBE && i < this.paths.length - 1) continue; // the last one asks everybody
      for (const { key, network, index, step } of this.named(path, steps)) {
        if (seen.has(key)) continue;
        seen.add(key);
        this.row(key, network, index, step).samples.push({ counts: step.counts, ...step.traffic });
      }
    }
  }

  private cyclesOn(steps: readonly MeteredStep[]): ClipCycles {
    const cycles = (some: readonly MeteredStep[]) => some.reduce((sum, { counts }) => sum + cyclesOf(counts, this.device), 0);
    return { network: cycles(steps.filter(({ part }) => part !== "frontEnd")), all: cycles(steps) };
  }

  report(bounds: Bounds | null): MeterReport {
    if (bounds) this.attach(bounds);
    const rows = [...this.rows.values()];
    const frontEnd = rows.filter(({ network }) => network === null);
    const of = (network: PackedNetwork) => rows.filter((row) => row.network === network);
    const networks = [...new Set(this.paths.flatMap((path) => path.networks))];
    const heard = frontEnd.length > 0 || this.subject.packed.frontEnd === null;
    const most = (some: Row[]) => (bounds ? some.reduce((sum, { bound }) => sum + cyclesOf(countsOf(bound!.most), this.device), 0) : null);
    const clips = this.natural.length;
    const share = (answerer: number) => this.natural.filter((clip) => clip.answerer === answerer).length / clips;
    return {
      device: this.device.name,
      clips,
      steps: rows.map((row) => this.step(row)),
      alone: [
        ...(frontEnd.length > 0 ? [this.alone("front end", frontEnd, this.mostFrontEnd(bounds))] : []),
        ...networks.map((network) => this.alone(network.name, of(network), most(of(network)))),
      ],
      paths: this.paths.map((path, i) => {
        const networkMost = most(path.networks.flatMap(of));
        const frontEndMost = this.mostFrontEnd(bounds);
        const bound = networkMost === null || frontEndMost === null ? null : networkMost + frontEndMost;
        return this.path(path.name, share(path.answerer), this.onPath[i], heard, networkMost, bound);
      }),
      asStored: this.path("as the model decides", 1, this.natural, heard, null, null),
      bounds: bounds && { cutFunctions: bounds.cutFunctions, forks: bounds.forks },
    };
  }

  /** Steps of a decision with the network that each belongs to. */
  private named<S extends { phase: number }>(path: Path, steps: readonly S[]) {
    const { packed } = this.subject;
    const owners = path.networks.flatMap((network) =>
      Array.from({ length: stepsOf(packed, network) }, (_, index) => ({ network: network as PackedNetwork | null, index })),
    );
    const before = steps.length - owners.length;
    return steps.map((step, at) => {
      const { network, index } = at < before ? { network: null, index: step.phase } : owners[at - before];
      return { key: network ? `${this.numberOf(network)}/${index}` : `front end/${index}`, network, index, step, at };
    });
  }

  private numberOf(network: PackedNetwork): number {
    const { router, experts } = this.subject.packed;
    return network === router ? -1 : experts.indexOf(network);
  }

  private row(key: string, network: PackedNetwork | null, index: number, { part, times }: Pick<MeteredStep, "part" | "times">): Row {
    const found = this.rows.get(key);
    if (found) return found;
    const row: Row = { part, network, index, times, samples: [], bound: null };
    this.rows.set(key, row);
    return row;
  }

  private attach({ paths }: Bounds): void {
    for (const [i, path] of this.paths.entries()) {
      for (const { key, step } of this.named(path, paths[i])) {
        const row = this.rows.get(key);
        if (row) row.bound = step;
      }
    }
  }

  private step({ part, network, index, times, samples, bound }: Row): StepCost {
    const opsByClass = noCounts();
    for (const { counts } of samples) addCounts(opsByClass, counts);
    for (const kind of Object.keys(opsByClass) as (keyof Counts)[]) opsByClass[kind] /= samples.length;
    const mean = (of: (sample: Sample) => number) => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
    const cycles = spread(samples.map(({ counts }) => cyclesOf(counts, this.device)));
    const loadBytes = mean((sample) => sample.loadBytes);
    const modelBytes = bound && bound.most[MODEL_BYTES] === bound.least[MODEL_BYTES] ? bound.most[MODEL_BYTES] : null;
    const about = network
      ? this.layer(network, index)
      : { what: frontEndWork(index, this.subject.packed.input), weightType: null, kernel: null, weightBytes: 0 };
    return {
      part,
      network: network?.name ?? null,
      ...about,
      times,
      ops: spread(samples.map(({ counts }) => totalOf(counts))),
      opsByClass,
      loadBytes,
      modelBytes,
      ramBytes: modelBytes === null ? null : loadBytes - modelBytes,
      storeBytes: mean((sample) => sample.storeBytes),
      cycles,
      timeMs: this.ms(cycles.mean),
      energyUj: energyUjOf(cycles.mean, this.device),
      mostOps: bound && totalOf(countsOf(bound.most)),
      mostCycles: bound && cyclesOf(countsOf(bound.most), this.device),
      constant: bound ? bound.most.every((n, c) => c === MODEL_BYTES || n === bound.least[c]) : null,
    };
  }

  /** A layer, or a router's sample: all layers but the first. */
  private layer(network: PackedNetwork, index: number) {
    const layers = this.sizes(network);
    const bytes = (from: number, to: number) => layers.slice(from, to).reduce((sum, l) => sum + l.payloadBytes + l.scaleBytes, 0);
    const { samples } = this.subject.packed.policy;
    if (network === this.subject.packed.router && samples > 0 && index > 0)
      return {
        what: `sample ${index}: layers 2 to ${layers.length}`,
        weightType: null,
        kernel: null,
        weightBytes: bytes(1, layers.length),
      };
    const { layer, type, kernel } = layers[index];
    return { what: layer, weightType: type, kernel, weightBytes: bytes(index, index + 1) };
  }

  private sizes(network: PackedNetwork): LayerSize[] {
    const { packed } = this.subject;
    return layerSizes({ ...packed, router: null, experts: [network] } as PackedModel);
  }

  /** The front end or a network by itself. */
  private alone(name: string, rows: Row[], most: number | null): PathCost {
    const clips = this.natural.map((_, clip) => {
      const cycles = rows.reduce((sum, { samples }) => sum + cyclesOf(samples[clip].counts, this.device), 0);
      return { network: rows[0].network ? cycles : 0, all: cycles };
    });
    return this.path(name, null, clips, true, rows[0].network ? most : 0, most);
  }

  private path(
    name: string,
    share: number | null,
    clips: ClipCycles[],
    heard: boolean,
    networkMost: number | null,
    most: number | null,
  ): PathCost {
    const networkCycles = spread(clips.map(({ network }) => network));
    const cycles = heard ? spread(clips.map(({ all }) => all)) : null;
    return {
      name,
      share,
      networkCycles,
      cycles,
      timeMs: cycles && this.ms(cycles.mean),
      energyUj: cycles && energyUjOf(cycles.mean, this.device),
      networkUj: energyUjOf(networkCycles.mean, this.device),
      mostNetworkCycles: networkMost,
      mostCycles: most,
      mostTimeMs: most === null ? null : this.ms(most),
      mostUj: most === null ? null : energyUjOf(most, this.device),
    };
  }

  private mostFrontEnd(bounds: Bounds | null): number | null {
    const steps = bounds?.paths[0].filter(({ part }) => part === "frontEnd");
    return steps ? steps.reduce((sum, { most }) => sum + cyclesOf(countsOf(most), this.device), 0) : null;
  }

  private ms(cycles: number): number {
    return cycles / (this.device.clock.value * 1e3);
  }
}

/** What a step of the front end does. */
function frontEndWork(phase: number, input: InputSpec): string {
  if (phase === PHASE_FRAME) return `${framingOf(input)!.frames} frames to log-mel codes`;
  return phase === PHASE_FEATURES ? `${featureCount(input)} features from the codes` : "features";
}

/** Mean, standard deviation (of a sample) and largest. */
export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0, worst: Math.max(...values) };
}
