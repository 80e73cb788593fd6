import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, formatter, milliseconds, seconds } from "../src/units";

function table<I>(name: string, f: (input: I) => unknown, cases: [I, unknown][]) {
  for (const [input, want] of cases) test(`${name}(${JSON.stringify(input)})`, () => assert.equal(f(input), want));
}

table("seconds", seconds, [
  [0, "0 s"],
  [2.81e-8, "28.1 ns"],
  [1.71e-3, "1.71 ms"],
  [2.5, "2.5 s"],
  [9.999e-7, "1 µs"],
  [0.9996, "1 s"],
  [120, "120 s"],
  [-0.002, "-2 ms"],
]);
table("bytes", bytes, [
  [0, "0 B"],
  [512, "512 B"],
  [1024, "1 KiB"],
  [1.5 * 1024 * 1024, "1.5 MiB"],
  [1023.9, "1 KiB"],
  [64 * 2 ** 30, "64 GiB"],
]);
table("count", count, [
  [0, "0"],
  [12, "12"],
  [12.44, "12.4"],
  [1_000_000, "1,000,000"],
  [0.00342, "0.00342"],
]);
table("milliseconds", milliseconds, [
  ["5s", 5000],
  ["250ms", 250],
  ["1m", 60_000],
  ["1.5s", 1500],
  ["soon", 0],
  ["", 0],
]);

test("units of benchmarks have their formatter, unknown ones are counted", () => {
  assert.equal(formatter("sec/op")(1e-6), "1 µs");
  assert.equal(formatter("kept-B")(2048), "2 KiB");
  assert.equal(formatter("goroutines")(3), "3");
  assert.equal(formatter("constructor")(3), "3");
});
