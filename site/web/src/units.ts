// Numbers with units, as people read them.

const durations: Record<string, number> = { ms: 1, s: 1000, m: 60_000 };

/** A Go duration of one unit ("5s", "250ms", "1m") in milliseconds; 0 if it is something else. */
export function milliseconds(duration: string): number {
  const [, value, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(duration.trim()) ?? [];
  return value ? Number(value) * (durations[unit] ?? 0) : 0;
}

// Three digits that count: 1.24, 12.4, 124; trailing zeros say nothing.
function digits(value: number): string {
  const size = Math.abs(value);
  const places = size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}

function scaled(value: number, base: number, names: readonly string[]): string {
  let scale = 0;
  let rest = value;
  while (Math.abs(rest) >= base * 0.9995 && scale < names.length - 1) {
    rest /= base;
    scale++;
  }
  return `${digits(rest)} ${names[scale]}`;
}

/** Bytes in powers of 1024: "1.5 MiB". */
export const bytes = (value: number): string => scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);

/** Seconds: "28.1 ns", "1.71 ms", "2.5 s". */
export function seconds(value: number): string {
  if (value === 0) return "0 s";
  return Math.abs(value) >= 0.9995 ? `${digits(value)} s` : scaled(value * 1e9, 1000, ["ns", "µs", "ms"]);
}

/** A plain number: "1,000,000", "12.4", "0.00342". */
export function count(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.1) return String(Number(value.toPrecision(3)));
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : digits(value);
}

const formatters = new Map<string, (value: number) => string>([
  ["bytes", bytes],
  ["B", bytes],
  ["B/op", bytes],
  ["kept-B", bytes],
  ["seconds", seconds],
  ["s", seconds],
  ["sec", seconds],
  ["sec/op", seconds],
]);

/** Whether numbers of this unit are written with it; of others the unit has to stand beside. */
export const namesItself = (unit: string): boolean => formatters.has(unit);

/** The formatter for a unit or for the name in an "@fmt:" marker; count for those it does not know. */
export const formatter = (unit: string): ((value: number) => string) => formatters.get(unit) ?? count;
