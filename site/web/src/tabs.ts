// The tabs over the editor: one for each file, by mouse and by arrow keys. An editor is made when its tab is first opened.
import type { Code } from "./code";
import { find, make } from "./dom";

interface Tab {
  button: HTMLButtonElement;
  panel: HTMLElement;
  make: () => Code;
  code?: Code;
}

export class Tabs {
  private readonly tabs = new Map<string, Tab>();
  private readonly list: HTMLElement;
  private readonly panels = make("div", "panels");

  constructor(private readonly form: HTMLElement) {
    const given = find(".tabs", form);
    this.list = make("div", "tabs");
    this.list.setAttribute("role", "tablist");
    this.list.setAttribute("aria-label", "Files");
    if (given) given.replaceWith(this.list);
    else form.prepend(this.list);
    this.list.addEventListener("keydown", (event) => this.move(event));
  }

  get names(): string[] {
    return [...this.tabs.keys()];
  }

  add(name: string, readOnly: boolean, area: HTMLTextAreaElement, makeCode: () => Code): void {
    const place = area.closest<HTMLElement>("[data-file-field]") ?? area;
    if (this.tabs.size === 0) place.before(this.panels);
    for (const label of [...area.labels]) label.hidden = true;
    area.hidden = true;
    place.hidden = true;

    const id = `file-${this.tabs.size}`;
    const button = make("button", "", name);
    if (readOnly) button.append(make("span", "vh", " (read only)"), make("span", "lock"));
    button.type = "button";
    button.id = `${id}-tab`;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", id);
    button.addEventListener("click", () => this.show(name));
    const panel = make("div", "panel");
    panel.id = id;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", button.id);
    this.list.append(button);
    this.panels.append(panel);
    this.tabs.set(name, { button, panel, make: makeCode });
  }

  /** Shows the first file. */
  start(): void {
    const [first] = this.names;
    if (first !== undefined) this.show(first);
  }

  /** Makes the editor of a file, shown or not. */
  open(name: string): void {
    const tab = this.tabs.get(name);
    if (!tab || tab.code) return;
    tab.code = tab.make();
    tab.panel.append(tab.code.element);
  }

  show(name: string): void {
    if (!this.tabs.has(name)) return;
    this.open(name);
    for (const [other, { button, panel }] of this.tabs) {
      const current = other === name;
      button.setAttribute("aria-selected", String(current));
      button.tabIndex = current ? 0 : -1;
      panel.hidden = !current;
    }
  }

  /** Marks the tab of a file that has two versions. */
  flag(name: string, on: boolean): void {
    this.tabs.get(name)?.button.classList.toggle("flagged", on);
  }

  /** Says on the tab how many remarks the compiler has on a file. */
  count(name: string, remarks: number): void {
    const button = this.tabs.get(name)?.button;
    if (!button) return;
    find(".remarks", button)?.remove();
    if (remarks > 0) button.append(make("span", "remarks", String(remarks), make("span", "vh", remarks === 1 ? " error" : " errors")));
  }

  private move(event: KeyboardEvent): void {
    const names = this.names;
    const now = names.findIndex((name) => this.tabs.get(name)?.button === this.form.ownerDocument.activeElement);
    const to: Record<string, number> = { ArrowRight: now + 1, ArrowLeft: now - 1 + names.length, Home: 0, End: names.length - 1 };
    const index = to[event.key];
    if (now < 0 || index === undefined) return;
    event.preventDefault();
    const name = names[index % names.length] ?? "";
    this.show(name);
    this.tabs.get(name)?.button.focus();
  }
}
