// What the options of commands take: texts become values, or the message that says what is expected.

import { InvalidArgumentError, Option } from "commander";
import { MAX_EXPERTS, MAX_OPS, MAX_SAMPLES, MAX_WIDTH } from "../assembly/format/ids.ts";
import { WEIGHT_TYPE_SPECS, type WeightType } from "../host/model-file/weight_types.ts";

export const json = () => new Option("--json", "print JSON for machines, one object a line");

export function examples(...lines: string[]): string {
  return `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

export function wholeNumber(least: number, most = 0xffffffff) {
  const range = most === 0xffffffff ? `${least} up` : `${least} to ${most}`;
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`A whole number from ${range} is expected.`);
    return value;
  };
}

export function quantity(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("A number is expected.");
  return value;
}

function within(text: string, least: number, most: number): number {
  const value = quantity(text);
  if (value < least || value > most) throw new InvalidArgumentError(`A number from ${least} to ${most} is expected.`);
  return value;
}

export function everySeconds(text: string): number {
  return within(text, 5, 86_400);
}

export function share(text: string): number {
  return within(text, 0, 1);
}

export function positive(text: string): number {
  const value = quantity(text);
  if (value <= 0 || value > 1e7) throw new InvalidArgumentError("A number above 0 and at most 10,000,000 is expected.");
  return value;
}

export function simulatedDays(text: string): number {
  const days = quantity(text);
  if (days <= 0 || days > 31) throw new InvalidArgumentError("A number above 0 and at most 31 is expected.");
  return days;
}

export function votes(text: string): { startVotes: number; votes: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (!match) throw new InvalidArgumentError("Two whole numbers are expected, as in 2/3.");
  return { startVotes: Number(match[1]), votes: Number(match[2]) };
}

export function bits(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 2 || value > 16) throw new InvalidArgumentError("A whole number from 2 to 16 is expected.");
  return value;
}

export function weightTypes(text: string): string[] {
  const types = text.split(",");
  const wrong = types.find((type) => !WEIGHT_TYPE_SPECS.includes(type as WeightType));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none of ${WEIGHT_TYPE_SPECS.join(", ")}.`);
  // one place is the probe's
  if (types.length >= MAX_EXPERTS) throw new InvalidArgumentError(`At most ${MAX_EXPERTS - 1} experts are possible.`);
  return types;
}

export function samples(text: string): number {
  const count = wholeNumber(1)(text);
  if (count > MAX_SAMPLES) throw new InvalidArgumentError(`At most ${MAX_SAMPLES} samples are possible.`);
  return count;
}

export function seeds(text: string): number[] {
  return text.split(",").map(wholeNumber(0));
}

export function widths(text: string): number[] {
  const sizes = text.split(",").map(wholeNumber(1));
  if (sizes.length >= MAX_OPS) throw new InvalidArgumentError(`At most ${MAX_OPS - 1} hidden layers are possible.`);
  if (Math.max(...sizes) > MAX_WIDTH) throw new InvalidArgumentError(`A layer is at most ${MAX_WIDTH} wide.`);
  return sizes;
}
