// Commands that say what models cost, on boards and on batteries, and what the paper's are worth.

import type { Command } from "commander";
import { everySeconds, examples, json, positive, seeds, share, simulatedDays, wholeNumber, widths } from "./option_values.ts";

/** @param prepare runs before a command does */
export function addCostCommands(program: Command, prepare: () => Promise<void>): void {
  program
    .command("devices")
    .description("list the boards that cycles and energy are modelled for; with a name, every constant of one and its source")
    .argument("[name]", "a profile of the list, or the path of a .json file")
    .option("--markdown", "print the table of docs/reference/devices.md, with sources")
    .addOption(json())
    .addHelpText("after", examples("qurio devices", "qurio devices nrf52840"))
    .action(async (name, options) => {
      await (await import("./devices.ts")).listDevices(name, options);
    });

  program
    .command("meter")
    .description("what a model costs on a board: operations, bytes, cycles, energy, step by step; the worst case over any input")
    .argument("<model>", "model file (.qmoe), or a module that `qurio bake --target core` wrote")
    .option("--device <name>", "the board that cycles and energy are modelled for")
    .option("--data <dir>", "clips to meter: a data set folder or feature codes (.qfc); a bundled sample if left out")
    .option("--no-bound", "without the worst case over any input, which takes seconds to prove")
    .option("--no-emulate", "without counting the instructions of an emulated Cortex-M core")
    .addOption(json())
    .addHelpText("after", examples("qurio meter model.qmoe", "qurio meter model.qmoe --device nrf52840 --data ESC-50"))
    .action(async (model, options) => {
      await prepare();
      await (await import("./meter.ts")).meter(model, options);
    });

  program
    .command("budget")
    .description("fail when a model costs more than its budget: bytes, flash, RAM, cycles, energy, battery days; show which layers changed")
    .argument("[file]", "budget file", "qurio.budget.json")
    .option("--accept", "if all limits hold, write the figures beside it, for later runs to be compared with")
    .addOption(json())
    .addHelpText("after", examples("qurio budget", "qurio budget firmware/budget.json --accept"))
    .action(async (file, options) => {
      await prepare();
      await (await import("./budget.ts")).budget(file, options);
    });

  program
    .command("simulate")
    .description("simulate the life of a battery: days, what dominates, what ends it")
    .argument("[scenario]", "scenario file (.json); or use --preset")
    .option("--preset <name>", "a bundled scenario")
    .option("--list", "list the bundled scenarios")
    .option("--show <name>", "print a bundled scenario, to start from")
    .option("--battery <name>", "another battery than the scenario's")
    .option("--runs <n>", "devices that differ as the scenario's spread says; 1: just the scenario", wholeNumber(1, 100_000), 200)
    .option("--seed <n>", "seed of what differs", wholeNumber(0), 1)
    .option("--jobs <n>", "worker threads (default: the processors)", wholeNumber(1, 64))
    .option("--events", "event by event, beside the same time in duty cycles")
    .option("--days <n>", "days to simulate with --events, up to 31", simulatedDays, 7)
    .option("--plot <file>", "draw charge and voltage over the life (.svg)")
    .addOption(json())
    .addHelpText(
      "after",
      examples("qurio simulate --preset wildlife-recorder --plot life.svg", "qurio simulate scenario.json --battery cr2032"),
    )
    .action(async (scenario, options, command: Command) => {
      const sources = [scenario, options.preset, options.list, options.show].filter((source) => source !== undefined);
      if (sources.length !== 1) command.error("one of a scenario file, '--preset', '--list' and '--show' is needed");
      if (options.events && options.plot) command.error("option '--plot' does not go with --events");
      await prepare();
      await (await import("./simulate.ts")).simulateLife(scenario, options);
    });

  program
    .command("policies")
    .description("compare policies of answering: days of battery gained against F1 lost on held-out clips, without a gate and with one")
    .option("--device <name>", "the board that cycles and energy are modelled for")
    .option("--battery <name>", "what it runs on", "aa-alkaline-2")
    .option("--every <s>", "seconds from window to window: from 5 (listening all the time) to 86400", everySeconds, 5)
    .option("--sound <share>", "share of windows that wake a gate, 0 to 1", share, 0.05)
    .option("--plot <file>", "SVG file to write")
    .addOption(json())
    .addHelpText("after", examples("qurio policies --device nrf52840 --battery cr2032 --every 60", "qurio policies --plot policies.svg"))
    .action(async (options) => {
      await prepare();
      await (await import("./policies.ts")).policies(options);
    });

  program
    .command("carbon")
    .description("grams of CO2e of training and of deciding, and from how many decisions on deciding weighs more")
    .argument("[model]", "model file (.qmoe); the bundled ESC-10 model by default")
    .option("--device <name>", "the board that energy is modelled for")
    .option("--region <name>", "where devices take their energy: world, EU, US, CN, DE, FR, IN, NO, PL, SE, or g/kWh", "world")
    .option("--train-region <name>", "where the model is trained (default: the devices' region)")
    .option("--train-hours <h>", "how long training took", positive)
    .option("--train-watts <w>", "power of the machine that trained", positive)
    .option("--inferences <n>", "how many decisions to count", wholeNumber(1), 1e6)
    .addOption(json())
    .addHelpText(
      "after",
      examples("qurio carbon model.qmoe --region FR", "qurio carbon --train-hours 2 --train-watts 120 --inferences 1000"),
    )
    .action(async (model, options) => {
      await prepare();
      await (await import("./carbon.ts")).carbon(model, options);
    });

  program
    .command("study")
    .description("compare the paper's models and their baselines by cross-validation, on packed kernels")
    .option("--data <dir>", "data set folder, or feature codes (.qfc); with --quick the bundled ones")
    .option("--features <kind>", "rich, or embeddings:FILE.npy with its index.csv beside it", "rich")
    .option("--ood <dir>", "another data set, whose clips belong to no class: how sure are the models there?")
    .option("--seeds <list>", "seeds of everything random: 1,2,3 (1 if left out)", seeds)
    .option("--models <names>", "only these rows, separated by commas", (text: string) => text.split(","))
    .option("--device <name>", "the board that cycles and energy are modelled for")
    .option("--hidden <sizes>", "widths of the experts' hidden layers (640,320 if left out)", widths)
    .option("--epochs <n>", "passes over the data (70 if left out)", wholeNumber(1))
    .option("--jobs <n>", "trainings at the same time", wholeNumber(1), 1)
    .option("--quick", "small networks, few epochs: everything works, the figures say nothing")
    .option("--cache <dir>", "where results are kept, so that an interrupted study goes on (OUT.cache if left out)")
    .requiredOption("--out <stem>", "writes STEM.json, STEM.html and STEM.md")
    .addOption(json())
    .addHelpText("after", examples("qurio study --data ESC-50 --seeds 1,2,3 --jobs 2 --out report", "qurio study --quick --out quick"))
    .action(async (options, command: Command) => {
      if (!options.data && !options.quick) command.error("option '--data <dir>' or --quick is needed");
      await prepare();
      await (await import("./study.ts")).study(options);
    });
}
