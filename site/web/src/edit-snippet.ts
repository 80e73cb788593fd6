// The editor of one runnable block of a lesson.
import { openCode } from "./code";

export interface SnippetOptions {
  before: HTMLElement; // the editor is put in before it
  source: string;
  language: string;
  label: string;
  run: () => void;
}

/** Opens an editor and puts the cursor into it. */
export function editSnippet({ before, source, language, label, run }: SnippetOptions): { text(): string; close(): void } {
  const runs = () => {
    run();
    return true;
  };
  const code = openCode({ text: source, language, label, keys: [{ key: "Mod-Enter", run: runs }] });
  code.element.classList.add("in-lesson");
  before.before(code.element);
  code.focus();
  return code;
}
