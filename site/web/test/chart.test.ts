import assert from "node:assert/strict";
import { test } from "node:test";
import { chartOption, PointCollector } from "../src/chart-lines";
import { dress, finish, revive, type Look } from "../src/chart-option";

const look: Look = {
  ink: "ink", muted: "muted", line: "line", surface: "surface", ok: "ok", sans: "Inter",
  yours: "ember", naive: "grey", reference: "petrol", others: ["one", "two"],
};

test("markers become functions wherever they stand", () => {
  const option = revive({ yAxis: [{ axisLabel: { formatter: "@fmt:bytes" } }], name: "@fmt is no marker" }) as {
    yAxis: [{ axisLabel: { formatter: (v: unknown) => string } }];
    name: string;
  };
  assert.equal(option.yAxis[0].axisLabel.formatter(1536), "1.5 KiB");
  assert.equal(option.yAxis[0].axisLabel.formatter("a word"), "a word");
  assert.equal(option.name, "@fmt is no marker");
});

test("series get the colour of their role, whatever their order", () => {
  const colours = (names: string[]) => dress(names.map((name) => ({ name, type: "line" })), look).map((s) => (s["itemStyle"] as { color: string }).color);
  assert.deepEqual(colours(["naive", "reference", "yours"]), ["grey", "petrol", "ember"]);
  assert.deepEqual(colours(["yours"]), ["ember"]);
  assert.deepEqual(colours(["leaky", "fixed"]), ["one", "two"]);
});

test("what the server chose for an axis stays", () => {
  const option = finish({ title: [{ text: "t" }], xAxis: [{ type: "log" }], yAxis: [{}], series: [{ name: "yours", type: "bar", data: [1] }] }, look, "about", 400);
  assert.equal((option["xAxis"] as { type: string }[])[0]?.type, "log");
  assert.equal("title" in option, false);
  assert.equal((option["series"] as { data: number[] }[])[0]?.data[0], 1);
});

test("there is a legend only where the axis does not name the series", () => {
  const shows = (yAxis: object) =>
    (finish({ yAxis: [yAxis], series: [{ name: "naive", type: "bar" }, { name: "yours", type: "bar" }] }, look, "", 400)["legend"] as { show: boolean }).show;
  assert.equal(shows({ data: ["naive", "reference", "yours"] }), false);
  assert.equal(shows({ type: "value" }), true);
});

test("numbers beside bars have room", () => {
  const right = (label: object) =>
    (finish({ yAxis: [{}], series: [{ name: "naive", type: "bar", label }] }, look, "", 400)["grid"] as { right: number }).right;
  assert.ok(right({ show: true, position: "right" }) >= 50, "“10,000 ms” is 50 px wide");
  assert.equal(right({}), 12);
});

test("an axis says its unit, unless each of its numbers does", () => {
  const name = (unit: string) => {
    const points = new PointCollector();
    points.take(JSON.stringify({ chart: { series: "s", unit, axis: "calls", x: 1, y: 2 } }));
    return (finish(chartOption(points), look, "", 400)["yAxis"] as { name?: string }[])[0]?.name;
  };
  assert.deepEqual(["ms", "MiB", "B", "s", ""].map(name), ["ms", "MiB", undefined, undefined, ""]);
});

test("lines that are points are taken out of the output", () => {
  const points = new PointCollector();
  assert.equal(points.take('{"chart":{"series":"leaky","unit":"B","axis":"calls","x":1,"y":10}}'), true);
  assert.equal(points.take('{"chart":{"series":"fixed","unit":"B","axis":"calls","x":1,"y":2}}'), true);
  for (const line of ["", "plain", '{"chart":1}', '{"chart":{"series":"s","x":1}}', '{"chart": broken', '{"chart":{"series":"s","x":{},"y":1}}']) {
    assert.equal(points.take(line), false, line);
  }
  const option = chartOption(points) as { series: { name: string; type: string; data: unknown[] }[] };
  assert.deepEqual(option.series.map((s) => [s.name, s.type, s.data]), [["leaky", "line", [[1, 10]]], ["fixed", "line", [[1, 2]]]]);
});

test("points over words are bars", () => {
  const points = new PointCollector();
  points.take('{"chart":{"series":"kept","unit":"B","axis":"construct","x":"closure","y":10}}');
  const option = chartOption(points) as { xAxis: { data: string[] }; series: { type: string }[] };
  assert.deepEqual(option.xAxis.data, ["closure"]);
  assert.equal(option.series[0]?.type, "bar");
});
