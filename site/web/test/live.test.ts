import assert from "node:assert/strict";
import { test } from "node:test";
import type { Diagnostic } from "../src/code";
import { Live } from "../src/live";

const remark = (message: string): Diagnostic => ({ file: "a.go", line: 1, column: 1, message });

/** A page whose clock and server do what the test says. */
function page() {
  let waiting: (() => void) | undefined;
  const answers: ((list: readonly Diagnostic[]) => void)[] = [];
  const refusals: (() => void)[] = [];
  const shown: string[] = [];
  const live = new Live({
    ask: () =>
      new Promise((resolve, reject) => {
        answers.push(resolve);
        refusals.push(() => reject(new Error("no answer")));
      }),
    show: (list) => shown.push(list.map((d) => d.message).join()),
    later: (run) => {
      waiting = run;
      return () => (waiting = undefined);
    },
  });
  const pass = () => {
    const run = waiting;
    waiting = undefined;
    run?.();
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { live, answers, refusals, shown, pass, settle };
}

test("asks once after a burst of edits, and shows the answer", async () => {
  const p = page();
  p.live.edited();
  p.live.edited();
  p.pass();
  assert.equal(p.answers.length, 1);
  p.answers[0]?.([remark("odd")]);
  await p.settle();
  assert.deepEqual(p.shown, ["odd"]);
});

test("an answer to a text that has changed is not shown", async () => {
  const p = page();
  p.live.edited();
  p.pass();
  p.live.edited();
  p.pass();
  p.answers[1]?.([]);
  p.answers[0]?.([remark("old")]);
  await p.settle();
  assert.deepEqual(p.shown, [""]);
});

test("a server that does not answer is asked again after the next edit", async () => {
  const p = page();
  p.live.edited();
  p.pass();
  p.refusals[0]?.();
  await p.settle();
  p.live.edited();
  p.pass();
  assert.equal(p.answers.length, 2);
});
