// What every part of the report is made from.

import type { DeviceProfile } from "../../../host/meter/device.ts";
import type { StudyResult } from "../result.ts";
import { type Row, rowOf } from "./rows.ts";
import { type Model, modelsOf } from "./runs.ts";

export interface Context {
  result: StudyResult;
  device: DeviceProfile;
  models: Model[];
  rows: Row[];
}

export function contextOf(result: StudyResult, device: DeviceProfile): Context {
  const models = modelsOf(result).filter(({ runs }) => runs.some(({ decisions }) => decisions.length > 0));
  return { result, device, models, rows: models.map((model) => rowOf(model, result.data.labels.length, device)) };
}
