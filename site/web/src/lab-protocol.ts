// What a page and the frame of a lab tell each other, over the port that comes with the first message.

/** count: how much of what is tracked is still reachable after visits. latency: the gaps between frames around a task. */
export type Measure = "count" | "latency";

/** The first message, to the frame's window. */
export interface Start {
  source: string;
  measure: Measure;
  theme: string; // a value of color-scheme
}

/** Later ones: one round of the lab. */
export interface Go {
  visits: number;
}

/** What a round found. Totals are of all rounds since the start. */
export interface Reached {
  type: "reached";
  visits: number;
  tracked: number;
  reachable: number;
  sure: boolean; // known garbage of the same kinds was collected, so what is left is held
}

export type Answer =
  | { type: "ready" }
  | Reached
  | { type: "frames"; gaps: number[]; task: number } // milliseconds; task: index of the gap in which the task ran
  | { type: "failed"; text: string };
