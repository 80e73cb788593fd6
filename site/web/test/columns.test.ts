import assert from "node:assert/strict";
import { test } from "node:test";
import { endOfWord, indexOfColumn } from "../src/columns";

const cases: [line: string, column: number, want: number][] = [
  ["x := 1", 1, 0],
  ["x := 1", 3, 2],
  ["\tx := y", 2, 1],
  ['s := "é" + x', 11, 9], // é is two bytes
  ['s := "→" + x', 12, 9], // → is three
  ['s := "😀" + x', 13, 10], // four bytes, two units of UTF-16
  ["short", 99, 5],
  ["short", 0, 0],
  ["", 1, 0],
];

for (const [line, column, want] of cases) {
  test(`byte ${column} of ${JSON.stringify(line)} is unit ${want}`, () => {
    assert.equal(indexOfColumn(line, column), want);
  });
}

test("a column counted by Go's own rule names the same character", () => {
  const line = 'naïve := "größe → 😀" + undefinedName';
  const bytes = Buffer.from(line.slice(0, line.indexOf("undefinedName"))).length;
  assert.equal(line.slice(indexOfColumn(line, bytes + 1)), "undefinedName");
});

test("the word at an index is underlined, at least one character", () => {
  assert.equal(endOfWord("a := größe + 1", 5), 10);
  assert.equal(endOfWord("a := (b)", 5), 6);
  assert.equal(endOfWord("abc", 3), 3);
});
