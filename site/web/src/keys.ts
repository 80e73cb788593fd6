// Keys that work on every page: "/" goes to the search, "?" shows all keys.
import { find } from "./dom";

const typing = (element: Element | null): boolean =>
  element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || !!element.shadowRoot);

/** Listens for the keys. */
export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(document.activeElement)) return;
    if (event.key === "/") {
      const search = find<HTMLElement>('header input[type="search"], header .search');
      if (!search) return;
      event.preventDefault();
      search.focus();
    } else if (event.key === "?") {
      location.assign("/keyboard");
    }
  });
}
