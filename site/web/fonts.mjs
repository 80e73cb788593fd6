// Cuts the two typefaces down to what the pages use: Latin, weights 400 to 700, and the layout features that the styles
// ask for. Characters outside fall back to the reader's own fonts. Copyright and licence stay in the fonts' name table.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import subsetFont from "subset-font";

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)).join("");
const latin = range(0x20, 0x7e) + range(0xa0, 0xff);
const signs = "–—‘’“”…•‹›€™−←↑→↓";

// copyright, family, style, unique id, full name, version, PostScript name, licence, licence address
const preserveNameIds = [0, 1, 2, 3, 4, 5, 6, 13, 14];

const fonts = [
  {
    name: "inter.woff2",
    file: "inter/files/inter-latin-wght-normal.woff2",
    keepFeatures: ["kern", "tnum", "mark", "ccmp", "cv11", "ss03"],
  },
  {
    // No ligatures: what is on the screen is what is in the file.
    name: "jetbrains-mono.woff2",
    file: "jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
    keepFeatures: ["mark", "ccmp", "zero"],
  },
];

/** The font files as pairs of name and content. Cutting takes seconds, so the result is kept beside the packages. */
export async function buildFonts(home) {
  const cache = join(home, "node_modules/.cache/hotloop");
  await mkdir(cache, { recursive: true });
  const recipe = await readFile(new URL(import.meta.url));
  const results = [];
  for (const { name, file, keepFeatures } of fonts) {
    const source = await readFile(join(home, "node_modules/@fontsource-variable", file));
    const key = createHash("sha256").update(recipe).update(source).digest("hex").slice(0, 16);
    const kept = join(cache, `${key}-${name}`);
    const data = await readFile(kept).catch(() => cut(source, keepFeatures));
    await writeFile(kept, data);
    results.push([name, data]);
  }
  return results;
}

const cut = (source, keepFeatures) =>
  subsetFont(source, latin + signs, {
    targetFormat: "woff2",
    variationAxes: { wght: { min: 400, max: 700 } },
    keepFeatures,
    preserveNameIds,
  });
