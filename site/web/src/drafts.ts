// Unsaved text in the browser's storage, by exercise and file.
import type { Drafts } from "./saving";

/** The drafts of one exercise. Where there is no storage (private windows, full disk) nothing is kept, and nothing breaks. */
export function draftsOf(slug: string): Drafts {
  const key = (name: string) => `hotloop/draft/${slug}/${name}`;
  const attempt = <T>(f: () => T): T | undefined => {
    try {
      return f();
    } catch {
      return undefined;
    }
  };
  return {
    get: (name) =>
      attempt(() => {
        const text = localStorage.getItem(key(name));
        return text ? (JSON.parse(text) as { content: string; base: string }) : undefined;
      }),
    set: (name, content, base) => void attempt(() => localStorage.setItem(key(name), JSON.stringify({ content, base }))),
    remove: (name) => void attempt(() => localStorage.removeItem(key(name))),
  };
}
