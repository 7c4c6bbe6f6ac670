// Every schema that docs/schemas/ publishes: JSON that qurio reads, and what its commands print with --json.

import * as v from "valibot";
import { BATTERY } from "../../firmware-sim/battery/batteries.ts";
import { SCENARIO_FILE } from "../../firmware-sim/battery/scenario.ts";
import { ACCEPTED, BUDGET } from "../../host/meter/budget.ts";
import { CARBON_TABLES } from "../../host/meter/carbon.ts";
import { CORE } from "../../host/meter/core_cycles.ts";
import { DEVICE, DEVICE_PROFILE } from "../../host/meter/device.ts";
import { FAMILIES } from "../../host/meter/families.ts";
import type { Schema } from "../../host/schema.ts";
import { CHECKPOINT } from "../../tools/import/checkpoint_schema.ts";
import { POLICIES, SIMULATE, SIMULATE_EVENTS, SIMULATE_LIST } from "./battery.ts";
import { BUDGET_RESULT, CARBON, METER } from "./cost.ts";
import { BAKE, BAKE_FIRMWARE, CROSS_VALIDATION, DOCTOR, ENGINES, EVAL, EXPORT, INSPECT, STUDY, TRAIN } from "./model.ts";
import { RUN, RUN_STREAM, RUN_STREAM_COST } from "./run.ts";

export interface Published {
  title: string;
  schema: Schema<unknown, unknown>;
}

/** By name of the file in docs/schemas/. */
export const INPUTS = {
  scenario: { title: "A scenario of qurio simulate", schema: SCENARIO_FILE },
  battery: { title: "A battery profile", schema: BATTERY },
  device: { title: "A device profile", schema: DEVICE },
  core: { title: "Cycles of each operation class on a core", schema: CORE },
  families: { title: "Board factors of energy, by family", schema: FAMILIES },
  "carbon-tables": { title: "Carbon intensities, and what training takes", schema: CARBON_TABLES },
  budget: { title: "A budget of qurio budget", schema: BUDGET },
  "budget-accepted": { title: "Figures last accepted, as qurio budget --accept writes them", schema: ACCEPTED },
  checkpoint: { title: "model.json of a checkpoint", schema: CHECKPOINT },
} satisfies Record<string, Published>;

const anyOf = (...options: Schema<unknown, unknown>[]) => v.union(options);

/** By command: a line that it prints with --json. In docs/schemas/output/. */
export const OUTPUTS = {
  run: { title: "A window, a window of a stream, or what a stream cost", schema: anyOf(RUN, RUN_STREAM, RUN_STREAM_COST) },
  eval: { title: "What a model is worth on a data set", schema: EVAL },
  doctor: { title: "What is installed, and what works", schema: DOCTOR },
  engines: { title: "An engine, and whether it is there", schema: ENGINES },
  train: { title: "A checkpoint that was written, or with --cv what such models are worth", schema: anyOf(TRAIN, CROSS_VALIDATION) },
  export: { title: "A model file that was written, and its parity with the reference", schema: EXPORT },
  inspect: { title: "What is in a model file", schema: INSPECT },
  bake: { title: "A module that was written, or with --target cortex-m a folder", schema: anyOf(BAKE, BAKE_FIRMWARE) },
  meter: { title: "What a model costs on a device", schema: METER },
  devices: { title: "A device profile with what it refers to", schema: DEVICE_PROFILE },
  budget: { title: "Figures beside limits, and layers that changed", schema: BUDGET_RESULT },
  simulate: {
    title: "A life; with --events a time event by event, with --list a bundled scenario",
    schema: anyOf(SIMULATE, SIMULATE_EVENTS, SIMULATE_LIST),
  },
  policies: { title: "What each policy gains and loses", schema: POLICIES },
  carbon: { title: "Grams of CO2e of training and of deciding", schema: CARBON },
  study: { title: "A model on one fold", schema: STUDY },
} satisfies Record<string, Published>;
