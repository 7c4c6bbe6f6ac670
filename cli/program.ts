// The command line: name, version, help, and every command. Option values: option_values.ts.

import { Command } from "commander";
import { cliManifest } from "../host/files.ts";
import { addCostCommands } from "./cost_commands.ts";
import { addModelCommands } from "./model_commands.ts";
import { examples } from "./option_values.ts";

/**
 * @param complain is told what is wrong with the arguments
 * @param prepare runs before a command does, and not for help or wrong arguments
 * @param completes leaves `complete` out: complete.ts will add it, and the package behind it is loaded for that alone
 */
export function buildProgram(complain: (message: string) => void, prepare: () => Promise<void>, completes = false): Command {
  const { version, description } = cliManifest();
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
  addModelCommands(program, prepare);
  addCostCommands(program, prepare);
  if (!completes)
    program
      .command("complete")
      .description("print the script that completes commands and options in your shell")
      .argument("<shell>", "bash, zsh, fish or powershell");
  program.addHelpText("after", examples("qurio run my.wav", "qurio train --data ESC-50 --out my.ckpt"));
  return program;
}
