// What a snippet's worker tells the page.

/** A piece of what the snippet printed. */
export interface Part {
  stream: "stdout" | "stderr";
  text: string;
}

/** done and failed are the last; text is the error with its stack, line numbers counted in the snippet. */
export type Message =
  | { type: "started" }
  | { type: "output"; parts: Part[] }
  | { type: "done" }
  | { type: "failed"; text: string };
