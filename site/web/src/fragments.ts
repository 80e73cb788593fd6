// Putting a section that the server drew anew in the place of the old one, without taking the reader's place away: focus,
// opened details and scrolling stay where they were.

type Path = number[];

function pathOf(element: Element, root: Element): Path {
  const path: Path = [];
  for (let e: Element = element; e !== root && e.parentElement; e = e.parentElement) {
    path.unshift([...e.parentElement.children].indexOf(e));
  }
  return path;
}

const at = (root: Element, path: Path): Element | undefined =>
  path.reduce<Element | undefined>((element, index) => element?.children[index], root);

function remember(section: HTMLElement): () => void {
  const restore: (() => void)[] = [];
  const keep = (element: Element, apply: (now: HTMLElement) => void) => {
    const path = pathOf(element, section);
    const { id } = element;
    restore.push(() => {
      const now = (id && section.querySelector(`#${CSS.escape(id)}`)) || at(section, path);
      if (now instanceof HTMLElement) apply(now);
    });
  };
  for (const details of section.querySelectorAll("details")) {
    const { open } = details;
    keep(details, (now) => now instanceof HTMLDetailsElement && (now.open = open));
  }
  for (const element of section.querySelectorAll("*")) {
    const { scrollTop, scrollLeft } = element;
    if (scrollTop || scrollLeft) keep(element, (now) => now.scrollTo(scrollLeft, scrollTop));
  }
  const active = document.activeElement;
  if (active && active !== section && section.contains(active)) keep(active, (now) => now.focus({ preventScroll: true }));
  return () => restore.forEach((f) => f());
}

/**
 * Replaces what is in the element with this id. The element itself stays, because a screen reader announces changes only
 * in a live region that was there before. Returns it, or null if there was nothing to change.
 */
export function replaceSection(id: string, html: string): HTMLElement | null {
  const section = document.getElementById(id);
  if (!section) return null;
  const template = document.createElement("template");
  template.innerHTML = html;
  const first = template.content.firstElementChild;
  const whole = first?.id === id ? first : null;
  const restore = remember(section);
  if (whole) {
    for (const { name } of [...section.attributes]) if (!whole.hasAttribute(name)) section.removeAttribute(name);
    for (const { name, value } of whole.attributes) {
      if (section.getAttribute(name) !== value) section.setAttribute(name, value);
    }
  }
  section.replaceChildren(...(whole ?? template.content).childNodes);
  restore();
  return section;
}
