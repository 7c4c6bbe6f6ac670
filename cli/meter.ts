// `qurio meter`: what a model costs on a device, step by step and way by way; the worst case over any input; and the second estimate of cycles.

import { meterModel, whyNoEmulation } from "../firmware-sim/costs/meter_model.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { meterTables } from "./meter_tables.ts";
import { printJson } from "./print_json.ts";
import type { METER } from "./schemas/cost.ts";

export interface MeterOptions {
  device?: string;
  data?: string | undefined;
  /** false: --no-bound. */
  bound?: boolean;
  /** false: --no-emulate. */
  emulate?: boolean;
  json?: boolean;
}

export async function meter(modelPath: string, { device: name = DEFAULT_DEVICE, json, ...options }: MeterOptions): Promise<void> {
  const device = loadDevice(name);
  const bar = startProgress("metering");
  try {
    const result = await meterModel(modelPath, device, { ...options, open: openDataShown, progress: (share) => bar.update(share) });
    bar.stop();
    const why = result.estimates ? null : whyNoEmulation(device, options);
    if (json) printJson<typeof METER>(result);
    else console.log(meterTables(result, device, why));
  } finally {
    bar.stop();
  }
}
