// Marks in the list of contents which section of a lesson is being read.
import { findAll } from "./dom";

/** Follows the scrolling, if the page has contents. */
export function startContents(): void {
  const links = findAll<HTMLAnchorElement>(".toc a[href^='#']");
  if (links.length === 0) return;
  const targets = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));

  const mark = () => {
    const line = window.innerHeight / 4;
    let current = 0;
    targets.forEach((target, index) => {
      if (target && target.getBoundingClientRect().top < line) current = index;
    });
    links.forEach((link, index) => {
      if (index === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  };
  let due = false;
  addEventListener(
    "scroll",
    () => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        mark();
      });
    },
    { passive: true },
  );
  mark();
}
