// Both versions of a file that was changed in the page and on disk, side by side, and the choice between them.
import { diffLines, folded, type DiffLine } from "./diff";
import { make } from "./dom";
import type { Remote } from "./saving";

export interface ConflictOptions {
  name: string;
  mine: () => string; // the text in the page, which may still be edited
  theirs: Remote;
  choose: (keepMine: boolean) => void;
}

export interface ConflictPanel {
  close(): void;
}

/** Shows the panel at the top of the form. */
export function showConflict(form: HTMLElement, { name, mine, theirs, choose }: ConflictOptions): ConflictPanel {
  const lines = folded(diffLines(mine(), theirs.content));
  const without = (mark: string) => lines.filter((line) => typeof line === "number" || line.mark !== mark);
  const panel = make(
    "section",
    "conflict",
    make("h3", "", `${name} was changed here and on disk`),
    make("p", "", "Nothing is saved or overwritten until you choose. You can go on editing meanwhile."),
    make(
      "div",
      "versions",
      version("In this page", without("+"), mine, button("Keep mine", "btn-p", () => choose(true))),
      version("On disk", without("-"), () => theirs.content, button("Take the file’s", "", () => choose(false))),
    ),
  );
  panel.setAttribute("role", "alert");
  panel.dataset["file"] = name;
  form.prepend(panel);
  return { close: () => panel.remove() };
}

function version(title: string, lines: (DiffLine | number)[], text: () => string, choice: HTMLButtonElement): HTMLElement {
  const code = make("pre", "code");
  code.tabIndex = 0;
  code.setAttribute("role", "region");
  code.setAttribute("aria-label", title);
  for (const line of lines) {
    if (typeof line === "number") code.append(make("span", "fold", `${line === 1 ? "one line" : `${line} lines`} the same\n`));
    else code.append(line.mark === " " ? `${line.text}\n` : make("mark", "", `${line.text}\n`));
  }
  const copy = button("Copy", "ghost", () => {
    void navigator.clipboard.writeText(text()).then(
      () => (copy.textContent = "Copied"),
      () => (copy.textContent = "Select the text to copy it"),
    );
  });
  return make("div", "version", make("h4", "", title), code, make("p", "choices", choice, copy));
}

function button(text: string, className: string, action: () => void): HTMLButtonElement {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}
