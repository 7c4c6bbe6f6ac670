// `qurio complete SHELL`: the script that makes a shell complete commands and options; the script asks `qurio complete -- WORDS`.

import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/** Adds the command; it looks at all others, so they must be there. */
export function addCompletion(program: Command): void {
  tab(program);
}
