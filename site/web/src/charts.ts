// Draws the page's charts with ECharts: as SVG, in the page's colours, with a table beside each for those who can't see it.
import { BarChart, BoxplotChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { finish, theme, type Look } from "./chart-option";
import { find, findAll, make } from "./dom";
import { formatter } from "./units";

echarts.use([
  BarChart, BoxplotChart, CustomChart, LineChart, ScatterChart,
  AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent,
  SVGRenderer,
]);

interface Drawn {
  figure: HTMLElement;
  raw: unknown;
  chart: echarts.ECharts;
}

const drawn = new Map<Element, Drawn>();

const sizes = new ResizeObserver((entries) => {
  const look = readLook();
  for (const { target } of entries) {
    const one = drawn.get(target);
    if (!one) continue;
    const before = one.chart.getWidth();
    one.chart.resize();
    if (one.chart.getWidth() !== before) apply(one, look); // the legend's rows follow from the width
  }
});

/** Draws every chart in root that is not drawn, and lets go of those that have left the page. */
export function draw(root: ParentNode): void {
  for (const [canvas, { chart }] of drawn) {
    if (canvas.isConnected) continue;
    sizes.unobserve(canvas);
    chart.dispose();
    drawn.delete(canvas);
  }
  const look = readLook();
  for (const figure of findAll("[data-chart]", root)) {
    const canvas = find(".chart-canvas", figure);
    if (!canvas || drawn.has(canvas)) continue;
    try {
      drawOne(figure, canvas, look);
    } catch (error) {
      console.error("drawing a chart:", error);
      delete figure.dataset["drawn"];
      showTable(figure);
    }
  }
}

function drawOne(figure: HTMLElement, canvas: HTMLElement, look: Look): void {
  const raw = JSON.parse(find('script[type="application/json"]', figure)?.textContent ?? "") as unknown;
  figure.dataset["drawn"] = asBars(raw) ? "bars" : "lines"; // before: the canvas has its size from it
  const chart = echarts.init(canvas, theme(look), { renderer: "svg" });
  drawn.set(canvas, { figure, raw, chart });
  apply({ figure, raw, chart }, look);
  sizes.observe(canvas);
}

function apply({ figure, raw, chart }: Drawn, look: Look): void {
  const option = finish(raw, look, describe(figure), chart.getWidth());
  const format = (raw as { tooltip?: { valueFormatter?: string } }).tooltip?.valueFormatter;
  const unit = /^@fmt:(.*)$/.exec(format ?? "")?.[1] ?? unitOfAxis(raw);
  option["tooltip"] = { ...(option["tooltip"] as object), formatter: tooltip(unit), className: "chart-tip", borderWidth: 0, padding: 0, backgroundColor: "transparent", extraCssText: "box-shadow:none", confine: true, transitionDuration: 0 };
  chart.setOption(option, { notMerge: true });
}

const asBars = (raw: unknown): boolean => (raw as { series?: { type?: string }[] }).series?.[0]?.type === "bar";

function unitOfAxis(raw: unknown): string {
  const { xAxis, yAxis } = raw as Record<string, unknown>;
  for (const axis of [yAxis, xAxis].flat() as { axisLabel?: { formatter?: unknown } }[]) {
    const mark = axis?.axisLabel?.formatter;
    if (typeof mark === "string" && mark.startsWith("@fmt:")) return mark.slice("@fmt:".length);
  }
  return "count";
}

interface TipItem {
  seriesName?: string;
  name?: string;
  axisValueLabel?: string;
  value: unknown;
  color?: unknown;
}

const hasValue = ({ value }: TipItem): boolean => typeof (Array.isArray(value) ? value.at(-1) : value) === "number";

// The tooltip is made of elements: as HTML text it would need styles in attributes, which the page's policy forbids.
function tooltip(unit: string): (params: unknown) => HTMLElement {
  const format = formatter(unit);
  const text = (value: unknown) => {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    return typeof last === "number" ? format(last) : "–";
  };
  return (params) => {
    const items = (Array.isArray(params) ? params : [params]) as TipItem[];
    const rows = items.filter(hasValue).map((item) => {
      const swatch = make("i", "swatch");
      if (typeof item.color === "string") swatch.style.background = item.color;
      return make("li", "", swatch, make("span", "", item.seriesName ?? ""), make("b", "num", text(item.value)));
    });
    return make("div", "chart-tip-in", make("p", "", items[0]?.axisValueLabel ?? items[0]?.name ?? ""), make("ul", "", ...rows));
  };
}

const describe = (figure: HTMLElement): string =>
  figure.dataset["description"] ?? find("[data-description], figcaption", figure)?.textContent?.trim() ?? "Chart";

function showTable(figure: HTMLElement): void {
  const table = find<HTMLDetailsElement>(".chart-table", figure);
  if (table) table.open = true;
}

// Custom properties hold light-dark(): the browser resolves it only where a colour is used.
function readLook(): Look {
  const probe = document.body.appendChild(make("span", "vh"));
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const look: Look = {
    ink: colour("ink"),
    muted: colour("muted"),
    line: colour("line"),
    surface: colour("surface"),
    ok: colour("ok"),
    sans: getComputedStyle(probe).fontFamily,
    yours: colour("ember-fill"),
    naive: colour("mid"),
    reference: colour("ref"),
    others: ["ember-fill", "ref", "mid", "k", "warn", "ok"].map(colour),
  };
  probe.remove();
  return look;
}

document.addEventListener("hotloop:theme", () => {
  const look = readLook();
  for (const one of drawn.values()) {
    one.chart.setTheme(theme(look));
    apply(one, look);
  }
});
