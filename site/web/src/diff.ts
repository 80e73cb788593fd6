// The difference of two texts, by lines.

/** A line of both texts (" "), of the first only ("-") or of the second only ("+"). */
export interface DiffLine {
  mark: " " | "-" | "+";
  text: string;
}

// Above this the table would need too much memory; then the parts that differ are told as a whole.
const maxCells = 4_000_000;

/** The lines of a and b, in order, with what is only in one of them. */
export function diffLines(a: string, b: string): DiffLine[] {
  const x = a.split("\n");
  const y = b.split("\n");
  let start = 0;
  while (start < x.length && start < y.length && x[start] === y[start]) start++;
  let end = 0;
  while (end < x.length - start && end < y.length - start && x.at(-1 - end) === y.at(-1 - end)) end++;
  const same = (lines: string[]): DiffLine[] => lines.map((text) => ({ mark: " ", text }));
  return [
    ...same(x.slice(0, start)),
    ...middle(x.slice(start, x.length - end), y.slice(start, y.length - end)),
    ...same(x.slice(x.length - end)),
  ];
}

function middle(x: string[], y: string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ mark: "-", text });
  const added = (text: string): DiffLine => ({ mark: "+", text });
  if (x.length * y.length > maxCells) return [...x.map(removed), ...y.map(added)];

  // length[i][j]: the longest common subsequence of x from i on and y from j on.
  const width = y.length + 1;
  const length = new Uint32Array((x.length + 1) * width);
  const get = (i: number, j: number) => length[i * width + j] ?? 0;
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      length[i * width + j] = x[i] === y[j] ? get(i + 1, j + 1) + 1 : Math.max(get(i + 1, j), get(i, j + 1));
    }
  }
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      out.push({ mark: " ", text: x[i] ?? "" });
      i++;
      j++;
    } else if (i < x.length && (j === y.length || get(i + 1, j) >= get(i, j + 1))) {
      out.push(removed(x[i++] ?? ""));
    } else {
      out.push(added(y[j++] ?? ""));
    }
  }
  return out;
}

/** The difference with only a few of the unchanged lines around what differs; a number stands for the lines left out. */
export function folded(lines: readonly DiffLine[], context = 2): (DiffLine | number)[] {
  const near = (index: number) => lines.slice(Math.max(0, index - context), index + context + 1).some((line) => line.mark !== " ");
  const out: (DiffLine | number)[] = [];
  lines.forEach((line, index) => {
    const last = out.at(-1);
    if (near(index)) out.push(line);
    else if (typeof last === "number") out[out.length - 1] = last + 1;
    else out.push(1);
  });
  return out;
}

/** The one replacement that turns a into b: everything between their common beginning and their common end. */
export function replacement(a: string, b: string): { from: number; to: number; insert: string } {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return { from: start, to: a.length - end, insert: b.slice(start, b.length - end) };
}
