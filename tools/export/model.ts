// A model before it is packed: its networks as graphs, and how they work together.

import type { Graph } from "../graph/graph.ts";
import { networkGraph } from "../import/checkpoint_graph.ts";
import type { Checkpoint } from "../import/checkpoint_types.ts";

export interface GraphModel extends Omit<Checkpoint, "router" | "experts" | "provenance"> {
  router: Graph | null;
  experts: Graph[];
  /** JSON, for people: where the model comes from. No paths. */
  provenance: unknown;
}

/** @param perTensor one scale for each matrix instead of one a row */
export function checkpointModel(checkpoint: Checkpoint, perTensor = false): GraphModel {
  const { router, experts } = checkpoint;
  return {
    ...checkpoint,
    router: router && networkGraph(router, perTensor),
    experts: experts.map((expert) => networkGraph(expert, perTensor)),
  };
}

/** The router, if there is one, then the experts. */
export function networksOf({ router, experts }: Pick<GraphModel, "router" | "experts">): Graph[] {
  return router ? [router, ...experts] : experts;
}
