// What the compiler would say, asked for while one types.
import type { Diagnostic } from "./code";

/** How long one must have stopped typing, in milliseconds. */
const pause = 300;

/** How long an answer may take: a browser has six connections to a server, and saving and stopping need one, too. */
const patience = 3_000;

/** What Live needs of the page. */
export interface Sources {
  ask(signal: AbortSignal): Promise<readonly Diagnostic[]>;
  show(diagnostics: readonly Diagnostic[]): void;
  later(run: () => void, ms: number): () => void;
}

/** Asks a moment after the last edit. An answer to a text that has changed meanwhile is not shown. */
export class Live {
  private version = 0;
  private cancel: () => void = () => {};
  private asking = new AbortController();

  constructor(private readonly sources: Sources) {}

  edited(): void {
    this.version++;
    this.asking.abort();
    this.cancel();
    this.cancel = this.sources.later(() => void this.ask(), pause);
  }

  private async ask(): Promise<void> {
    const { version } = this;
    this.asking = new AbortController();
    const late = AbortSignal.timeout(patience);
    try {
      const found = await this.sources.ask(AbortSignal.any([this.asking.signal, late]));
      if (version === this.version) this.sources.show(found);
    } catch {
      // The server may be compiling what it needs to know. Otherwise the next edit asks again; that nothing answers is said
      // where the text is saved.
      if (late.aborted && version === this.version) this.cancel = this.sources.later(() => void this.ask(), patience);
    }
  }
}
