// The theme: as the system has it, light or dark. It is kept in a cookie, so that the server can write it into the page
// and nothing flashes.
import { findAll } from "./dom";

export type Theme = "system" | "light" | "dark";

const order: readonly Theme[] = ["system", "light", "dark"];
const words: Record<Theme, string> = { system: "follow the system", light: "light", dark: "dark" };

/** The theme that a cookie header names. */
export function themeOf(cookies: string): Theme {
  const value = /(?:^|;\s*)hotloop-theme=(\w+)/.exec(cookies)?.[1];
  return value === "light" || value === "dark" ? value : "system";
}

/** The theme after this one, when the button is pressed. */
export const nextTheme = (theme: Theme): Theme => order[(order.indexOf(theme) + 1) % order.length] ?? "system";

/** Shows the theme chosen earlier and lets the buttons change it. Whoever draws with colours hears "hotloop:theme". */
export function startTheme(): void {
  const buttons = findAll<HTMLButtonElement>("[data-theme-toggle]");
  let theme = themeOf(document.cookie);

  const show = () => {
    const { dataset } = document.documentElement;
    if (theme === "system") delete dataset["theme"];
    else dataset["theme"] = theme;
    for (const button of buttons) {
      button.setAttribute("aria-label", `Theme: ${words[theme]}`);
      button.title = `Theme: ${words[theme]}`;
      button.hidden = false;
    }
    document.dispatchEvent(new Event("hotloop:theme"));
  };

  for (const button of buttons) {
    button.addEventListener("click", () => {
      theme = nextTheme(theme);
      const age = theme === "system" ? 0 : 31_536_000;
      document.cookie = `hotloop-theme=${theme}; path=/; max-age=${age}; SameSite=Strict`;
      show();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
}
