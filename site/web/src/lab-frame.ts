// The frame of a lab: a document of its own that runs a lesson's component and measures what it leaves behind. The server
// puts this script into the document and gives it a policy of its own: it may evaluate text and reach nothing.
import type { Answer, Go, Reached, Start } from "./lab-protocol";

/** What the component's source declares. */
interface Component {
  visit?: (stage: HTMLElement) => void;
  task?: (stage: HTMLElement) => unknown;
}

const stage = document.getElementById("stage") as HTMLElement;
const { setTimeout, performance, requestAnimationFrame } = window; // as they are before the component runs
const patience = 20_000; // milliseconds for the collector to take known garbage
const frames = { before: 20, after: 40 };

const tracked: WeakRef<object>[] = [];
let visits = 0;

/** A task of its own: what a WeakRef gave out is held until the task ends in which it was asked. */
const nextTask = (after = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, after)); // milliseconds
const nextFrame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));

/** Garbage of the kinds that components leave: nodes in a tree, closures, plain objects. */
function garbage(): WeakRef<object>[] {
  const tree = document.createElement("div");
  tree.append(document.createElement("p"));
  stage.append(tree);
  tree.remove();
  const closure = () => tree;
  return [tree, tree.firstElementChild as object, closure, { tree }].map((object) => new WeakRef(object));
}

const sizes = [16, 32, 64, 128]; // MiB

/** Allocates in all of the collector's spaces. */
function press(size: number): number {
  return new ArrayBuffer(size << 20).byteLength + Array.from({ length: 300_000 }, () => ({})).length;
}

/**
 * Waits until known garbage is gone. False if the collector would not come. It is pressed gently first and then left alone,
 * so that it ends in a task of its own. Hurried, it ends in the middle of ours, and looks through the machine's stack for
 * anything that could be an address; one left there by chance can keep the same garbage again and again, so other garbage
 * may go in its place.
 */
async function collected(end: number): Promise<boolean> {
  const known: WeakRef<object>[][] = [];
  do {
    known.push(garbage());
    for (const size of sizes) {
      if (performance.now() > end) return false;
      await nextTask();
      press(size);
      await nextTask(20);
      if (known.some((objects) => objects.every((object) => !object.deref()))) return true;
    }
  } while (true);
}

/**
 * Counts what collections leave. Nothing is visited meanwhile, so the count can only fall: 0 is final. Another is believed
 * when three more collections do not change it, since chance can keep an object of the component's too, or two if nothing
 * at all has gone.
 */
async function settle(): Promise<Pick<Reached, "reachable" | "sure">> {
  const end = performance.now() + patience;
  const count = () => tracked.filter((object) => object.deref()).length;
  let reachable = count();
  for (let same = 0; reachable > 0 && same < (reachable === tracked.length ? 2 : 3); ) {
    if (!(await collected(end))) return { reachable, sure: false };
    const before = reachable;
    reachable = count();
    same = reachable < before ? 0 : same + 1;
  }
  return { reachable, sure: true };
}

async function visit(component: Component, count: number): Promise<Reached> {
  if (!component.visit) throw new TypeError("the lab needs a function visit(stage)");
  for (let i = 0; i < count; i++) {
    component.visit(stage);
    visits++;
    if (i % 50 === 49) await nextTask();
  }
  return { type: "reached", visits, tracked: tracked.length, ...(await settle()) };
}

async function watchFrames(component: Component): Promise<Answer> {
  if (!component.task) throw new TypeError("the lab needs a function task(stage)");
  const gaps: number[] = [];
  let last = await nextFrame();
  const watch = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const now = await nextFrame();
      gaps.push(now - last);
      last = now;
    }
  };
  await watch(frames.before);
  const task = gaps.length;
  const working = component.task(stage);
  await watch(frames.after);
  await working;
  return { type: "frames", gaps, task };
}

const text = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : `Uncaught ${String(error)}`);

window.addEventListener("message", (event: MessageEvent<Start>) => {
  const port = event.ports[0];
  if (event.source !== window.parent || !port) return;
  const answer = (message: Answer) => port.postMessage(message);
  const fail = (error: unknown) => answer({ type: "failed", text: text(error) });
  window.addEventListener("error", (e) => fail(e.error ?? e.message));
  window.addEventListener("unhandledrejection", (e) => fail(e.reason));
  document.documentElement.style.colorScheme = event.data.theme;

  let component: Component;
  try {
    const track = <T extends object>(object: T): T => {
      tracked.push(new WeakRef(object));
      return object;
    };
    // An indirect eval, so that the component sees globals only.
    const evaluate = window.eval;
    const named = "{ visit: typeof visit === 'function' ? visit : undefined, task: typeof task === 'function' ? task : undefined }";
    component = (evaluate(`(track) => {${event.data.source}\nreturn ${named};\n}\n//# sourceURL=lab.js`) as (t: typeof track) => Component)(track);
  } catch (error) {
    fail(error);
    return;
  }
  port.onmessage = async ({ data }: MessageEvent<Go>) => {
    try {
      answer(event.data.measure === "count" ? await visit(component, data.visits) : await watchFrames(component));
    } catch (error) {
      fail(error);
    }
  };
  answer({ type: "ready" });
}, { once: true });
