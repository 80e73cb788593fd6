// Server-sent events of one URL. A browser opens at most six connections to a server over HTTP/1.1, for all tabs together:
// so a hidden tab gives its stream back and takes it up again, where it was, when it is looked at.

/** What to do for each kind of event; lost is called once when the stream can't be had any more. */
export interface Listener {
  on: Record<string, (data: string) => void>;
  lost?: () => void;
  /** Called each time the stream is open: at first, and again after a pause. */
  opened?: () => void;
}

const attempts = 4;

/** Follows url until the function that is returned is called. */
export function follow(url: string, listener: Listener): () => void {
  let source: EventSource | undefined;
  let last = -1;
  let failures = 0;
  let ended = false;

  const receive = (event: MessageEvent<string>) => {
    failures = 0;
    const id = event.lastEventId === "" ? NaN : Number(event.lastEventId);
    if (id <= last) return; // told before, and told again after a new connection
    if (!Number.isNaN(id)) last = id;
    listener.on[event.type]?.(event.data);
  };

  const failed = () => {
    failures++;
    if (source?.readyState !== EventSource.CLOSED && failures < attempts) return;
    stop();
    listener.lost?.();
  };

  const open = () => {
    const resume = last < 0 ? "" : `${url.includes("?") ? "&" : "?"}last-event-id=${last}`;
    source = new EventSource(url + resume);
    for (const type of Object.keys(listener.on)) source.addEventListener(type, receive as EventListener);
    source.onerror = failed;
    source.onopen = () => {
      failures = 0;
      listener.opened?.();
    };
  };

  const turn = () => {
    source?.close();
    source = undefined;
    if (!ended && !document.hidden) open();
  };

  const stop = () => {
    ended = true;
    source?.close();
    document.removeEventListener("visibilitychange", turn);
  };

  document.addEventListener("visibilitychange", turn);
  turn();
  return stop;
}
