import assert from "node:assert/strict";
import { test } from "node:test";
import { diffLines, folded, replacement } from "../src/diff";

const texts = ["", "a", "a\nb\nc", "a\nx\nc", "a\nc", "b\na\nc\nd", "x\ny\nz", "a\nb\nb\nb\nc", "c\nb\na", "a\nb\n"];

test("a difference holds both texts, whole and in order", () => {
  for (const a of texts) {
    for (const b of texts) {
      const lines = diffLines(a, b);
      const side = (other: string) => lines.filter((l) => l.mark !== other).map((l) => l.text).join("\n");
      assert.equal(side("+"), a);
      assert.equal(side("-"), b);
    }
  }
});

test("what is common is told once", () => {
  assert.deepEqual(
    diffLines("a\nb\nc", "a\nx\nc").map((l) => l.mark + l.text),
    [" a", "-b", "+x", " c"],
  );
});

test("long runs of common lines are folded to their number", () => {
  const text = (middle: string) => `${"a\n".repeat(10)}${middle}\n${"b\n".repeat(10)}end`;
  const lines = folded(diffLines(text("x"), text("y")));
  assert.deepEqual(
    lines.map((l) => (typeof l === "number" ? l : l.mark + l.text)),
    [8, " a", " a", "-x", "+y", " b", " b", 9],
  );
});

test("a replacement turns the one text into the other and touches only what differs", () => {
  for (const a of texts) {
    for (const b of texts) {
      const { from, to, insert } = replacement(a, b);
      assert.equal(a.slice(0, from) + insert + a.slice(to), b);
    }
  }
  assert.deepEqual(replacement("func a() {}", "func abc() {}"), { from: 6, to: 6, insert: "bc" });
});
