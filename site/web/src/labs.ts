// The labs of a lesson: a component in a frame of its own, visited again and again, and what it leaves behind.
import { make } from "./dom";
import type { Part } from "./js-protocol";
import type { Answer, Measure, Reached } from "./lab-protocol";
import type { Ending, Run } from "./run-worker";
import { count } from "./units";

const rounds = 5;
const visitsARound = 400;

export interface LabOptions {
  before: HTMLElement; // the frame is put in before it
  label: string;
  source: string;
  measure: Measure;
  timeout: number; // milliseconds, of one run
  print: (part: Part) => void;
}

/** A run whose frame stays when it has ended, so that it can go on and be looked at with the browser's own tools. */
export interface LabRun extends Run {
  more: { label: string; run: () => Run };
  close(): void;
}

/** Opens a frame, runs the component in it, and prints what was measured. */
export function runLab(options: LabOptions): LabRun {
  const { before, label, source, measure, timeout, print } = options;
  const frame = make("iframe", "lab-stage");
  frame.title = `Stage of ${label}`;
  frame.setAttribute("sandbox", "allow-scripts");
  frame.src = "/lab";
  const { port1: port, port2 } = new MessageChannel();
  let heard: (answer: Answer) => void = () => {};
  port.onmessage = ({ data }: MessageEvent<Answer>) => heard(data);
  const next = (): Promise<Answer> => new Promise((resolve) => (heard = resolve));

  const ready = next();
  const theme = getComputedStyle(document.documentElement).colorScheme;
  frame.addEventListener("load", () => frame.contentWindow?.postMessage({ source, measure, theme }, "*", [port2]), { once: true });
  before.before(frame);
  if (measure === "latency") frame.scrollIntoView({ block: "nearest" }); // browsers draw no frames of what is off screen
  const close = () => {
    port.close();
    frame.remove();
  };

  const go = (begun: Promise<Answer>, times: number): Run => {
    let finish: (ending: Ending) => void = () => {};
    let over = false;
    const ended = new Promise<Ending>((resolve) => (finish = resolve)).finally(() => (over = true));
    const stop = (said: string) => {
      close();
      finish({ ok: false, text: said });
    };
    const timer = window.setTimeout(() => stop(`Stopped: not done after ${timeout / 1000} s.`), timeout);
    void ended.then(() => clearTimeout(timer));
    void (async () => {
      let answer = await begun;
      for (let round = 0; round < times && answer.type !== "failed" && !over; round++) {
        const told = next();
        port.postMessage({ visits: visitsARound });
        answer = await told;
        report(answer, print);
      }
      finish(ending(answer, print));
    })();
    return { ended, stop: () => stop("Stopped.") };
  };
  const first = go(ready, measure === "count" ? rounds : 1);
  return {
    ...first,
    close,
    more: {
      label: measure === "count" ? `${visitsARound} more visits` : "Once more",
      run: () => go(Promise.resolve({ type: "ready" }), 1),
    },
  };
}

function report(answer: Answer, print: LabOptions["print"]): void {
  const point = (series: string, unit: string, axis: string, x: number, y: number) =>
    print({ stream: "stdout", text: `${JSON.stringify({ chart: { series, unit, axis, x, y } })}\n` });
  if (answer.type === "reached") point("still reachable", "count", "visits", answer.visits, answer.reachable);
  if (answer.type === "frames") {
    answer.gaps.forEach((gap, i) => point("gap between frames", "sec", "frames", i - answer.task, gap / 1000));
  }
}

function ending(answer: Answer, print: LabOptions["print"]): Ending {
  const say = (text: string) => print({ stream: "stdout", text: `${text}\n` });
  switch (answer.type) {
    case "reached":
      say(`${count(answer.reachable)} of ${count(answer.tracked)} tracked objects are still reachable`);
      return reached(answer);
    case "frames":
      say(`longest gap between two frames: ${Math.round(Math.max(...answer.gaps))} ms`);
      return { ok: true, text: `${answer.gaps.length} frames, the task began at 0.` };
    case "failed":
      print({ stream: "stderr", text: `${answer.text}\n` });
  }
  return { ok: false, text: "Ended with an error." };
}

function reached({ visits, sure }: Reached): Ending {
  if (!sure) return { ok: false, text: "No verdict: the collector did not come in time. Run it again." };
  return { ok: true, text: `After ${count(visits)} visits and a collection.` };
}
