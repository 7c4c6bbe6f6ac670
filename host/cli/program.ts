// What can be typed: commands, arguments, options, defaults and examples. Each command's module is loaded only when it runs.

import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { MAX_EXPERTS, MAX_LAYERS, MAX_SAMPLES, MAX_WIDTH } from "../../assembly/format/ids.ts";
import { BAKE_TARGETS } from "../../tools/export/bake_targets.ts";
import { ARITHMETICS, CODE_BITS } from "../../tools/export/front_end_tables.ts";
import { WEIGHT_TYPES, type WeightType } from "../../tools/export/quantize.ts";
import { packagePath } from "../files.ts";

/**
 * @param complain is told what is wrong with the arguments
 * @param prepare runs before a command does, and not for help or wrong arguments
 */
export function buildProgram(complain: (message: string) => void, prepare: () => Promise<void>): Command {
  const { version, description } = JSON.parse(readFileSync(packagePath("package.json"), "utf8"));
  const program = new Command("qurio")
    .description(description)
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      outputError: (text) =>
        complain(
          text
            .trim()
            .replace(/^error: /, "")
            .replace(/\n/g, " "),
        ),
    });
  const json = () => new Option("--json", "print JSON for machines, one object a line");

  const frontEnd = () =>
    new Option("--front-end <kind>", "arithmetic of the front end: fixed for cores without an FPU").choices(ARITHMETICS);
  const removeDc = () => new Option("--remove-dc", "subtract each frame's mean: for microphones with an offset");

  program
    .command("run")
    .description("decide what is heard in WAV files")
    .argument("[files...]", "a model (.qmoe; the bundled ESC-10 model by default), then WAV files (a bundled sample by default)")
    .option("--engine <name>", "what executes the model: `qurio engines` lists them")
    .option("--device <name>", "the board that cycles and energy are modelled for")
    .option("--window <s>", "seconds of a window: what the model was trained on, 5", quantity)
    .option("--hop <s>", "overlapping windows, so many seconds apart", quantity)
    .option("--wake <dB>", "with a gate that wakes when it is so much louder than the background", quantity)
    .option("--votes <k/n>", "an event starts when k of the last n windows have its label", votes)
    .addOption(json())
    .addHelpText(
      "after",
      examples(
        "qurio run",
        "qurio run my.wav",
        "qurio run model.qmoe a.wav b.wav --json",
        "qurio run model.qmoe long.wav --hop 1 --wake 6 --votes 2/3",
      ),
    )
    .action(async (files, options) => {
      await prepare();
      await (await import("./run.ts")).run(files, options);
    });

  program
    .command("eval")
    .description("judge a model on a data set: F1, calibration, coverage, routing shares, energy")
    .argument("<model>", "model file (.qmoe)")
    .requiredOption("--data <dir>", "data set folder")
    .option("--fold <n>", "only the clips of this fold", wholeNumber(1))
    .option("--stress", "also at noise floors, gains, a time shift and 8 kHz bandwidth")
    .option("--engine <name>", "what executes the model: `qurio engines` lists them")
    .option("--device <name>", "the board that cycles and energy are modelled for")
    .addOption(json())
    .addHelpText("after", examples("qurio eval model.qmoe --data ESC-50 --fold 5"))
    .action(async (model, options) => {
      await prepare();
      await (await import("./eval.ts")).evaluate(model, options);
    });

  program
    .command("engines")
    .description("list what can execute a model here: found or not, version, how to install what is missing")
    .addOption(json())
    .addHelpText("after", examples("qurio engines"))
    .action(async (options) => {
      await (await import("./engines.ts")).listEngines(options);
    });

  program
    .command("devices")
    .description("list the boards that cycles and energy are modelled for; with a name, every constant of one and its source")
    .argument("[name]", "a profile of the list, or the path of a .json file")
    .option("--markdown", "print the table of docs/devices.md, with sources")
    .addOption(json())
    .addHelpText("after", examples("qurio devices", "qurio devices nrf52840"))
    .action(async (name, options) => {
      await (await import("./devices.ts")).listDevices(name, options);
    });

  program
    .command("train")
    .description("train a model on a folder of recordings")
    .requiredOption("--data <dir>", "data set folder: ESC-50, UrbanSound8K, FSDD or one folder per class")
    .option("--out <ckpt>", "checkpoint to write (may be left out with --cv)")
    .addOption(new Option("--router <kind>", "what picks the expert").choices(["probe", "bayesian"]).default("probe"))
    .option(
      "--experts <types>",
      `weight types of the experts, cheapest first: ternary, ternary5, popcount, 1 to 16 (bits), float32`,
      weightTypes,
      ["4", "8"],
    )
    .option("--hidden <sizes>", "widths of the experts' hidden layers", widths, [640, 320])
    .option("--samples <n>", "Monte Carlo dropout samples of the router (default: none for the probe, 10 for bayesian)", samples)
    .addOption(frontEnd().default("float"))
    .addOption(
      new Option("--codes <bits>", "bits of a log-mel code: 4 halve the largest buffer, for parts with little RAM")
        .choices(CODE_BITS.map(String))
        .default(8)
        .argParser(Number),
    )
    .addOption(removeDc())
    .option("--seed <n>", "seed of everything random; several with --cv: 1,2,3", seeds, [1])
    .option("--cv", "cross-validate: train on all folds but one, test on it, for each fold")
    .option("--epochs <n>", "passes over the data", wholeNumber(1), 70)
    .option("--jobs <n>", "trainings at the same time", wholeNumber(1), 1)
    .addOption(json())
    .addHelpText(
      "after",
      examples("qurio train --data ESC-50 --out my.ckpt", "qurio train --data ESC-50 --out my.ckpt --experts ternary,4,8 --cv"),
    )
    .action(async (options, command: Command) => {
      if (!options.out && !options.cv) command.error("option '--out <ckpt>' or --cv is needed");
      await prepare();
      await (await import("./train.ts")).train(options);
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

  program
    .command("export")
    .description("pack a checkpoint into a model file, and check that it still decides the same")
    .argument("<ckpt>", "checkpoint that `qurio train` wrote")
    .requiredOption("-o, --output <file>", "model file to write (.qmoe)")
    .option("--ptq <bits>", "quantize networks trained in float32 to 2 to 16 bits, calibrated on real features", bits)
    .addOption(
      new Option("--scales <kind>", "a scale for each channel, or one for each tensor").choices(["channel", "tensor"]).default("channel"),
    )
    .addOption(frontEnd())
    .addOption(removeDc())
    .addOption(json())
    .addHelpText("after", examples("qurio export my.ckpt -o model.qmoe", "qurio export float.ckpt -o model.qmoe --ptq 8"))
    .action(async (checkpoint, options) => {
      await prepare();
      await (await import("./export.ts")).exportModel(checkpoint, options);
    });

  program
    .command("bake")
    .description("make one self-contained wasm module, or a C library, of a model: its weights inside, and no code that it does not use")
    .argument("<model>", "model file (.qmoe)")
    .requiredOption("-o, --output <path>", "module to write (.wasm); for cortex-m a folder")
    .addOption(
      new Option("--target <kind>", "core: no imports; wasi: a command; component: with interface types; cortex-m: C and ELF files")
        .choices([...BAKE_TARGETS, "cortex-m"])
        .default("core"),
    )
    .option("--device <name>", "the board that must hold it (cortex-m only; stm32l4r5 if left out): docs/firmware.md lists them")
    .option("--checked", "every memory access is compared with its bounds (cortex-m only)")
    .option("--simd", "for engines that have SIMD")
    .option("--no-weights", "keep the model out, so that it can be replaced: it is written beside the module, as FILE.qmoe (core only)")
    .addOption(json())
    .addHelpText(
      "after",
      examples(
        "qurio bake model.qmoe -o app.wasm",
        "qurio bake model.qmoe -o app.wasm --target wasi",
        "qurio bake model.qmoe -o firmware --target cortex-m --device nrf52840",
      ),
    )
    .action(async (model, options, command: Command) => {
      const firmware = options.target === "cortex-m";
      const foreign = firmware ? ["simd"] : ["device", "checked"];
      const misplaced = foreign.find((name) => options[name] !== undefined);
      if (misplaced) command.error(`option '--${misplaced}' does not go with --target ${options.target}`);
      await prepare();
      if (firmware) await (await import("./bake_firmware.ts")).bakeFirmware(model, options);
      else await (await import("./bake.ts")).bakeModel(model, options);
    });

  program
    .command("inspect")
    .description("show what is in a model file: sections, layers, bits, bytes, checksums, memory plan, provenance")
    .argument("<model>", "model file (.qmoe)")
    .addOption(json())
    .addHelpText("after", examples("qurio inspect model.qmoe"))
    .action(async (model, options) => {
      await prepare();
      await (await import("./inspect.ts")).inspect(model, options);
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

  program.addHelpText("after", examples("qurio run my.wav", "qurio train --data ESC-50 --out my.ckpt"));
  return program;
}

function examples(...lines: string[]): string {
  return `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function wholeNumber(least: number, most = 0xffffffff) {
  const range = most === 0xffffffff ? `${least} up` : `${least} to ${most}`;
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`A whole number from ${range} is expected.`);
    return value;
  };
}

function quantity(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("A number is expected.");
  return value;
}

function within(text: string, least: number, most: number): number {
  const value = quantity(text);
  if (value < least || value > most) throw new InvalidArgumentError(`A number from ${least} to ${most} is expected.`);
  return value;
}

function everySeconds(text: string): number {
  return within(text, 5, 86_400);
}

function share(text: string): number {
  return within(text, 0, 1);
}

function positive(text: string): number {
  const value = quantity(text);
  if (value <= 0 || value > 1e7) throw new InvalidArgumentError("A number above 0 and at most 10,000,000 is expected.");
  return value;
}

function simulatedDays(text: string): number {
  const days = quantity(text);
  if (days <= 0 || days > 31) throw new InvalidArgumentError("A number above 0 and at most 31 is expected.");
  return days;
}

function votes(text: string): { startVotes: number; votes: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (!match) throw new InvalidArgumentError("Two whole numbers are expected, as in 2/3.");
  return { startVotes: Number(match[1]), votes: Number(match[2]) };
}

function bits(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 2 || value > 16) throw new InvalidArgumentError("A whole number from 2 to 16 is expected.");
  return value;
}

function weightTypes(text: string): string[] {
  const types = text.split(",");
  const wrong = types.find((type) => !WEIGHT_TYPES.includes(type as WeightType));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none of ${WEIGHT_TYPES.join(", ")}.`);
  // one place is the probe's
  if (types.length >= MAX_EXPERTS) throw new InvalidArgumentError(`At most ${MAX_EXPERTS - 1} experts are possible.`);
  return types;
}

function samples(text: string): number {
  const count = wholeNumber(1)(text);
  if (count > MAX_SAMPLES) throw new InvalidArgumentError(`At most ${MAX_SAMPLES} samples are possible.`);
  return count;
}

function seeds(text: string): number[] {
  return text.split(",").map(wholeNumber(0));
}

function widths(text: string): number[] {
  const sizes = text.split(",").map(wholeNumber(1));
  if (sizes.length >= MAX_LAYERS) throw new InvalidArgumentError(`At most ${MAX_LAYERS - 1} hidden layers are possible.`);
  if (Math.max(...sizes) > MAX_WIDTH) throw new InvalidArgumentError(`A layer is at most ${MAX_WIDTH} wide.`);
  return sizes;
}
