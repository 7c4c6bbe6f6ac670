// JSON from outside (host/json.ts, host/schema.ts): the first wrong field is named by its path, with what was expected and found.

import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import type { QurioError } from "../host/errors.ts";
import { checkJson, parseJson, readJson } from "../host/json.ts";
import { constant, dictionary, flag, kinds, list, number, object, oneOf, ranged, rule, text, whole, wrong } from "../host/schema.ts";

const SOURCE = { file: "x.json", code: "X", hint: "Correct it." };

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message, hint } = error as QurioError;
    assert.equal([code, hint], ["X", "Correct it."]);
    return message;
  }
  return "accepted";
}

const square = object({ kind: v.literal("square"), side: number("length, m", { above: 0, most: 9 }) });
const box = object({ kind: v.literal("box"), sides: list(number("length, m")) });
const SCHEMA = v.pipe(
  object({
    name: text("of the thing"),
    size: number("mass, g", { least: 0, most: 10 }),
    count: v.exactOptional(whole("how many", { least: 1 }), 1),
    colour: v.exactOptional(oneOf(["red", "blue"])),
    hot: v.exactOptional(flag()),
    shape: v.variant("kind", [square, box], kinds(["square", "box"])),
    part: v.exactOptional(
      v.union(
        [text(), object({ clock: constant("of the core", "MHz", { above: 0 }), factor: ranged("slower", "x", { above: 0 }) })],
        "a name or a part",
      ),
    ),
    notes: v.exactOptional(dictionary(text()), {}),
  }),
  rule(({ size, shape }) =>
    shape.kind === "square" && shape.side > size ? wrong(["shape", "side"], `at most the ${size} of size`, shape.side) : undefined,
  ),
);

const sound = () => ({ name: "a", size: 5, shape: { kind: "square", side: 2 } });
const part = () => ({ clock: { value: 1, unit: "MHz", source: "me" }, factor: { value: 2, unit: "x", source: "me" } });

// biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON
type Json = any;
const REFUSED: [change: (json: Json) => unknown, message: string][] = [
  [() => null, "the file: an object expected, null found"],
  [() => [], "the file: an object expected, [] found"],
  [(j) => ({ ...j, nmae: 1 }), 'nmae: one of name, size, count, colour, hot, shape, part, notes expected, "nmae" found'],
  [({ name: _, ...j }) => ({ ...j, nmae: "a" }), 'nmae: one of name, size, count, colour, hot, shape, part, notes expected, "nmae" found'],
  [
    (j) => ({ ...j, constructor: 1 }),
    'constructor: one of name, size, count, colour, hot, shape, part, notes expected, "constructor" found',
  ],
  [
    () => JSON.parse('{"__proto__": {}}'),
    '__proto__: one of name, size, count, colour, hot, shape, part, notes expected, "__proto__" found',
  ],
  [({ name: _, ...j }) => j, "name: a text expected, nothing found"],
  [(j) => ({ ...j, name: "" }), 'name: a text expected, "" found'],
  [({ size: _, ...j }) => j, "size: a number of at least 0 and at most 10 expected, nothing found"],
  [(j) => ({ ...j, size: "5" }), 'size: a number of at least 0 and at most 10 expected, "5" found'],
  [(j) => ({ ...j, size: Number.NaN }), "size: a number of at least 0 and at most 10 expected, NaN found"],
  [(j) => ({ ...j, size: Number.POSITIVE_INFINITY }), "size: a number of at least 0 and at most 10 expected, Infinity found"],
  [(j) => ({ ...j, size: -1 }), "size: a number of at least 0 and at most 10 expected, -1 found"],
  [(j) => ({ ...j, size: 11 }), "size: a number of at least 0 and at most 10 expected, 11 found"],
  [(j) => ({ ...j, count: 1.5 }), "count: a whole number of at least 1 expected, 1.5 found"],
  [(j) => ({ ...j, count: Number.POSITIVE_INFINITY }), "count: a whole number of at least 1 expected, Infinity found"],
  [(j) => ({ ...j, colour: "green" }), 'colour: one of red, blue expected, "green" found'],
  [(j) => ({ ...j, hot: 1 }), "hot: true or false expected, 1 found"],
  [(j) => ({ ...j, shape: 3 }), "shape: an object expected, 3 found"],
  [(j) => ({ ...j, shape: { side: 3 } }), "shape.kind: one of square, box expected, nothing found"],
  [(j) => ({ ...j, shape: { kind: "square", side: 0 } }), "shape.side: a number above 0 and at most 9 expected, 0 found"],
  [(j) => ({ ...j, shape: { kind: "box", sides: {} } }), "shape.sides: a list expected, {} found"],
  [(j) => ({ ...j, shape: { kind: "box", sides: [1, "2"] } }), 'shape.sides[1]: a number expected, "2" found'],
  [(j) => ({ ...j, shape: { kind: "box", sides: [Number.NEGATIVE_INFINITY] } }), "shape.sides[0]: a number expected, -Infinity found"],
  [(j) => ({ ...j, shape: { kind: "square", side: 6 } }), "shape.side: at most the 5 of size expected, 6 found"],
  [(j) => ({ ...j, part: 3 }), "part: a name or a part expected, 3 found"],
  [(j) => ({ ...j, part: [] }), "part: a name or a part expected, [] found"],
  [(j) => ({ ...j, part: { ...part(), clock: [] } }), "part.clock: an object expected, [] found"],
  [(j) => ({ ...j, part: { ...part(), clock: { ...part().clock, unit: "Hz" } } }), 'part.clock.unit: "MHz" expected, "Hz" found'],
  [
    (j) => ({ ...j, part: { ...part(), factor: { ...part().factor, low: 3, high: 4 } } }),
    "part.factor.low: a number above 0 and at most 2 expected, 3 found",
  ],
  [
    (j) => ({ ...j, part: { ...part(), factor: { ...part().factor, low: 1 } } }),
    "part.factor.high: a number of at least 2 expected, nothing found",
  ],
  [(j) => ({ ...j, notes: [] }), "notes: an object expected, [] found"],
  [(j) => ({ ...j, notes: { a: 1 } }), "notes.a: a text expected, 1 found"],
];

test("the first wrong field is named by its path, with what was expected and found", () => {
  for (const [change, message] of REFUSED)
    assert.is(
      messageOf(() => checkJson(SCHEMA, change(sound()), SOURCE)),
      `x.json: ${message}`,
    );
});

test("what is right comes out whole, with what may be left out filled in", () => {
  assert.equal(checkJson(SCHEMA, sound(), SOURCE), { ...sound(), count: 1, notes: {} } as Json);
  const full = { ...sound(), count: 2, colour: "red", hot: true, shape: { kind: "box", sides: [1, 2] }, part: part(), notes: { a: "b" } };
  const factor = { ...part().factor, low: 2, high: 2 };
  assert.equal(checkJson(SCHEMA, full, SOURCE), { ...full, part: { ...part(), factor } } as Json);
  assert.equal(checkJson(SCHEMA, { $schema: "https://x", ...sound() }, SOURCE), checkJson(SCHEMA, sound(), SOURCE));
  assert.match(
    messageOf(() => checkJson(SCHEMA, { ...sound(), $schema: 3 }, SOURCE)),
    /\$schema: one of name/,
  );
});

test("a long wrong value or name is cut in its message, and control characters are escaped", () => {
  const named = (name: string) => messageOf(() => checkJson(SCHEMA, { ...sound(), [name]: 1 }, SOURCE));
  assert.is(named("x".repeat(9999)).length < 600, true);
  assert.match(named("\u001b[2J"), /^x\.json: "\\u001b\[2J": one of name, .* expected, "\\u001b\[2J" found$/);
  assert.is(messageOf(() => checkJson(SCHEMA, { ...sound(), name: Array(999).fill(1) }, SOURCE)).length < 280, true);
});

test("text that is no JSON: the line and column of the first character that cannot be there", () => {
  const cases: [text: string, message: string][] = [
    ["", "the end found at line 1, column 1"],
    ['{\n  "a": 1,\n}', '"}" found at line 3, column 1'],
    ["# title", '"#" found at line 1, column 1'],
    ["[1,\n 2,, 3]", '"," found at line 2, column 4'],
    ['{"a": trux}', '"x" found at line 1, column 10'],
    ['{"a": tru', "the end found at line 1, column 10"],
    ['{"a": "b', "the end found at line 1, column 9"],
    ['{"a": NaN}', '"N" found at line 1, column 7'],
    ['{"a": 1} {', '"{" found at line 1, column 10'],
    ['{"a": "\\q"}', '"q" found at line 1, column 9'],
    ["[01]", '"1" found at line 1, column 3'],
    ["[-]", '"]" found at line 1, column 3'],
  ];
  for (const [text, message] of cases)
    assert.is(
      messageOf(() => parseJson(text, SOURCE)),
      `x.json: JSON expected, ${message}`,
    );
});

test("bytes and texts with a byte order mark are read as those without", () => {
  const json = JSON.stringify(sound());
  assert.equal(readJson(SCHEMA, `\uFEFF${json}`, SOURCE), readJson(SCHEMA, json, SOURCE));
  assert.equal(readJson(SCHEMA, new TextEncoder().encode(`\uFEFF${json}`), SOURCE), readJson(SCHEMA, json, SOURCE));
});

test.run();
