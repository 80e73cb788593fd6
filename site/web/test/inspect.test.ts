import assert from "node:assert/strict";
import { test } from "node:test";
import { format as nodeFormat } from "node:util";
import { format } from "../src/inspect";

class Cache {
  items = new Map([["a", 1]]);
}
const circle: Record<string, unknown> = { name: "self" };
circle["self"] = circle;

const cases: unknown[][] = [
  [],
  ["plain text"],
  ["two", "words"],
  [1, -0, 1.5, NaN, 10n, true, null, undefined],
  ["a\nb", ["a\nb", "it's", 'say "hi"']],
  [[1, 2, 3], [], {}, { a: 1, "b-c": { d: [1] } }],
  [new Map([["k", { v: 1 }]]), new Set([1, 2])],
  [new Cache()],
  [Object.create(null)],
  [function named() {}, () => {}, class Foo {}, async () => {}],
  [Symbol("s"), /re/g, new Date(0)],
  [circle],
  [{ a: { b: { c: { d: 1 } } }, list: [[[[1]]]] }],
  ["%s is %d, %i, %f, %j %%", "x", 4.5, 4.5, "1.5", { a: 1 }],
  ["%s", { a: 1 }],
  ["100%", 1],
  ["%d extra", 1, 2, { a: 1 }],
  [new Uint8Array([1, 2])],
  [{ get a() { return 1; } }],
  [{ long: "x".repeat(30), other: "y".repeat(30), third: "z".repeat(30) }],
];

for (const args of cases) {
  test(`printed as Node prints it: ${nodeFormat(...args).slice(0, 60)}`, () => {
    assert.equal(format(args), nodeFormat(...args));
  });
}
