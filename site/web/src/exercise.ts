// The exercise's page: running, watching a run, stopping it. Without this script the form posts and shows a page instead.
import { find, findAll } from "./dom";
import { replaceSection } from "./fragments";
import { Failure, request } from "./http";
import { drawCharts, loadEditor } from "./lazy";
import { follow } from "./stream";
import type { Diagnostic } from "./code";
import type { Workbench } from "./workbench";

type Goal = "test" | "bench" | "profile";

const goalOf = (value = ""): Goal => (value === "bench" || value === "profile" ? value : "test");

interface Done {
  verdict: string;
  reason: string;
  attempt?: string;
  state?: string;
}

const narrow = "(max-width: 760px)";

/** Takes over the exercise's form, if the page has one. */
export function startExercise(): void {
  const form = find<HTMLFormElement>("form[data-editor]");
  if (form) new Exercise(form);
}

class Exercise {
  private readonly slug: string;
  private readonly title = document.title;
  private readonly workbench: Promise<Workbench | undefined>;
  private readonly results = find("#results");
  private readonly saved = new WeakSet<HTMLFormElement>();
  private run = "";
  private stopWanted = false; // before the server has told the run's id
  private close = () => {};

  constructor(private readonly form: HTMLFormElement) {
    this.slug = form.dataset["slug"] ?? "";
    this.workbench = loadEditor().then(
      ({ openWorkbench }) => openWorkbench(form, { start: (goal) => void this.start(goal) }),
      () => undefined, // the textareas stay
    );
    document.addEventListener("submit", (event) => this.submit(event));
    document.addEventListener("click", (event) => this.click(event));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
      event.preventDefault();
      void this.start(event.shiftKey ? "bench" : "test");
    });
    const going = find("[data-run]:not([data-run=''])", this.results ?? document)?.dataset["run"];
    if (going) this.watch(going, `/runs/${going}/events`);
    else this.show(false);
  }

  // The run buttons may stand outside the form; they name what they want in goal. Other forms leave the page: what was
  // typed is saved before.
  private submit(event: SubmitEvent): void {
    const form = event.target as HTMLFormElement;
    const button = event.submitter as HTMLButtonElement | null;
    if (form === this.form) {
      event.preventDefault();
      void this.start(goalOf(button?.value));
    } else if (form.method === "post" && !this.saved.has(form)) {
      event.preventDefault();
      void this.save().finally(() => {
        this.saved.add(form);
        form.requestSubmit(button);
      });
    }
  }

  private click(event: MouseEvent): void {
    const target = event.target as Element;
    if (target.closest("[data-action='stop']")) this.stop();
    const place = target.closest<HTMLElement>("[data-goto]")?.dataset["goto"];
    if (!place) return;
    const [file = "", line = "1", column = "0"] = place.split(":");
    event.preventDefault();
    void this.workbench.then((bench) => bench?.goTo(file, Number(line), Number(column)));
  }

  private async save(): Promise<boolean> {
    const bench = await this.workbench;
    return bench ? bench.save() : true;
  }

  private async start(goal: Goal): Promise<void> {
    this.show(true);
    this.stopWanted = false;
    this.run = "";
    if (!(await this.save())) {
      this.show(false);
      this.say("Not started: your last change is not saved. See the line under the editor.");
      return;
    }
    try {
      const answer = await request("POST", `/exercises/${encodeURIComponent(this.slug)}/runs`, { goal });
      if (matchMedia(narrow).matches) this.results?.scrollIntoView();
      this.watch(String(answer["id"]), String(answer["events"]));
      if (this.stopWanted) this.stop();
    } catch (error) {
      this.show(false);
      this.say(error instanceof Failure ? error.message : String(error));
    }
  }

  private watch(id: string, events: string): void {
    this.close();
    this.run = id;
    find(".res > .last")?.remove(); // it says of what was shown until now when it was
    this.show(true);
    this.close = follow(events, {
      on: {
        fragment: (data) => {
          const { id: section, html } = JSON.parse(data) as { id: string; html: string };
          const element = replaceSection(section, html);
          if (element) void drawCharts(element);
        },
        diagnostics: (data) => {
          const list = (JSON.parse(data) as Diagnostic[] | null) ?? [];
          void this.workbench.then((bench) => bench?.mark(list));
        },
        done: (data) => this.done(JSON.parse(data) as Done),
      },
      lost: () => {
        this.finish();
        this.say("The connection to hotloop was lost. Is it still running in your terminal?");
      },
    });
  }

  private stop(): void {
    this.stopWanted = !this.run;
    if (!this.run) return;
    request("DELETE", `/runs/${encodeURIComponent(this.run)}`).catch((error: unknown) => this.say(String(error)));
  }

  private done({ verdict, attempt, state }: Done): void {
    this.finish();
    const chip = find(".exhead .state");
    if (chip && state) {
      chip.dataset["state"] = state;
      chip.textContent = state;
    }
    document.title = `${verdict} · ${this.title}`;
    const link = find<HTMLAnchorElement>("[data-last-attempt]");
    if (link && attempt) {
      link.href = attempt;
      link.hidden = false;
    }
  }

  private finish(): void {
    this.close();
    this.run = "";
    this.show(false);
  }

  private show(running: boolean): void {
    if (running) document.title = this.title;
    this.results?.setAttribute("aria-busy", String(running));
    for (const button of findAll("[data-action='stop']")) button.hidden = !running;
    for (const button of findAll("[data-when='idle']")) button.hidden = running;
  }

  /** Says what kept a run from happening, where its status would be. */
  private say(text: string): void {
    const place = find("#run-status") ?? this.results;
    const note = find("[data-note]", place ?? document) ?? place?.appendChild(document.createElement("p"));
    if (!note) return;
    note.dataset["note"] = "";
    note.className = "notice";
    note.textContent = text;
  }
}
