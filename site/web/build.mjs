// Builds site/web into dist: scripts, styles, fonts and images under names that carry a hash of their content, a .gz beside
// each, and manifest.json, which maps the plain names to them. The same input gives the same bytes.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { build } from "esbuild";
import { buildFonts } from "./fonts.mjs";

const home = dirname(fileURLToPath(import.meta.url));
const dist = join(home, "dist");

// What a first visit may cost, in bytes after gzip. The build fails above.
const budgets = {
  "app.js": 6_500,
  "app.css": 10_000,
  "editor.js": 150_000,
  "charts.js": 230_000,
  "js-worker.js": 6_200,
  "lab-frame.js": 2_000,
  "labs.js": 2_000,
};

const common = {
  absWorkingDir: home,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  outdir: "dist",
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
  target: ["es2022", "chrome123", "firefox121", "safari17.5"],
};

const hashOf = (data) => createHash("sha256").update(data).digest("hex").slice(0, 8).toUpperCase();

/** @type {Map<string, Buffer>} file name in dist → content */
const files = new Map();
/** @type {Record<string, string>} */
const manifest = {};

function add(name, data) {
  const dot = name.lastIndexOf(".");
  const hashed = `${name.slice(0, dot)}-${hashOf(data)}${name.slice(dot)}`;
  files.set(hashed, Buffer.from(data));
  manifest[name] = hashed;
  return hashed;
}

async function bundle(entryPoints, options) {
  const result = await build({ ...common, format: "esm", entryPoints, entryNames: "[name]-[hash]", chunkNames: "chunk-[hash]", ...options });
  for (const file of result.outputFiles) files.set(basename(file.path), Buffer.from(file.contents));
  for (const [path, { entryPoint }] of Object.entries(result.metafile.outputs)) {
    if (entryPoints.includes(entryPoint)) manifest[basename(entryPoint).replace(/\.ts$/, ".js")] = basename(path);
  }
}

// Two builds: app.js, which every page loads, is one file, and shares no chunk with what is loaded later.
async function addScripts() {
  await bundle(["src/editor.ts", "src/charts.ts", "src/labs.ts"], { splitting: true });
  const loadedLater = {
    name: "loaded later",
    setup(b) {
      b.onResolve({ filter: /^\.\/(editor|charts|labs)$/ }, ({ path, kind }) => {
        if (kind !== "dynamic-import") return fail(`app.ts must not take ${path} in: import() it`);
        return { path: `./${manifest[`${basename(path)}.js`]}`, external: true };
      });
    },
  };
  await bundle(["src/app.ts"], { plugins: [loadedLater] });
}

// Scripts that run apart from the page, in a worker and in a frame, each with a policy of its own.
async function addApart() {
  for (const name of ["js-worker", "lab-frame"]) {
    const result = await build({ ...common, format: "iife", entryPoints: [`src/${name}.ts`], keepNames: name === "js-worker" });
    add(`${name}.js`, result.outputFiles[0].contents);
  }
}

async function addStyles() {
  const fontNames = {
    name: "fonts",
    setup(b) {
      b.onResolve({ filter: /^fonts\// }, ({ path }) => ({
        path: `./${manifest[basename(path)] ?? fail(`no font ${path}`)}`,
        external: true,
      }));
    },
  };
  const result = await build({ ...common, entryPoints: ["css/app.css"], plugins: [fontNames] });
  add("app.css", result.outputFiles[0].contents);
}

async function addImages() {
  for (const name of (await readdir(join(home, "img"))).sort()) add(name, await readFile(join(home, "img", name)));
}

function fail(message) {
  throw new Error(message);
}

// Text gains from gzip; woff2 is compressed already.
async function compressed() {
  const out = new Map();
  const zip = promisify(gzip);
  await Promise.all(
    [...files].filter(([name]) => !name.endsWith(".woff2")).map(async ([name, data]) => {
      out.set(`${name}.gz`, await zip(data, { level: 9 }));
    }),
  );
  return out;
}

// The static imports of an entry come with it and count with it.
function weight(entry, gz) {
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return 0;
    seen.add(name);
    const text = files.get(name).toString();
    let sum = (gz.get(`${name}.gz`) ?? files.get(name)).length;
    for (const [, , imported] of text.matchAll(/(?:^|[;}])(import|export)[^;"'()]*?["']\.\/([^"']+)["']/g)) sum += visit(imported);
    return sum;
  };
  return visit(manifest[entry]);
}

// A server that reads dist meanwhile never sees a half-written file; names that are gone are removed last.
async function writeAll(gz) {
  await mkdir(dist, { recursive: true });
  const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
  const all = new Map([...files, ...gz, ["manifest.json", Buffer.from(JSON.stringify(sorted, null, 2) + "\n")]]);
  for (const [name, data] of all) {
    const temporary = join(dist, `.${name}.new`);
    await writeFile(temporary, data);
    await rename(temporary, join(dist, name));
  }
  for (const name of await readdir(dist)) {
    if (name !== ".gitkeep" && !all.has(name)) await rm(join(dist, name), { recursive: true });
  }
}

const started = performance.now();
const fonts = buildFonts(home).then((list) => list.forEach(([name, data]) => add(name, data)));
await Promise.all([addScripts(), addApart(), addImages(), fonts]);
await addStyles();
const gz = await compressed();
await writeAll(gz);

const over = [];
for (const name of Object.keys(manifest).sort()) {
  const bytes = weight(name, gz);
  console.log(`${name.padEnd(22)} ${String(bytes).padStart(8)} B gz`);
  if (bytes > (budgets[name] ?? Infinity)) over.push(`${name} is ${bytes} B, more than its ${budgets[name]} B`);
}
console.log(`built in ${((performance.now() - started) / 1000).toFixed(2)} s`);
if (over.length > 0) {
  console.error(over.join("\n"));
  process.exitCode = 1;
}
