// One code editor: CodeMirror in a shadow root, where its styles are adopted sheets and the page's policy holds.
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic as Mark } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Prec, type Extension } from "@codemirror/state";
import * as cm from "@codemirror/view";
import { tags as t } from "@lezer/highlight";
import { endOfWord, indexOfColumn } from "./columns";
import { replacement } from "./diff";
import { go } from "./go-language";

/** A remark of the compiler; column counts bytes from 1, 0 means the whole line. */
export interface Diagnostic {
  file: string;
  line: number;
  column: number;
  message: string;
  severity?: string;
}

export interface Options {
  text: string;
  language: string; // "go", "js" or anything else for plain text
  label: string; // for screen readers
  readOnly?: boolean;
  keys?: cm.KeyBinding[];
  changed?: (text: string) => void;
}

/** An editor in the page. */
export interface Code {
  readonly element: HTMLElement;
  text(): string;
  /** Puts another text in, as an edit that can be undone; cursor and scrolling stay. */
  set(text: string): void;
  mark(diagnostics: readonly Diagnostic[]): void;
  /** Shows a place: line from 1, column in bytes from 1. */
  goTo(line: number, column: number): void;
  focus(): void;
  close(): void;
}

const colours = HighlightStyle.define([
  { tag: [t.keyword, t.definitionKeyword, t.moduleKeyword, t.controlKeyword, t.operatorKeyword, t.modifier], color: "var(--k)" },
  { tag: [t.string, t.special(t.string), t.regexp, t.character], color: "var(--s)" },
  { tag: t.comment, color: "var(--c)" },
  { tag: [t.number, t.bool, t.null, t.atom], color: "var(--n)" },
  { tag: [t.function(t.variableName), t.function(t.propertyName), t.function(t.definition(t.variableName))], color: "var(--f)" },
  { tag: [t.typeName, t.className, t.definition(t.typeName)], color: "var(--t)" },
  { tag: t.invalid, color: "var(--bad)" },
]);

const look = cm.EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "var(--code-size, .8438rem)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.66", fontVariantLigatures: "none", overflow: "auto", scrollbarWidth: "thin" },
  ".cm-content": { padding: ".5rem 0 1rem", caretColor: "var(--accent)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "2.2rem", padding: "0 .5rem 0 .2rem" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--sunk) 60%, transparent)" },
  ".cm-activeLineGutter": { color: "var(--ink)", fontWeight: "600" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--warn-soft)" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)", outline: "1px solid var(--warn)" },
  ".cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--warn) 40%, transparent)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-panels": { backgroundColor: "var(--sunk)", color: "var(--ink)", borderColor: "var(--line)", fontFamily: "var(--sans)" },
  ".cm-panel input, .cm-panel button": { font: "500 .8125rem var(--sans)", color: "var(--ink)", backgroundImage: "none" },
  ".cm-textfield": { backgroundColor: "var(--surface)", border: "1px solid var(--edge)", borderRadius: "6px" },
  ".cm-button": { backgroundColor: "var(--surface)", border: "1px solid var(--edge)", borderRadius: "6px" },
  ".cm-tooltip": { backgroundColor: "var(--raise)", color: "var(--ink)", border: "1px solid var(--edge)", borderRadius: "8px" },
  ".cm-diagnostic": { font: ".8125rem/1.45 var(--sans)", padding: ".35rem .6rem" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy 1px var(--bad)", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy 1px var(--warn)", textUnderlineOffset: "3px" },
});

const common: Extension = [
  cm.lineNumbers(),
  lintGutter(),
  history(),
  cm.highlightActiveLineGutter(),
  cm.highlightActiveLine(),
  cm.highlightSpecialChars(),
  cm.drawSelection(),
  cm.dropCursor(),
  cm.rectangularSelection(),
  cm.crosshairCursor(),
  EditorState.allowMultipleSelections.of(true),
  EditorState.tabSize.of(4),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightSelectionMatches(),
  syntaxHighlighting(colours),
  look,
  cm.keymap.of([...closeBracketsKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap, ...defaultKeymap, indentWithTab]),
];

const indents: Record<string, string> = { go: "\t", js: "  " };

async function languageOf(name: string): Promise<Extension> {
  if (name === "go") return go();
  if (name !== "js") return [];
  const { javascript } = await import("@codemirror/lang-javascript");
  return javascript();
}

/** Makes an editor. The caller puts its element into the page. */
export function openCode({ text, language, label, readOnly = false, keys = [], changed }: Options): Code {
  const element = document.createElement("div");
  element.className = "code-editor";
  const root = element.attachShadow({ mode: "open" });
  const grammar = new Compartment();
  const view = new cm.EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(cm.keymap.of(keys)),
        common,
        grammar.of([]),
        indentUnit.of(indents[language] ?? "\t"),
        EditorState.readOnly.of(readOnly),
        cm.EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
        cm.EditorView.updateListener.of((update) => {
          if (update.docChanged) changed?.(update.state.doc.toString());
        }),
      ],
    }),
  });
  void languageOf(language).then((extension) => view.dispatch({ effects: grammar.reconfigure(extension) }));

  return {
    element,
    text: () => view.state.doc.toString(),
    set: (next) => view.dispatch({ changes: replacement(view.state.doc.toString(), next) }),
    mark: (diagnostics) => view.dispatch(setDiagnostics(view.state, diagnostics.map((d) => markOf(view.state, d)))),
    goTo(line, column) {
      const { from } = markOf(view.state, { file: "", line, column, message: "" });
      view.dispatch({ selection: { anchor: from }, effects: cm.EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    close() {
      view.destroy();
      element.remove();
    },
  };
}

function markOf(state: EditorState, { line, column, message, severity }: Diagnostic): Mark {
  const { from, to, text } = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
  const kind = severity === "warning" ? "warning" : "error";
  if (column < 1) return { from, to, message, severity: kind };
  const index = indexOfColumn(text, column);
  return { from: from + index, to: from + endOfWord(text, index), message, severity: kind };
}
