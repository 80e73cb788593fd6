// The server's chart options made ready for drawing: what JSON cannot hold put in, colours by role, sizes for the space.
import { formatter, namesItself } from "./units";

/** Colours and fonts of the page, as the styles have them now. */
export interface Look {
  ink: string;
  muted: string;
  line: string;
  surface: string;
  ok: string;
  sans: string;
  yours: string;
  naive: string;
  reference: string;
  others: string[];
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Option = Record<string, unknown>;

const marker = /^@fmt:(.*)$/;

/** Puts functions where the server wrote "@fmt:bytes" and the like. Everything else is copied. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value as Record<string, Json>).map(([key, v]) => [key, revive(v)]));
  }
  const unit = typeof value === "string" ? marker.exec(value)?.[1] : undefined;
  if (unit === undefined) return value;
  const format = formatter(unit);
  return (v: unknown) => (typeof v === "number" ? format(v) : String(v ?? ""));
}

/** The colour of a series: its role's, or the next of the others. */
export function colourOf(name: string, index: number, look: Look): string {
  if (name === "yours" || name === "naive" || name === "reference") return look[name];
  return look.others[index % look.others.length] ?? look.ink;
}

interface Series extends Record<string, unknown> {
  name?: string;
  type?: string;
}

/** Colours each series by its role. The reference is also hatched or dashed, so that no role is known by colour alone. */
export function dress(series: readonly Series[], look: Look): Series[] {
  return series.map((one, index) => {
    const name = String(one.name ?? "");
    const color = colourOf(name, index, look);
    const dashed = name === "reference" ? "dashed" : name === "naive" ? "dotted" : "solid";
    const decal = name === "reference" ? { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -0.8, color: look.surface } : { symbol: "none" };
    const style = asObject(one["itemStyle"]);
    const line = asObject(one["lineStyle"]);
    return {
      ...one,
      itemStyle: { ...style, color, decal },
      ...(one.type === "line" ? { lineStyle: { width: 2, type: dashed, ...line, color }, showSymbol: false, symbolSize: 7 } : {}),
      ...(one.type === "bar" ? { barMaxWidth: 26, label: { ...asObject(one["label"]), color: look.ink, textBorderWidth: 0 } } : {}),
      ...(one["markLine"] ? { markLine: dressMark(asObject(one["markLine"]), look) } : {}),
    };
  });
}

function dressMark(mark: Record<string, unknown>, look: Look): Record<string, unknown> {
  return {
    symbol: "none",
    animation: false,
    ...mark,
    lineStyle: { color: look.ok, type: "dashed", width: 2 },
    label: { position: "insideEndTop", ...asObject(mark["label"]), color: look.ok, textBorderWidth: 0 },
  };
}

/** Text and lines of axes, legend and tooltip in the page's colours. */
export function theme(look: Look): Record<string, unknown> {
  const axis = {
    axisLine: { lineStyle: { color: look.line } },
    axisTick: { show: false },
    axisLabel: { color: look.muted, fontFamily: look.sans, fontSize: 12, hideOverlap: true },
    nameTextStyle: { color: look.muted, fontFamily: look.sans },
    splitLine: { lineStyle: { color: look.line } },
    minorSplitLine: { show: false },
  };
  return {
    backgroundColor: "transparent",
    textStyle: { color: look.ink, fontFamily: look.sans },
    categoryAxis: { ...axis, splitLine: { show: false } },
    valueAxis: { ...axis, axisLine: { show: false } },
    logAxis: { ...axis, axisLine: { show: false } },
    legend: { textStyle: { color: look.muted, fontFamily: look.sans }, itemWidth: 18, itemHeight: 10, icon: "roundRect" },
  };
}

const asObject = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const asList = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.map(asObject) : value ? [asObject(value)] : []);

/** What a chart is drawn from, width pixels wide. Titles are the page's, not the picture's. */
export function finish(raw: unknown, look: Look, description: string, width: number): Option {
  const option = asObject(revive(raw));
  const { title: _title, series, ...rest } = option;
  const list = dress(asList(series) as Series[], look);
  const xAxis = asList(option["xAxis"]);
  const yAxis = asList(option["yAxis"]).map(({ name, ...axis }) => (typeof name === "string" && !namesItself(name) ? { ...axis, name } : axis));
  const names = list.map((one) => String(one.name ?? ""));
  const legend = list.length > 1 && !namedByAxis(names, [...xAxis, ...yAxis]);
  const marked = list.some((one) => one["markLine"]);
  const named = yAxis.some((axis) => axis["name"]);
  // The number at the end of the longest bar stands beyond the plot.
  const right = list.some((one) => one.type === "bar" && asObject(one["label"])["position"] === "right") ? 56 : 12;
  const top = 8 + (legend ? 22 * legendRows(names, width) + 4 : 0) + (named || marked ? 18 : 0);
  return {
    ...rest,
    animation: false,
    aria: { enabled: true, label: { description }, decal: { show: false } },
    legend: { ...asList(option["legend"])[0], top: 0, left: 0, itemGap: 14, show: legend },
    grid: { left: 4, right, top, bottom: 4, outerBoundsMode: "same", outerBounds: { left: 4, right, top, bottom: 4 } },
    xAxis: xAxis.map((axis) => ({ ...axis, nameLocation: "middle", nameGap: 26 })),
    yAxis: yAxis.map((axis) => ({ ...axis, nameGap: 10, nameTextStyle: { align: "left" } })),
    tooltip: { trigger: "axis", axisPointer: { type: "line", lineStyle: { color: look.line, type: "solid" } } },
    series: list,
  };
}

// Bars that each have their series' name beside them need no legend.
const namedByAxis = (names: readonly string[], axes: readonly Record<string, unknown>[]): boolean =>
  axes.some((axis) => Array.isArray(axis["data"]) && names.every((name) => (axis["data"] as unknown[]).includes(name)));

/** How many rows the legend takes: seven pixels a character, and the swatch. */
function legendRows(names: readonly string[], width: number): number {
  let rows = 1;
  let used = 0;
  for (const name of names) {
    const needed = name.length * 7 + 38;
    if (used > 0 && used + needed > width) {
      rows++;
      used = 0;
    }
    used += needed;
  }
  return rows;
}
