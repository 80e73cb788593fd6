import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTheme, themeOf } from "../src/theme";

test("the theme is read from its cookie, among others", () => {
  assert.equal(themeOf("a=1; hotloop-theme=dark; b=2"), "dark");
  assert.equal(themeOf("hotloop-theme=light"), "light");
  assert.equal(themeOf("not-hotloop-theme=dark"), "system");
  assert.equal(themeOf("hotloop-theme=purple"), "system");
  assert.equal(themeOf(""), "system");
});

test("the button goes round", () => {
  assert.equal(nextTheme("system"), "light");
  assert.equal(nextTheme("light"), "dark");
  assert.equal(nextTheme("dark"), "system");
});
