// The `qurio` command: runs what was asked, and turns every way to fail into an exit code and a line that helps.
// 0 done, 1 failed, 2 wrong usage, 130 interrupted. Results go to stdout, everything else to stderr.

import { CommanderError } from "commander";
import { QurioError } from "../host/errors.ts";
import { buildProgram } from "./program.ts";

const USAGE_HINT = "`qurio --help` lists the commands, `qurio COMMAND --help` the options of one.";

/**
 * @param args without node and the script's name
 * @param prepare runs before a command does: in a clone, the wasm build
 */
export async function main(args: string[], prepare: () => Promise<void> = async () => {}): Promise<void> {
  process.once("SIGINT", () => process.exit(130));
  // A reader that has seen enough (`qurio … | head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    complain(`cannot write to standard output (${error.code})`, "Is the disk full?");
    process.exit(1);
  });
  const completes = args[0] === "complete";
  const program = buildProgram((message) => complain(message, USAGE_HINT), prepare, completes);
  try {
    if (completes) (await import("./complete.ts")).addCompletion(program);
    if (args.length === 0) {
      program.outputHelp({ error: true });
      process.exitCode = 2;
    } else {
      await program.parseAsync(args, { from: "user" });
    }
  } catch (error) {
    process.exitCode = report(error);
  }
}

function report(error: unknown): number {
  // Commander has said what is wrong already; help and version end here too, with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof QurioError) {
    complain(`${error.message} (${error.code})`, error.hint);
    return error.exitCode;
  }
  const { stack, message } = error instanceof Error ? error : { stack: undefined, message: `${error}` };
  complain(`internal error: ${message}`, `This is a fault in qurio; please report it with these lines.\n${stack}`);
  return 1;
}

function complain(message: string, hint: string): void {
  process.stderr.write(`qurio: ${message}\n${hint}\n`);
}
