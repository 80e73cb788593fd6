// Runs one JavaScript snippet in a Web Worker. The server sends this file with a policy of its own: it may evaluate text, but
// reach neither the network nor storage. It gets {source}, and answers with Messages until it says how it ended.
import "../../../lessons/dom-lite.js";
import { format, inspect } from "./inspect";
import type { Message } from "./js-protocol";
import { Timers } from "./js-timers";

const scope = globalThis as unknown as {
  postMessage(message: Message): void;
  onmessage: ((event: MessageEvent<{ source: string }>) => void) | null;
  global: unknown;
  console: Console;
};

const post = scope.postMessage.bind(scope);
const now = performance.now.bind(performance);
const maxBatch = 4096;
const maxWait = 50; // milliseconds

let pending: { stream: "stdout" | "stderr"; text: string }[] = [];
let size = 0;
let flushed = now();

function flush(): void {
  if (pending.length > 0) post({ type: "output", parts: pending });
  pending = [];
  size = 0;
  flushed = now();
}

// Inside a loop that never yields no timer fires, so a batch is also sent by its size and age.
function print(stream: "stdout" | "stderr", text: string): void {
  if (pending.length === 0) queueMicrotask(flush);
  pending.push({ stream, text });
  size += text.length;
  if (size > maxBatch || now() - flushed > maxWait) flush();
}

function end(message: Message): void {
  flush();
  post(message);
}

function failed(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? String(error)) : `Uncaught ${inspect(error)}`;
  end({ type: "failed", text: cleaned(text) });
}

const opening = "(async()=>{"; // on the snippet's first line, so that line numbers are its own
let length = 0; // of the snippet, in lines

/** Columns of the first line counted without the opening. */
const shifted = (text: string): string =>
  text.replace(/(snippet\.js:1:)(\d+)/g, (_, place: string, column: string) => place + Math.max(1, Number(column) - opening.length));

/** A stack without the frames of this file and of the function around the snippet. */
function cleaned(stack: string): string {
  const own = (line: string) => {
    const place = /snippet\.js:(\d+)/.exec(line);
    return !/^\s+at /.test(line) || (place !== null && Number(place[1]) <= length);
  };
  return stack.split("\n").filter(own).map(shifted).join("\n").replaceAll("at eval (", "at (");
}

const timers = new Timers(globalThis, {
  idle: () => end({ type: "done" }),
  failed,
});

function makeConsole(): Partial<Console> {
  let indent = "";
  const counts = new Map<string, number>();
  const started = new Map<string, number>();
  const line = (stream: "stdout" | "stderr", args: unknown[]) =>
    print(stream, `${indent}${format(args).replaceAll("\n", `\n${indent}`)}\n`);
  const out = (...args: unknown[]) => line("stdout", args);
  const err = (...args: unknown[]) => line("stderr", args);
  const elapsed = (label: string, method: string, args: unknown[] = []) => {
    const start = started.get(label);
    if (start === undefined) err(`Warning: No such label '${label}' for console.${method}()`);
    else out(`${label}: ${(now() - start).toFixed(3)}ms`, ...args);
  };
  const group = (...args: unknown[]) => {
    if (args.length > 0) out(...args);
    indent += "  ";
  };
  return {
    log: out,
    info: out,
    debug: out,
    table: out,
    dir: (value: unknown) => out(value),
    warn: err,
    error: err,
    trace: (...args: unknown[]) => err("Trace:", ...args),
    assert: (ok?: boolean, ...args: unknown[]) => {
      if (!ok) err(args.length > 0 ? "Assertion failed:" : "Assertion failed", ...args);
    },
    count: (label = "default") => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      out(`${label}: ${counts.get(label)}`);
    },
    countReset: (label = "default") => void counts.delete(label),
    time: (label = "default") => {
      if (started.has(label)) err(`Warning: Label '${label}' already exists for console.time()`);
      else started.set(label, now());
    },
    timeLog: (label = "default", ...args: unknown[]) => elapsed(label, "timeLog", args),
    timeEnd: (label = "default") => {
      elapsed(label, "timeEnd");
      started.delete(label);
    },
    group,
    groupCollapsed: group,
    groupEnd: () => void (indent = indent.slice(2)),
    clear: () => undefined,
  };
}

scope.console = makeConsole() as Console;
scope.global = globalThis;
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  if (event.error instanceof SyntaxError && event.lineno > 0) {
    end({ type: "failed", text: shifted(`snippet.js:${event.lineno}:${event.colno}: ${event.error}`) });
    return;
  }
  failed(event.error ?? event.message);
});
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  failed(event.reason);
});

scope.onmessage = ({ data }) => {
  scope.onmessage = null;
  post({ type: "started" });
  // An indirect eval, so that the snippet sees globals only.
  // If it does not parse, the error is left uncaught, because only the event for that says where.
  const evaluate = globalThis.eval;
  length = data.source.split("\n").length;
  const result = evaluate(`${opening}${data.source}\n})()\n//# sourceURL=snippet.js`) as Promise<unknown>;
  result.then(() => timers.mainEnded(), failed);
};
