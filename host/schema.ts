// Browser-safe. The words that schemas of JSON are written in. Each schema's message is what it expects: host/json.ts makes errors of them.

import * as v from "valibot";

export type Schema<Input = unknown, Output = Input> = v.GenericSchema<Input, Output>;

/** A number with its unit and where it comes from: a publication, a table or a command that anyone can look up or run. */
export interface Constant {
  value: number;
  unit: string;
  source: string;
}

/** A figure with the range that it may lie in; low = high = value where nothing is known to spread. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** A constant with its range; JSON may leave out both ends of one that is exact. */
export type RangedConstant = Constant & Estimate;

/** Accepted numbers: `above` excludes its end, the others include theirs. */
export interface Bounds {
  least?: number;
  above?: number;
  most?: number;
}

/** An object without fields but `entries`. */
export function object<const Entries extends v.ObjectEntries>(entries: Entries) {
  return notList(v.strictObject(entries, (issue) => objectMessage(entries, issue)));
}

function objectMessage(entries: v.ObjectEntries, { expected, path }: v.StrictObjectIssue): string {
  if (!path) return "an object";
  if (expected === "never") return `one of ${Object.keys(entries).join(", ")}`;
  // a missing field: what it should have been
  const { issues } = v.safeParse(entries[path[0].key as string] as Schema, undefined);
  return issues![0].message;
}

/** An object with any field names, all of the same kind. */
export function dictionary<Value extends Schema<unknown, unknown>>(value: Value) {
  return notList(v.record(v.string(), value, "an object"));
}

/** For valibot a list is an object too. */
function notList<S extends Schema<unknown, unknown>>(schema: S): S {
  const run = schema["~run"].bind(schema);
  return Object.assign(schema, {
    "~run": (dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) => {
      if (!Array.isArray(dataset.value)) return run(dataset, config);
      const { issues } = run({ value: null }, config);
      return { typed: false, value: dataset.value, issues: issues!.map((issue) => ({ ...issue, input: dataset.value })) };
    },
  });
}

export function list<Item extends Schema<unknown, unknown>>(item: Item) {
  return v.array(item, "a list");
}

/** A text that is not empty. */
export function text(about?: string) {
  const nonEmpty = v.pipe(v.string("a text"), v.minLength(1, "a text"));
  return about === undefined ? nonEmpty : v.pipe(nonEmpty, v.description(about));
}

export function oneOf<const Names extends readonly string[]>(names: Names) {
  return v.picklist(names, `one of ${names.join(", ")}`);
}

/** Message of v.variant, for the names that its key may have. */
export function kinds(names: readonly string[]) {
  return ({ path }: v.VariantIssue) => (path ? `one of ${names.join(", ")}` : "an object");
}

export function flag() {
  return v.boolean("true or false");
}

/** Finite and within `bounds`. `about`: what it is, with its unit. */
export function number(about: string, bounds: Bounds = {}): Schema<number> {
  return bounded("a number", about, bounds, []);
}

export function whole(about: string, bounds: Bounds = {}): Schema<number> {
  return bounded("a whole number", about, bounds, [v.integer(numberWanted(bounds, "a whole number"))]);
}

type NumberAction = v.PipeItem<number, number, v.BaseIssue<unknown>>;

function bounded(noun: string, about: string, bounds: Bounds, more: NumberAction[]): Schema<number> {
  const { least, above, most } = bounds;
  const wanted = numberWanted(bounds, noun);
  const actions: NumberAction[] = [
    v.finite(wanted),
    ...more,
    ...(least === undefined ? [] : [v.minValue<number, number, string>(least, wanted)]),
    ...(above === undefined ? [] : [v.gtValue<number, number, string>(above, wanted)]),
    ...(most === undefined ? [] : [v.maxValue<number, number, string>(most, wanted)]),
    v.description(about),
  ];
  return v.pipe(v.number(wanted), ...actions);
}

/** "a number of at least 0 and at most 1" */
export function numberWanted({ least, above, most }: Bounds, noun = "a number"): string {
  const lower = above === undefined ? (least === undefined ? "" : `of at least ${least}`) : `above ${above}`;
  const upper = most === undefined ? "" : `at most ${most}`;
  return [noun, lower, lower && upper ? "and" : "", upper].filter((part) => part !== "").join(" ");
}

const SOURCE = "where the figure comes from";

/** `{ value, unit, source }` in exactly `unit`. */
export function constant(about: string, unit: string, bounds: Bounds = {}) {
  return v.pipe(object({ value: number(unit, bounds), unit: v.literal(unit, `"${unit}"`), source: text(SOURCE) }), v.description(about));
}

/** `{ value, low, high, unit, source }` with low <= value <= high, or `{ value, unit, source }` where both are the value. */
export function ranged(about: string, unit: string, bounds: Bounds = {}) {
  const end = (which: string) => v.optional(number(`${which} end of the range`, bounds));
  const entries = {
    value: number(unit, bounds),
    low: end("lower"),
    high: end("upper"),
    unit: v.literal(unit, `"${unit}"`),
    source: text(SOURCE),
  };
  return v.pipe(
    object(entries),
    v.description(about),
    rule(({ value, low, high }) => {
      const exact = low === undefined && high === undefined;
      if (!exact && !(low! <= value)) return wrong(["low"], numberWanted({ ...bounds, most: value }), low);
      if (!exact && !(high! >= value))
        return wrong(["high"], numberWanted(bounds.most === undefined ? { least: value } : { least: value, most: bounds.most }), high);
    }),
    v.transform((given): RangedConstant => ({ ...given, low: given.low ?? given.value, high: given.high ?? given.value })),
  );
}

/** A figure with its range, in `unit`. */
export function estimate(unit: string) {
  return object({ value: number(unit), low: number(`${unit}, at least`), high: number(`${unit}, at most`) });
}

/** The wrong field below the value that a rule is about, what it should have been, and what it is. */
interface Wrong {
  path: readonly (string | number)[];
  expected: string;
  found: unknown;
}

export const wrong = (path: readonly (string | number)[], expected: string, found: unknown): Wrong => ({ path, expected, found });

/** What fields of a value must be to each other; JSON Schema does not know it. `find` returns the first that is wrong. */
export function rule<T>(find: (value: T) => Wrong | undefined) {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.issues) return;
    const found = find(dataset.value);
    if (!found) return;
    const path = found.path.map((key) => ({
      type: "unknown" as const,
      origin: "value" as const,
      input: dataset.value,
      key,
      value: found.found,
    }));
    addIssue({ message: found.expected, input: found.found, path: path as unknown as [v.IssuePathItem, ...v.IssuePathItem[]] });
  });
}
