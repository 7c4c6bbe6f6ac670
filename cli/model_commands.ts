// Commands that make, look at and run models. Each one's module is loaded only when it runs.

import { type Command, Option } from "commander";
import { ARITHMETICS, CODE_BITS } from "../host/model-file/front_end.ts";
import { WEIGHT_TYPE_SPECS } from "../host/model-file/weight_types.ts";
import { BAKE_TARGETS } from "../tools/export/bake_targets.ts";
import { bits, examples, json, quantity, samples, seeds, votes, weightTypes, wholeNumber, widths } from "./option_values.ts";

/** @param prepare runs before a command does */
export function addModelCommands(program: Command, prepare: () => Promise<void>): void {
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
      await (await import("./eval.ts")).evaluateModel(model, options);
    });

  program
    .command("doctor")
    .description("what is installed here, what works, and what to install; exit code 0 when sound can be decided about")
    .addOption(json())
    .addHelpText("after", examples("qurio doctor"))
    .action(async (options) => {
      await prepare();
      await (await import("./doctor.ts")).doctor(options);
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
    .command("train")
    .description("train a model on a folder of recordings")
    .requiredOption("--data <dir>", "data set folder: ESC-50, UrbanSound8K, FSDD or one folder per class")
    .option("--out <ckpt>", "checkpoint to write (may be left out with --cv)")
    .addOption(new Option("--router <kind>", "what picks the expert").choices(["probe", "bayesian"]).default("probe"))
    .option(
      "--experts <types>",
      `weight types of the experts, cheapest first: 1 to 16 (bits), ${WEIGHT_TYPE_SPECS.filter((spec) => !Number(spec)).join(", ")}`,
      weightTypes,
      ["4", "8"],
    )
    .option("--hidden <sizes>", "widths of the experts' hidden layers", widths, [640, 320])
    .option("--samples <n>", "Monte Carlo dropout samples of the router (default: none for the probe, 10 for bayesian)", samples)
    .addOption(frontEnd().default("float"))
    .addOption(
      new Option("--codes <bits>", "bits of a quantized log-mel value (a code): 4 halve the largest buffer, for parts with little RAM")
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
    .command("export")
    .description("pack a checkpoint or a .tflite file into a model file, and check that it still decides the same")
    .argument("<source>", "checkpoint that `qurio train` wrote, or a TensorFlow Lite file of fully connected layers")
    .requiredOption("-o, --output <file>", "model file to write (.qmoe)")
    .option("--labels <file>", "names of a .tflite file's classes, one a line (class-0, class-1, … if left out)")
    .option("--calibrate <dir>", "inputs without labels to quantize and compare on: .npy, or WAV for a model that takes audio")
    .option(
      "--ptq <bits>",
      "quantize float32 networks to 2 to 16 bits, fitted to the inputs of --calibrate (bundled features for audio if left out)",
      bits,
    )
    .addOption(
      new Option("--scales <kind>", "a scale for each channel, or one for each tensor").choices(["channel", "tensor"]).default("channel"),
    )
    .addOption(frontEnd())
    .addOption(removeDc())
    .addOption(json())
    .addHelpText(
      "after",
      examples(
        "qurio export my.ckpt -o model.qmoe",
        "qurio export float.ckpt -o model.qmoe --ptq 8",
        "qurio export model.tflite -o model.qmoe --labels classes.txt --calibrate inputs",
      ),
    )
    .action(async (source, options) => {
      await prepare();
      await (await import("./export.ts")).exportCommand(source, options);
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
    .option("--device <name>", "the board that must hold it (cortex-m only), a Cortex-M of `qurio devices`")
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
}
