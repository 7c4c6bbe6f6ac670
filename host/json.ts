// Browser-safe. JSON from outside: text becomes a value, and a value what its schema says, or one error names the first wrong field.

import * as v from "valibot";
import { QurioError } from "./errors.ts";
import type { Schema } from "./schema.ts";

/** Where JSON comes from: what messages call it, and the code and hint of its errors. */
export interface JsonSource {
  file: string;
  code: string;
  hint: string;
  /** Fields whose errors have a code and hint of their own. */
  fields?: Record<string, { code: string; hint: string }>;
}

/**
 * A value of the schema's output type; `$schema`, which editors read, may stand beside the root's fields.
 * Errors: `source.code`, naming the path of the first wrong field with what was expected and found; an unknown field comes first, since it
 * often is the missing one, misspelt.
 */
export function checkJson<S extends Schema>(schema: S, json: unknown, source: JsonSource): v.InferOutput<S> {
  const result = v.safeParse(schema, withoutSchema(json));
  if (result.success) return result.output;
  const { path, message, input } = firstWrong(result.issues);
  throw wrongField({ ...source, ...source.fields?.[`${path.at(-1)?.key}`] }, pathText(path), message, input);
}

/** checkJson of text or of its UTF-8 bytes. Errors: those, and `source.code` for text that is no JSON, with line and column. */
export function readJson<S extends Schema>(schema: S, text: string | Uint8Array, source: JsonSource): v.InferOutput<S> {
  return checkJson(schema, parseJson(text, source), source);
}

/** Text, or UTF-8 bytes, with or without a byte order mark. Errors: `source.code` with line and column. */
export function parseJson(given: string | Uint8Array, { file, code, hint }: JsonSource): unknown {
  const text = typeof given === "string" ? given.replace(/^\uFEFF/, "") : new TextDecoder().decode(given);
  try {
    return JSON.parse(text);
  } catch {
    const before = text.slice(0, wrongAt(text));
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    const found = before.length === text.length ? "the end" : JSON.stringify(text[before.length]);
    throw new QurioError(code, `${file}: JSON expected, ${found} found at line ${line}, column ${column}`, hint);
  }
}

/** The error of one field, in the form of all. */
export function wrongField({ file, code, hint }: JsonSource, path: string, expected: string, found: unknown): QurioError {
  return new QurioError(code, `${file}: ${path || "the file"}: ${expected} expected, ${shown(found)} found`, hint);
}

const LONGEST = 200;

function shown(found: unknown): string {
  if (found === undefined) return "nothing";
  const text = typeof found === "number" ? `${found}` : (JSON.stringify(found) ?? typeof found);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

function withoutSchema(json: unknown): unknown {
  if (typeof json !== "object" || json === null || typeof (json as Record<string, unknown>)["$schema"] !== "string") return json;
  const { $schema: _, ...rest } = json as Record<string, unknown>;
  return rest;
}

type Issue = v.BaseIssue<unknown>;

interface Wrong {
  path: readonly { key?: unknown }[];
  message: string;
  input: unknown;
}

/** Of a value that has none of several forms, the form counts that it comes nearest to: where the wrong field lies deepest. */
function firstWrong(issues: readonly Issue[]): Wrong {
  const { type, path = [], message, input, issues: inner = [] } = issues.find(isUnknownField) ?? issues[0];
  const nearest = [...inner]
    .sort((a, b) => Number(isUnknownField(b)) - Number(isUnknownField(a)))
    .map((issue) => firstWrong([issue]))
    .reduce<Wrong | null>((best, wrong) => (wrong.path.length > (best?.path.length ?? 0) ? wrong : best), null);
  if (nearest) return { ...nearest, path: [...path, ...nearest.path] };
  // of a list that is too short or too long, its length says more than its beginning
  return { path, message, input: /^m(in|ax)_length$/.test(type) && Array.isArray(input) ? input.length : input };
}

function isUnknownField({ expected }: Issue): boolean {
  return expected === "never";
}

/** A name that a terminal would not show as it is, or that is long, is quoted and cut. */
const PLAIN = /^[ -~]{1,80}$/;

function pathText(path: readonly { key?: unknown }[]): string {
  const named = (key: string) => (PLAIN.test(key) ? key : shown(key));
  return path.map(({ key }, i) => (typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${named(`${key}`)}`)).join("");
}

/** Index of the first character that no JSON could have there: what stands before it could still become JSON. */
function wrongAt(text: string): number {
  let [good, bad] = [0, text.length];
  while (good < bad) {
    const middle = (good + bad + 1) >> 1;
    if (mayGoOn(text.slice(0, middle))) good = middle;
    else bad = middle - 1;
  }
  return good;
}

/** V8 says that the text ended too early, or names a position behind its end. */
function mayGoOn(start: string): boolean {
  try {
    JSON.parse(start);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? -1);
    return /end of JSON|Unterminated/.test(message) || position >= start.length;
  }
}
