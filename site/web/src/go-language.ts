// Go for the editor: its grammar with the indentation of gofmt.
import { LanguageSupport, LRLanguage, continuedIndent, delimitedIndent, flatIndent, indentNodeProp } from "@codemirror/language";
import type { TreeIndentContext } from "@codemirror/language";
import { parser } from "@lezer/go";

// case and default stand under switch and select; what they hold is one step in.
function switchIndent(context: TreeIndentContext): number {
  return context.baseIndent + (/^\s*(\}|case\b|default\b)/.test(context.textAfter) ? 0 : context.unit);
}

const language = LRLanguage.define({
  name: "go",
  parser: parser.configure({
    props: [
      indentNodeProp.add({
        "Block StructBody InterfaceBody LiteralValue": delimitedIndent({ closing: "}", align: false }),
        "Parameters Arguments SpecList": delimitedIndent({ closing: ")", align: false }),
        "SwitchBlock SelectBlock": switchIndent,
        IfStatement: continuedIndent({ except: /^\s*(\{|else\b)/ }),
        LabeledStatement: flatIndent,
        Case: continuedIndent({ except: /^\s*(\}|case\b|default\b)/ }),
        BlockComment: () => null,
      }),
    ],
  }),
  languageData: {
    closeBrackets: { brackets: ["(", "[", "{", "'", '"', "`"] },
    commentTokens: { line: "//", block: { open: "/*", close: "*/" } },
    indentOnInput: /^\s*(?:case\b|default\b|\})$/,
  },
});

export const go = (): LanguageSupport => new LanguageSupport(language);
