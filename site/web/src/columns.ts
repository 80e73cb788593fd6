// Places in a text. Go counts columns in bytes of UTF-8, JavaScript strings are indexed in units of UTF-16.

/** The index in line of what starts at the column-th byte (from 1). Columns outside are brought inside. */
export function indexOfColumn(line: string, column: number): number {
  let bytes = 1;
  let index = 0;
  for (const char of line) {
    if (bytes >= column) break;
    bytes += utf8Length(char.codePointAt(0) ?? 0);
    index += char.length;
  }
  return index;
}

function utf8Length(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

/** The end of the word that starts at index, or one past it: the part of the line to underline. */
export function endOfWord(line: string, index: number): number {
  const word = /^[\p{L}\p{N}_]+/u.exec(line.slice(index));
  return Math.min(line.length, index + (word ? word[0].length : 1));
}
