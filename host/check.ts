// Browser-safe. Judging JSON from outside: the first wrong field is named by its path, with what was expected and found.

import { QurioError } from "./errors.ts";

/** A number with its unit and where it comes from: a publication, a table or a command that anyone can look up or run. */
export interface Constant {
  value: number;
  unit: string;
  source: string;
}

/** Accepted numbers: `above` excludes its end, the others include theirs. */
export interface Bounds {
  least?: number;
  above?: number;
  most?: number;
}

export class Check {
  private readonly file: string;
  private readonly code: string;
  private readonly hint: string;

  /** @param file what the JSON is called in messages; `code` and `hint` are those of every error */
  constructor(file: string, code: string, hint: string) {
    this.file = file;
    this.code = code;
    this.hint = hint;
  }

  /** An object without fields but `known`. */
  object(value: unknown, path: string, known: readonly string[]): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.error(path || "the file", "an object", value);
    const unknown = Object.keys(value).find((key) => !known.includes(key));
    if (unknown !== undefined) throw this.error(path ? `${path}.${unknown}` : unknown, `one of ${known.join(", ")}`, unknown);
    return value as Record<string, unknown>;
  }

  list(value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) throw this.error(path, "a list", value);
    return value;
  }

  text(value: unknown, path: string): string {
    if (typeof value !== "string" || value === "") throw this.error(path, "a text", value);
    return value;
  }

  oneOf<T extends string>(value: unknown, path: string, names: readonly T[]): T {
    if (!names.includes(value as T)) throw this.error(path, `one of ${names.join(", ")}`, value);
    return value as T;
  }

  flag(value: unknown, path: string): boolean {
    if (typeof value !== "boolean") throw this.error(path, "true or false", value);
    return value;
  }

  /** Finite and within `bounds`. */
  number(value: unknown, path: string, bounds: Bounds = {}): number {
    const { least = Number.NEGATIVE_INFINITY, above = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = bounds;
    if (typeof value !== "number" || !Number.isFinite(value) || value < least || value <= above || value > most)
      throw this.error(path, numberWanted(bounds), value);
    return value;
  }

  /** `{ value, unit, source }` in exactly `unit`. */
  constant(value: unknown, path: string, unit: string, bounds: Bounds = {}): Constant {
    const fields = this.object(value, path, ["value", "unit", "source"]);
    const number = this.number(fields["value"], `${path}.value`, bounds);
    if (fields["unit"] !== unit) throw this.error(`${path}.unit`, `"${unit}"`, fields["unit"]);
    return { value: number, unit, source: this.text(fields["source"], `${path}.source`) };
  }

  error(path: string, expected: string, found: unknown): QurioError {
    const shown = found === undefined ? "nothing" : typeof found === "number" ? `${found}` : (JSON.stringify(found) ?? typeof found);
    return new QurioError(this.code, `${this.file}: ${path}: ${expected} expected, ${shown} found`, this.hint);
  }
}

function numberWanted({ least, above, most }: Bounds): string {
  const lower = above === undefined ? (least === undefined ? "" : `of at least ${least}`) : `above ${above}`;
  const upper = most === undefined ? "" : `at most ${most}`;
  return ["a number", lower, lower && upper ? "and" : "", upper].filter((part) => part !== "").join(" ");
}
