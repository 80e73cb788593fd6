// The editor of an exercise: a tab for each file, saved as one types and the same as on disk, with what the compiler says
// marked in place. The textareas of the form stay, hidden, and hold the same text: the form posts what it would without us.
import { openCode, type Code, type Diagnostic } from "./code";
import { showConflict, type ConflictPanel } from "./conflict";
import { find, findAll, make } from "./dom";
import { draftsOf } from "./drafts";
import { request } from "./http";
import { Live } from "./live";
import { Saver, type Remote, type Status } from "./saving";
import { follow } from "./stream";
import { Tabs } from "./tabs";

/** What the page does for the editor. */
export interface Page {
  start(goal: "test" | "bench"): void;
}

/** What the page may ask of the editor. */
export interface Workbench {
  /** Saves what is not saved; true if what is on disk is what is shown. */
  save(): Promise<boolean>;
  mark(diagnostics: readonly Diagnostic[]): void;
  goTo(file: string, line: number, column: number): void;
}

/** Puts editors in the place of the form's textareas. */
export function openWorkbench(form: HTMLFormElement, page: Page): Workbench {
  const slug = form.dataset["slug"] ?? "";
  const base = `/exercises/${encodeURIComponent(slug)}`;
  const areas = findAll<HTMLTextAreaElement>("textarea[data-file]", form);
  const tabs = new Tabs(form);
  const codes = new Map<string, Code>();
  const conflicts = new Map<string, ConflictPanel>();
  const line = new StatusLine(form, () => void saver.flush());

  const saver = new Saver({
    get: () => request("GET", `${base}/solution`).then((answer) => answer["files"] as Record<string, Remote>),
    put: (body) => request("PUT", `${base}/solution`, body),
    adopt: (name, content) => {
      areaOf(areas, name).value = content;
      codes.get(name)?.set(content);
    },
    status: (status) => {
      line.show(status);
      if (status.kind === "saved") find(`form[action="${base}/start"]`)?.remove(); // the files are there now
    },
    conflict: (name, theirs) => {
      conflicts.get(name)?.close();
      const mine = () => areaOf(areas, name).value;
      conflicts.set(name, showConflict(form, { name, mine, theirs, choose: (keep) => saver.choose(name, keep) }));
      tabs.flag(name, true);
    },
    settled: (name) => {
      conflicts.get(name)?.close();
      conflicts.delete(name);
      tabs.flag(name, false);
    },
    drafts: draftsOf(slug),
    later,
  });

  const own = areas.filter((area) => area.dataset["readonly"] === undefined);
  const mark = (names: readonly string[], diagnostics: readonly Diagnostic[]) => {
    for (const name of names) {
      const found = diagnostics.filter((d) => d.file === name);
      if (found.length > 0) tabs.open(name);
      codes.get(name)?.mark(found);
      tabs.count(name, found.length);
    }
  };
  const live = new Live({
    ask: async (signal) => {
      const files = Object.fromEntries(own.map((area) => [area.dataset["file"] ?? "", area.value]));
      const answer = await request("POST", `${base}/diagnostics`, { files }, false, signal);
      return answer["diagnostics"] as Diagnostic[];
    },
    show: (diagnostics) => mark(own.map((area) => area.dataset["file"] ?? ""), diagnostics),
    later,
  });

  const key = (action: () => void) => () => {
    action();
    return true;
  };
  const keys = [
    { key: "Mod-Enter", run: key(() => page.start("test")) },
    { key: "Mod-Shift-Enter", run: key(() => page.start("bench")) },
    { key: "Mod-s", run: key(() => void saver.flush()), preventDefault: true },
  ];

  for (const area of areas) {
    const name = area.dataset["file"] ?? "";
    const readOnly = area.dataset["readonly"] !== undefined;
    const open = () => {
      const code = openCode({
        text: area.value,
        language: name.endsWith(".go") ? "go" : "",
        label: readOnly ? `${name}, read only` : name,
        readOnly,
        keys,
        changed: (text) => {
          area.value = text;
          if (readOnly) return;
          saver.edited(name, text);
          live.edited();
        },
      });
      codes.set(name, code);
      return code;
    };
    tabs.add(name, readOnly, area, open);
    if (!readOnly) saver.open(name, area.value, area.dataset["hash"] ?? "");
  }
  tabs.start();
  watch(base, saver);
  keepUntilSaved(base, saver);
  form.dataset["ready"] = "";

  return {
    save: () => saver.flush(),
    mark: (diagnostics) => mark(tabs.names, diagnostics),
    goTo(file, lineNumber, column) {
      tabs.show(file);
      codes.get(file)?.goTo(lineNumber, column);
    },
  };
}

function later(run: () => void, ms: number): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

function areaOf(areas: readonly HTMLTextAreaElement[], name: string): HTMLTextAreaElement {
  const area = areas.find((a) => a.dataset["file"] === name);
  if (!area) throw new Error(`no file ${name} on this page`);
  return area;
}

// The stream tells what changes while it is open; what changed before is asked for.
function watch(base: string, saver: Saver): void {
  const stop = follow(`${base}/watch`, {
    on: { files: (data) => void saver.check(JSON.parse(data) as Record<string, Remote>) },
    opened: () => void saver.check(),
    lost: () => setTimeout(() => watch(base, saver), 5_000),
  });
  addEventListener("pagehide", stop, { once: true });
}

// A hidden tab may never come back: what is not saved is sent at once. The draft stays until the server has answered.
function keepUntilSaved(base: string, saver: Saver): void {
  document.addEventListener("visibilitychange", () => document.hidden && void saver.flush());
  addEventListener("online", () => void saver.flush());
  addEventListener("pagehide", () => {
    const { rest } = saver;
    if (rest) request("PUT", `${base}/solution`, rest, true).catch(() => {});
  });
}

/** The line under the editor that says what became of the last change. */
class StatusLine {
  private readonly text = make("span", "save-status");
  private readonly retry = make("button", "ghost", "Try again");

  constructor(form: HTMLElement, retry: () => void) {
    const place = find("[data-save-status]", form) ?? form.appendChild(make("p", "stat"));
    place.setAttribute("role", "status");
    place.prepend(this.text, this.retry);
    this.retry.type = "button";
    this.retry.hidden = true;
    this.retry.addEventListener("click", retry);
  }

  show(status: Status): void {
    this.retry.hidden = status.kind !== "offline";
    this.text.dataset["kind"] = status.kind;
    this.text.textContent = wordsFor(status);
  }
}

function wordsFor(status: Status): string {
  switch (status.kind) {
    case "saved":
      return `Saved · ${status.files.join(", ")}`;
    case "changed":
      return `Taken over from disk · ${status.files.join(", ")}`;
    case "editing":
      return "Not saved yet";
    case "saving":
      return "Saving …";
    case "conflict":
      return `Two versions · ${status.files.join(", ")}`;
    case "offline":
      return `Not saved: ${status.message} Your text is kept in this browser; next try in ${status.retryIn / 1000} s.`;
    case "refused":
      return `Not saved: ${status.message} Your text is kept in this browser.`;
  }
}
