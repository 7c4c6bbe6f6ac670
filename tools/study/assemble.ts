// Trained networks as the model files that the rows are judged by: temperatures, thresholds, codes, policies.
//
// Everything that is set here comes from answers about clips that the answering network had not seen (plan.ts: inner). A network that
// is quantized after training takes temperature and threshold from its float32 form.

import type { InputSpec } from "../../host/model-file/input_spec.ts";
import { encodeModel, type PackedModel } from "../../host/model-file/model_file.ts";
import { packModel } from "../export/exporter.ts";
import type { GraphModel } from "../export/model.ts";
import { quantizeTrained } from "../export/ptq.ts";
import type { Graph } from "../graph/graph.ts";
import { weightTypeOf } from "../graph/layers.ts";
import type { Network, Normalization, Policy } from "../import/checkpoint.ts";
import { networkGraph } from "../import/checkpoint_graph.ts";
import { calibrate, outOfFoldOf } from "../train/calibration.ts";
import { type FeatureTable, featuresOf } from "../train/feature_table.ts";
import { BAYESIAN_SAMPLES, betaOf, FIT_DEFAULTS } from "../train/fit.ts";
import type { TaskResult } from "../train/tasks.ts";
import { abstainThreshold, escalateThreshold, type OutOfFold, varianceScale } from "../train/thresholds.ts";
import type { Answerer, Mixture, Row } from "./models.ts";
import type { Trained, TrainedFold } from "./train_fold.ts";

/** A row as model files. */
export interface Assembled {
  /** The file that decides; where experts are drawn, one for each of them. */
  files: Uint8Array[];
  /** The same model with alpha = 0, where there is curiosity. */
  plain: Uint8Array | null;
  /** Names of the networks that may answer. */
  answerers: string[];
  /** Of the row's one model file; where experts are drawn, of a file that holds them all. */
  packedBytes: number;
}

/** A network ready to be packed, and what it said about clips that it had not seen. */
interface Ready {
  network: Graph;
  outOfFold: OutOfFold[];
}

export class Assembler {
  private readonly table: FeatureTable;
  private readonly labels: string[];
  private readonly input: InputSpec;
  private readonly fold: TrainedFold;
  private readonly normalization: Normalization;
  private readonly ready = new Map<string, Ready>();

  constructor(table: FeatureTable, labels: string[], input: InputSpec, fold: TrainedFold) {
    this.table = table;
    this.labels = labels;
    this.input = input;
    this.fold = fold;
    const any = [...fold.singles.values(), ...fold.joints.values()][0]!;
    this.normalization = any.outer.normalization;
  }

  assemble(row: Row): Assembled {
    switch (row.kind) {
      case "single":
        return this.alone([this.answerer(row.answerer)]);
      case "cascade":
        return this.decided(this.cascade(row.answerers.map((one) => this.answerer(one))));
      case "uniform": {
        const drawn = row.answerers.map((one) => this.answerer(one));
        return { ...this.alone(drawn), packedBytes: encodeModel(this.cascade(drawn)).length };
      }
      case "mixture":
        return row.joint ? this.jointMixture(row.mixture, row.curious) : this.independentMixture(row.mixture, row.curious);
    }
  }

  private alone(networks: Ready[]): Assembled {
    const files = networks.map((ready) =>
      encodeModel(this.pack(null, [ready.network], { ...SINGLE, abstain: [abstainThreshold(ready.outOfFold, FIT_DEFAULTS.risk)] })),
    );
    return { files, plain: null, answerers: networks.map(({ network }) => network.name), packedBytes: files[0]!.length };
  }

  private decided(model: PackedModel): Assembled {
    const file = encodeModel(model);
    return { files: [file], plain: null, answerers: [model.router!, ...model.experts].map(({ name }) => name), packedBytes: file.length };
  }

  /** The first network is the probe; each but the last escalates above a quantile of its entropies. */
  private cascade([first, ...rest]: Ready[]): PackedModel {
    const all = [first!, ...rest];
    return this.pack(
      first!.network,
      rest.map(({ network }) => network),
      {
        ...SINGLE,
        kind: "probe",
        escalate: rest.map((_, i) => Math.fround(escalateThreshold(all[i]!.outOfFold, FIT_DEFAULTS.escalateQuantiles[i]!))),
        abstain: all.map(({ outOfFold }) => abstainThreshold(outOfFold, FIT_DEFAULTS.risk)),
      },
    );
  }

  private independentMixture(mixture: Mixture, curious: boolean): Assembled {
    const experts = mixture.experts.map((one) => this.answerer(one));
    const gate = this.fold.gates.get(mixture.name)!;
    return this.gated(
      networkGraph(gate.outer.network!),
      experts.map(({ network }) => network),
      experts.map(({ outOfFold }) => abstainThreshold(outOfFold, FIT_DEFAULTS.risk)),
      gate.inner.flatMap(({ variance }) => [...variance]),
      curious,
    );
  }

  /** The mixture answers as one: its experts share a temperature and a threshold, which come from the answers that its gate chose. */
  private jointMixture(mixture: Mixture, curious: boolean): Assembled {
    const { outer, inner } = this.fold.joints.get(mixture.name)!;
    const [gate, ...experts] = outer.networks!;
    const [first] = inner;
    const asResult = (network: Network | null): TaskResult => ({ ...first!, network });
    const ready = experts.map((network) => this.calibrated({ outer: asResult(network), inner: [asResult(null)] }));
    const threshold = abstainThreshold(ready[0]!.outOfFold, FIT_DEFAULTS.risk);
    return this.gated(
      networkGraph(gate!),
      ready.map(({ network }, i) => this.quantized(network, mixture.experts[i]!)),
      experts.map(() => threshold),
      [...first!.variance],
      curious,
    );
  }

  private gated(gate: Graph, experts: Graph[], abstain: number[], variances: number[], curious: boolean): Assembled {
    const policy: Policy = {
      kind: "bayesian",
      samples: BAYESIAN_SAMPLES,
      alpha: 1,
      varianceScale: varianceScale(variances),
      escalate: [],
      abstain,
      beta: experts.map((expert) => betaOf(weightTypeOf(expert)!)),
    };
    const answerers = experts.map(({ name }) => name);
    const model = this.pack(gate, experts, policy);
    if (curious) {
      const file = encodeModel(model);
      const plain = encodeModel({ ...model, policy: { ...model.policy, alpha: 0 } });
      return { files: [file], plain, answerers, packedBytes: file.length };
    }
    // one sample without dropout is the plain gate
    const ops = model.router!.ops.map((op) => ({ ...op, dropout: 0 }));
    const file = encodeModel({ ...model, router: { ...model.router!, ops }, policy: { ...model.policy, samples: 1, alpha: 0 } });
    return { files: [file], plain: null, answerers, packedBytes: file.length };
  }

  private answerer(answerer: Answerer): Ready {
    const key = JSON.stringify(answerer);
    let ready = this.ready.get(key);
    if (!ready) {
      const { network, outOfFold } = this.calibrated(this.fold.singles.get(answerer.network)!);
      ready = { network: this.quantized(network, answerer), outOfFold };
      this.ready.set(key, ready);
    }
    return ready;
  }

  /** At the temperature that its answers about unseen clips ask for. */
  private calibrated({ outer, inner }: Trained<TaskResult>): Ready {
    const groups = this.fold.split.groups.slice(0, inner.length);
    const calibrated = calibrate(
      this.table,
      groups,
      [outer],
      inner.map((result) => [result]),
      () => false,
    );
    return { network: networkGraph(calibrated.outer[0]!.network!), outOfFold: outOfFoldOf(this.table, groups, calibrated.inner, 0) };
  }

  private quantized(network: Graph, { ptqBits }: Answerer): Graph {
    if (ptqBits === undefined) return network;
    const vectors = this.fold.split.trainClips.map((clip) => featuresOf(this.table, clip, 0));
    const { model } = quantizeTrained(this.model(null, [network], SINGLE), ptqBits, vectors);
    return { ...model.experts[0]!, name: `${ptqBits}-bit PTQ` };
  }

  private pack(router: Graph | null, experts: Graph[], policy: Policy): PackedModel {
    return packModel(this.model(router, experts, policy));
  }

  private model(router: Graph | null, experts: Graph[], policy: Policy): GraphModel {
    const { labels, input, normalization } = this;
    return { labels, input, normalization, router, experts, policy, provenance: undefined };
  }
}

const SINGLE: Policy = { kind: "single", samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [], beta: [] };
