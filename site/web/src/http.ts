// Requests to our own server. Each carries the token of the page, without which the server changes nothing.

/** A request that did not succeed. status 0: the server could not be reached. body: what it answered, if that was JSON. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Sends body as JSON and returns the JSON that comes back ({} if none). Throws Failure. */
export async function request(method: Method, url: string, body?: unknown, keepalive = false, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="hotloop-token"]')?.content ?? "";
  const headers: Record<string, string> = { Accept: "application/json", "X-Hotloop-Token": token };
  const init: RequestInit = { method, headers, keepalive, signal: signal ?? null };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch {
    throw new Failure("hotloop does not answer. Is it still running in your terminal?", 0);
  }
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (response.ok) return answer;
  throw new Failure(explain(response, answer), response.status, answer);
}

function explain(response: Response, answer: Record<string, unknown>): string {
  const said = [answer["error"] ?? answer["message"], answer["hint"]].filter((part) => typeof part === "string" && part);
  return said.join(" ") || `The server answered ${response.status} ${response.statusText}.`;
}
