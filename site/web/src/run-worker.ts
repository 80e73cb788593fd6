// Runs a JavaScript snippet in a worker of its own, which is ended when the time is up, when it prints too much, or when
// the reader says so.
import type { Message, Part } from "./js-protocol";

/** How a snippet's run ended: a sentence, and whether it went well. */
export interface Ending {
  ok: boolean;
  text: string;
}

export interface Run {
  stop(): void;
  ended: Promise<Ending>;
}

const maxOutput = 64 * 1024; // characters
const maxStart = 5_000; // milliseconds

/** Starts source; timeout is in milliseconds from when the worker is ready. */
export function runInWorker(script: string, source: string, timeout: number, print: (part: Part) => void): Run {
  const worker = new Worker(script);
  let printed = 0;
  let startedAt = performance.now();
  let timer = 0;
  let finish: (ending: Ending) => void = () => {};

  const ended = new Promise<Ending>((resolve) => {
    finish = (ending) => {
      clearTimeout(timer);
      worker.terminate();
      resolve(ending);
    };
  });
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(2)} s`;

  const output = (parts: Part[]) => {
    for (const part of parts) {
      const room = maxOutput - printed;
      if (part.text.length > room) {
        print({ ...part, text: part.text.slice(0, room) });
        finish({ ok: false, text: "Stopped: it printed more than 64 kB." });
        return;
      }
      printed += part.text.length;
      print(part);
    }
  };

  worker.onmessage = ({ data }: MessageEvent<Message>) => {
    switch (data.type) {
      case "started":
        startedAt = performance.now();
        clearTimeout(timer);
        timer = window.setTimeout(() => finish({ ok: false, text: `Stopped: still running after ${timeout / 1000} s.` }), timeout);
        break;
      case "output":
        output(data.parts);
        break;
      case "failed":
        output([{ stream: "stderr", text: `${data.text}\n` }]);
        finish({ ok: false, text: `Ended with an error after ${seconds()}.` });
        break;
      case "done":
        finish({ ok: true, text: `Done in ${seconds()}.` });
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    finish({ ok: false, text: `The worker could not run: ${event.message || "its script did not load"}.` });
  };
  timer = window.setTimeout(() => finish({ ok: false, text: "The worker did not start. Reload the page." }), maxStart);
  worker.postMessage({ source });
  return { ended, stop: () => finish({ ok: false, text: `Stopped after ${seconds()}.` }) };
}
