// Values as text, the way Node prints them, since the recorded outputs of the lessons come from Node.

const width = 72;
const maxItems = 100;
const maxDepth = 2;

/** The text of the arguments of one console call, with %s, %d, %i, %f, %j, %o, %O and %c filled in. */
export function format(args: readonly unknown[]): string {
  const rest = [...args];
  const parts: string[] = [];
  if (typeof rest[0] === "string" && rest.length > 1) {
    const template = rest.shift() as string;
    parts.push(template.replace(/%[sdifjoOc%]/g, (mark) => (mark === "%%" ? "%" : rest.length > 0 ? fill(mark, rest.shift()) : mark)));
  }
  for (const value of rest) parts.push(typeof value === "string" ? value : inspect(value));
  return parts.join(" ");
}

function fill(mark: string, value: unknown): string {
  switch (mark) {
    case "%s":
      return typeof value === "string" ? value : inspect(value);
    case "%d":
      return typeof value === "bigint" ? `${value}n` : String(Number(value));
    case "%i":
      return String(Number.parseInt(String(value), 10));
    case "%f":
      return String(Number.parseFloat(String(value)));
    case "%j":
      return JSON.stringify(value) ?? "undefined";
    case "%c":
      return "";
    default:
      return inspect(value);
  }
}

/** One value as text. */
export function inspect(value: unknown): string {
  return show(value, 0, []);
}

function quote(text: string): string {
  const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") ? "`" : "'";
  const escaped = text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/\t/g, "\\t").replace(/\r/g, "\\r");
  return mark + (mark === "'" ? escaped.replace(/'/g, "\\'") : escaped) + mark;
}

function show(value: unknown, depth: number, path: readonly object[]): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "function":
      return nameFunction(value);
    case "object":
      return value === null ? "null" : showObject(value, depth, path);
    default:
      return String(value);
  }
}

function nameFunction(f: object): string {
  const { name } = f as { name: string };
  if (/^class\b/.test(Function.prototype.toString.call(f))) return name ? `[class ${name}]` : "[class (anonymous)]";
  const kind = f.constructor?.name || "Function";
  return name ? `[${kind}: ${name}]` : `[${kind} (anonymous)]`;
}

function showObject(object: object, depth: number, path: readonly object[]): string {
  if (path.includes(object)) return "[Circular *1]";
  if (object instanceof Error) return depth === 0 ? (object.stack ?? String(object)) : `[${object.stack ?? object}]`;
  if (object instanceof Date) return Number.isNaN(object.getTime()) ? "Invalid Date" : object.toISOString();
  if (object instanceof RegExp) return String(object);
  if (object instanceof Promise) return "Promise { … }";
  if (object instanceof WeakRef) return "WeakRef { <ref> }";
  if (object instanceof WeakMap || object instanceof WeakSet) return `${object.constructor.name} { <items unknown> }`;
  const name = nameOf(object);
  if (depth > maxDepth) return Array.isArray(object) ? "[Array]" : `[${name || "Object"}]`;
  const inner = [...path, object];
  const item = (v: unknown) => show(v, depth + 1, inner);
  const [prefix, open, close, entries] = partsOf(object, name, item);
  const reference = path.length === 0 && entries.some((e) => e.includes("[Circular *1]")) ? "<ref *1> " : "";
  return reference + join(prefix, open, close, entries);
}

function partsOf(object: object, name: string, item: (v: unknown) => string): [string, string, string, string[]] {
  if (object instanceof Map) {
    return [`${name || "Map"}(${object.size})`, "{", "}", limited(object.entries(), object.size, ([k, v]) => `${item(k)} => ${item(v)}`)];
  }
  if (object instanceof Set) return [`${name || "Set"}(${object.size})`, "{", "}", limited(object.values(), object.size, item)];
  if (ArrayBuffer.isView(object) && !(object instanceof DataView)) {
    const list = object as unknown as ArrayLike<unknown>;
    return [`${name}(${list.length})`, "[", "]", limited(Array.from(list).values(), list.length, item)];
  }
  if (object instanceof ArrayBuffer) return ["ArrayBuffer", "{", "}", [`byteLength: ${object.byteLength}`]];
  if (Array.isArray(object)) {
    const prefix = name === "Array" ? "" : `${name}(${object.length})`;
    return [prefix, "[", "]", [...limited(object.values(), object.length, item), ...properties(object, item, true)]];
  }
  return [name === "Object" ? "" : name || "[Object: null prototype]", "{", "}", properties(object, item, false)];
}

function limited<T>(values: Iterable<T>, size: number, item: (v: T) => string): string[] {
  const out: string[] = [];
  for (const value of values) {
    if (out.length === maxItems) {
      out.push(`... ${size - maxItems} more item${size - maxItems === 1 ? "" : "s"}`);
      break;
    }
    out.push(item(value));
  }
  return out;
}

function properties(object: object, item: (v: unknown) => string, namedOnly: boolean): string[] {
  const out: string[] = [];
  for (const [key, p] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
    if (!p.enumerable || (namedOnly && /^\d+$/.test(key))) continue;
    const label = /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
    const accessor = p.get && p.set ? "[Getter/Setter]" : p.get ? "[Getter]" : p.set ? "[Setter]" : "";
    out.push(`${label}: ${accessor || item(p.value)}`);
  }
  return out;
}

function nameOf(object: object): string {
  for (let o: object | null = object; o; o = Object.getPrototypeOf(o) as object | null) {
    const constructor = Object.getOwnPropertyDescriptor(o, "constructor")?.value as { name?: string } | undefined;
    if (typeof constructor === "function" && constructor.name) return constructor.name;
  }
  return "";
}

function join(prefix: string, open: string, close: string, entries: readonly string[]): string {
  const head = prefix ? `${prefix} ${open}` : open;
  if (entries.length === 0) return head + close;
  const line = `${head} ${entries.join(", ")} ${close}`;
  if (line.length <= width && !line.includes("\n")) return line;
  return `${head}\n${entries.map((e) => "  " + e.replace(/\n/g, "\n  ")).join(",\n")}\n${close}`;
}
