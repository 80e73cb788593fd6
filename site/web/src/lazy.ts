// The parts that most pages never need, loaded when they are.
import { find } from "./dom";

/** The editor: CodeMirror and what keeps a page and the files on disk the same. */
export const loadEditor = () => import("./editor");

/** What runs a component in a frame of its own. */
export const loadLabs = () => import("./labs");

/** Draws the charts in root that are not drawn yet, loading the chart library if there are any. */
export async function drawCharts(root: ParentNode): Promise<void> {
  if (!find("[data-chart]", root)) return;
  const charts = await import("./charts");
  charts.draw(root);
}
