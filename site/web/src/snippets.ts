// The runnable blocks of a lesson: run, stop, edit, reset. Output is text, whatever it holds.
import { drawCharts, loadEditor, loadLabs } from "./lazy";
import { chartFigure, PointCollector } from "./chart-lines";
import { find, findAll, make } from "./dom";
import type { Part } from "./js-protocol";
import { runInWorker, type Ending, type Run } from "./run-worker";
import { runOnServer } from "./run-server";
import type { LabRun } from "./labs";
import { milliseconds } from "./units";

interface Edited {
  text(): string;
  close(): void;
}

const runnable = ["worker", "node", "yaegi", "go", "lab"];

/** Makes every block of the page runnable. */
export function startSnippets(): void {
  for (const figure of findAll("[data-snippet]")) {
    if (runnable.includes(figure.dataset["run"] ?? "")) start(figure);
  }
}

function start(figure: HTMLElement): void {
  const code = find("pre", figure);
  const output = find("[data-output]", figure);
  if (!code || !output) return;
  const original = code.textContent ?? "";
  let edited: Edited | undefined;
  let run: Run | undefined;
  let lab: LabRun | undefined;
  let opening = false; // the labs' script is on its way

  const show = () => {
    const visible: Record<string, boolean> = { run: !run, stop: !!run, edit: !edited, reset: !!edited };
    for (const [action, yes] of Object.entries(visible)) {
      const button = find(`[data-action="${action}"]`, figure);
      if (!button) continue;
      const hadFocus = button === document.activeElement;
      button.hidden = !yes;
      if (hadFocus && !yes) find(`[data-action="${action === "run" ? "stop" : "run"}"]`, figure)?.focus();
    }
  };

  const follow = async (started: Run, screen: Screen) => {
    run = started;
    show();
    const ending = await started.ended;
    run = undefined;
    show();
    screen.end(ending);
    if (!lab || !ending.ok) return;
    const { label: more, run: goOn } = lab.more;
    screen.offer(more, () => {
      screen.begin();
      void follow(goOn(), screen);
    });
  };

  const go = async () => {
    if (run || opening) return;
    const screen = new Screen(output, figure.dataset["id"] ?? "the code");
    const source = edited?.text() ?? original;
    const print = (part: Part) => screen.print(part);
    lab?.close();
    lab = undefined;
    if (figure.dataset["run"] === "lab") {
      opening = true;
      try {
        lab = await openLab(figure, output, source, print);
      } catch {
        screen.end({ ok: false, text: "The lab's script did not load. Reload the page." });
        return;
      } finally {
        opening = false;
      }
    }
    await follow(lab ?? begin(figure, source, print), screen);
  };

  const edit = async () => {
    const { editSnippet } = await loadEditor();
    if (edited) return;
    edited = editSnippet({
      before: code,
      source: original,
      language: figure.dataset["lang"] ?? "",
      label: `${find("figcaption", figure)?.textContent?.trim() ?? "Code"}, editor`,
      run: () => void go(),
    });
    code.hidden = true;
    show();
  };

  const reset = () => {
    edited?.close();
    edited = undefined;
    code.hidden = false;
    show();
    find('[data-action="edit"]', figure)?.focus();
  };

  const actions: Record<string, () => void> = { run: () => void go(), stop: () => run?.stop(), edit: () => void edit(), reset };
  figure.addEventListener("click", (event) => {
    const action = (event.target as Element).closest<HTMLElement>("[data-action]")?.dataset["action"];
    if (action) actions[action]?.();
  });
  show();
}

function begin(figure: HTMLElement, source: string, print: (part: Part) => void): Run {
  const { run: kind = "", timeout = "10s", flags = "" } = figure.dataset;
  if (kind === "worker") {
    return runInWorker(document.documentElement.dataset["worker"] ?? "", source, milliseconds(timeout) || 5_000, print);
  }
  return runOnServer({ executor: kind, source, timeout, flags: flags.split(" ").filter(Boolean) }, print);
}

async function openLab(figure: HTMLElement, before: HTMLElement, source: string, print: (part: Part) => void): Promise<LabRun> {
  const { runLab } = await loadLabs();
  const { measure, timeout = "30s", id = "the lab" } = figure.dataset;
  return runLab({ before, label: id, source, measure: measure === "latency" ? measure : "count", timeout: milliseconds(timeout), print });
}

/** Where a snippet's output goes: text as it comes, lines that are chart points into a chart. */
class Screen {
  private readonly text = make("pre", "out");
  private readonly status = make("p", "snippet-status", "Running …");
  private readonly points = new PointCollector();
  private offered = false;
  private partial = { stdout: "", stderr: "" };

  constructor(
    private readonly place: HTMLElement,
    label: string,
  ) {
    this.text.tabIndex = 0;
    this.text.setAttribute("role", "region");
    this.text.setAttribute("aria-label", `Output of ${label}`);
    this.text.hidden = true;
    place.replaceChildren(this.text, this.status);
    this.begin();
  }

  begin(): void {
    this.place.setAttribute("aria-busy", "true");
    this.status.classList.remove("err");
    this.status.textContent = "Running …";
  }

  print({ stream, text }: Part): void {
    const lines = (this.partial[stream] + text).split("\n");
    this.partial[stream] = lines.pop() ?? "";
    let shown = "";
    for (const line of lines) if (!this.points.take(line)) shown += `${line}\n`;
    this.write(stream, shown);
  }

  end({ ok, text }: Ending): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (!this.points.take(this.partial[stream])) this.write(stream, this.partial[stream]);
    }
    this.status.textContent = text;
    this.status.classList.toggle("err", !ok);
    find("[data-chart]", this.place)?.remove();
    if (this.points.any) {
      this.place.append(chartFigure(this.points));
      void drawCharts(this.place);
    }
    this.place.setAttribute("aria-busy", "false");
  }

  /** Offers to go on from where the run ended. */
  offer(label: string, go: () => void): void {
    const button = make("button", "ghost", label);
    button.type = "button";
    button.addEventListener("click", go, { once: true });
    this.status.append(" ", button);
    if (this.offered) button.focus(); // where the one was that was pressed
    this.offered = true;
  }

  private write(stream: string, text: string): void {
    if (!text) return;
    this.text.hidden = false;
    const follow = this.text.scrollTop + this.text.clientHeight >= this.text.scrollHeight - 4;
    this.text.append(stream === "stderr" ? make("span", "err", text) : text);
    if (follow) this.text.scrollTop = this.text.scrollHeight;
  }
}
