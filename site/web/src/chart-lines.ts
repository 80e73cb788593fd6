// A snippet draws a chart by printing lines of JSON, one point each:
// {"chart":{"series":"leaky","unit":"B","axis":"calls","x":100,"y":4096}}
import { make } from "./dom";

interface Point {
  series: string;
  unit: string;
  axis: string;
  x: number | string;
  y: number;
}

/** The points printed so far, by series, in the order of their first line. */
export class PointCollector {
  readonly series = new Map<string, [number | string, number][]>();
  unit = "";
  axis = "";

  get any(): boolean {
    return this.series.size > 0;
  }

  /** Takes a line if it is a point; false if it is ordinary output. */
  take(line: string): boolean {
    if (!line.startsWith('{"chart"')) return false;
    let point: Partial<Point> | undefined;
    try {
      point = (JSON.parse(line) as { chart?: Partial<Point> }).chart;
    } catch {
      return false;
    }
    const { series, x, y, unit, axis } = point ?? {};
    if (typeof series !== "string" || typeof y !== "number" || (typeof x !== "number" && typeof x !== "string")) return false;
    if (!this.series.has(series)) this.series.set(series, []);
    this.series.get(series)?.push([x, y]);
    this.unit = typeof unit === "string" ? unit : this.unit;
    this.axis = typeof axis === "string" ? axis : this.axis;
    return true;
  }
}

/** The distance of an axis' marks for bytes up to top: a power of two, or the marks would read 977 KiB, 1.91 MiB. */
const byteStep = (top: number): number => 2 ** Math.ceil(Math.log2(Math.max(top, 4) / 5));

/** The points as an option of the chart library: bars if x are words, else lines. */
export function chartOption({ series, unit, axis }: PointCollector): Record<string, unknown> {
  const words = [...series.values()].flat().some(([x]) => typeof x === "string");
  const top = Math.max(...[...series.values()].flat().map(([, y]) => y));
  const categories = [...new Set([...series.values()].flat().map(([x]) => String(x)))];
  return {
    legend: {},
    tooltip: { trigger: "axis", valueFormatter: `@fmt:${unit}` },
    xAxis: words
      ? { type: "category", data: categories, name: axis }
      : { type: "value", name: axis, min: "dataMin", max: "dataMax", axisLabel: { formatter: "@fmt:count" } },
    yAxis: { type: "value", name: unit, axisLabel: { formatter: `@fmt:${unit}` }, ...(unit === "B" ? { interval: byteStep(top) } : {}) },
    series: [...series].map(([name, points]) => ({
      name,
      type: words ? "bar" : "line",
      data: words ? points.map(([x, y]) => [String(x), y]) : points,
    })),
  };
}

/** A figure in the markup that the server uses for charts, with the numbers as a table. */
export function chartFigure(points: PointCollector): HTMLElement {
  const figure = make("figure", "chart");
  figure.dataset["chart"] = "";
  const names = [...points.series.keys()];
  const data = make("script");
  data.type = "application/json";
  data.textContent = JSON.stringify(chartOption(points));
  const unit = points.unit ? `, ${points.unit}` : "";
  const table = make("table", "", headRow([points.axis || "x", ...names.map((name) => name + unit)]), bodyRows(points, names));
  const details = make("details", "chart-table", make("summary", "", "Show as a table"), table);
  const what = names.length > 2 ? points.unit.replace(/^B$/, "bytes") : names.join(" and "); // the legend names many
  const caption = make("figcaption", "", `${what} by ${points.axis || "x"}`);
  figure.append(caption, make("div", "chart-canvas"), data, details);
  return figure;
}

function headRow(cells: string[]): HTMLElement {
  const row = make("tr");
  for (const cell of cells) {
    const th = make("th", "", cell);
    th.scope = "col";
    row.append(th);
  }
  return make("thead", "", row);
}

function bodyRows({ series }: PointCollector, names: string[]): HTMLElement {
  const xs = [...new Set([...series.values()].flat().map(([x]) => x))];
  const rows = xs.map((x) => {
    const head = make("th", "", String(x));
    head.scope = "row";
    const cells = names.map((name) => make("td", "num", String(series.get(name)?.find(([other]) => other === x)?.[1] ?? "")));
    return make("tr", "", head, ...cells);
  });
  return make("tbody", "", ...rows);
}
