// A progress bar for whoever waits: on stderr, only when the work takes longer than a second and someone watches a terminal.

import { SingleBar } from "cli-progress";

const PATIENCE_MS = 1000;
const STEPS = 1000;

export interface Progress {
  /** Share done, 0..1, and what is being done. */
  update(share: number, note?: string): void;
  /** Takes the bar away. */
  stop(): void;
}

export interface ProgressOptions {
  stream?: NodeJS.WritableStream;
  /** Whether stdout and the stream are terminals. */
  terminal?: boolean;
  /** Milliseconds. */
  clock?: () => number;
}

/** Call update as the work goes on and stop at its end, also when it fails (`finally`). */
export function startProgress(label: string, options: ProgressOptions = {}): Progress {
  const { stream = process.stderr, terminal = process.stdout.isTTY && process.stderr.isTTY, clock = () => performance.now() } = options;
  const start = clock();
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    process.removeListener("exit", stop);
  };
  const update = (share: number, note = "") => {
    if (!terminal) return;
    const step = Math.round(share * STEPS);
    if (bar) {
      bar.update(step, { note });
    } else if (clock() - start > PATIENCE_MS) {
      bar = new SingleBar({
        stream,
        format: `${label} {bar} {percentage} %  {eta_formatted} left  {note}`,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        noTTYOutput: true,
      });
      bar.start(STEPS, step, { note });
      process.once("exit", stop);
    }
  };
  return { update, stop };
}
