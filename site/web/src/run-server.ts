// Runs a snippet on the server, and follows what it prints.
import { request, Failure } from "./http";
import type { Part } from "./js-protocol";
import type { Ending, Run } from "./run-worker";
import { follow } from "./stream";

/** A snippet as POST /snippets/runs takes it. */
export interface Snippet {
  executor: string;
  source: string;
  flags: string[];
  timeout: string;
}

interface RunEvent {
  output?: Part;
  step?: { phase: string; status?: string; note?: string };
  point?: { series: string; unit: string; axis?: string; x: number; y: number };
  diagnostic?: { file: string; line: number; column: number; message: string };
}

/** Starts the snippet. The Ending comes when the server has told the verdict. */
export function runOnServer(snippet: Snippet, print: (part: Part) => void): Run {
  let id = "";
  let stopped = false;
  let close = () => {};
  const cancel = () => void request("DELETE", `/runs/${encodeURIComponent(id)}`).catch(() => {});

  const ended = new Promise<Ending>((resolve) => {
    const end = (ending: Ending) => {
      close();
      resolve(ending);
    };
    const event = (data: string) => {
      const { output, point, diagnostic: d } = JSON.parse(data) as RunEvent;
      if (output) print(output);
      if (point) print({ stream: "stdout", text: `${JSON.stringify({ chart: point })}\n` }); // as a worker's block prints it
      if (d) print({ stream: "stderr", text: `${d.file}:${d.line}:${d.column}: ${d.message}\n` });
    };
    const done = (data: string) => end(endingOf(JSON.parse(data) as { verdict: string; reason?: string }));
    request("POST", "/snippets/runs", snippet).then(
      (answer) => {
        id = String(answer["id"]);
        if (stopped) cancel();
        close = follow(`${String(answer["events"])}?view=events`, {
          on: { event, done },
          lost: () => end({ ok: false, text: "The connection to hotloop was lost. Run it again." }),
        });
      },
      (error: unknown) => end({ ok: false, text: error instanceof Failure ? error.message : String(error) }),
    );
  });
  return {
    ended,
    stop: () => {
      stopped = true;
      if (id) cancel();
    },
  };
}

function endingOf({ verdict, reason }: { verdict: string; reason?: string }): Ending {
  if (verdict === "accepted") return { ok: true, text: "Done." };
  const word = verdict.slice(0, 1).toUpperCase() + verdict.slice(1);
  return { ok: false, text: reason ? `${word}: ${reason}` : `${word}.` };
}
