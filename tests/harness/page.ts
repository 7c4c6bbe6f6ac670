// A headless Chromium with one page, driven through the debugging pipe: JSON messages with a zero byte behind each, on two file descriptors.

import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe";

export interface Page {
  /** Value of a JavaScript expression, as if the user had clicked. */
  evaluate(expression: string): Promise<unknown>;
  /** PNG. */
  screenshot(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** @param flags further ones, such as a file in place of the microphone */
export async function openPage(program: string, url: string, flags: string[]): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), "qurio-page-"));
  const browser = spawn(program, [...FLAGS.split(" "), ...flags, `--user-data-dir=${profile}`], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => browser.once("exit", () => resolve()));
  const [, , , commands, messages] = browser.stdio as unknown as [null, null, null, Writable, Readable];
  // biome-ignore lint/suspicious/noExplicitAny: results differ by method
  const waiting = new Map<number, (message: { result?: any; error?: { message: string } }) => void>();
  let received = "";
  messages.setEncoding("utf8").on("data", (text: string) => {
    const parts = (received + text).split("\0");
    received = parts.pop()!;
    for (const part of parts) {
      const message = JSON.parse(part);
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  });
  let calls = 0;
  // biome-ignore lint/suspicious/noExplicitAny: results differ by method
  const call = (method: string, params: object, sessionId?: string): Promise<any> =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      waiting.set(id, ({ result, error }) => (error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result)));
      ended.then(() => reject(new Error(`${method}: the browser ended`)));
      commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  const close = async () => {
    try {
      process.kill(-browser.pid!, "SIGKILL"); // the whole group: a browser is many processes
    } catch {
      // it has ended
    }
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  try {
    const { targetId } = await call("Target.createTarget", { url });
    const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
    return {
      async evaluate(expression) {
        const { result, exceptionDetails } = await call(
          "Runtime.evaluate",
          { expression, userGesture: true, returnByValue: true },
          sessionId,
        );
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
      },
      screenshot: async () => Buffer.from((await call("Page.captureScreenshot", {}, sessionId)).data, "base64"),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
