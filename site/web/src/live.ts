// What the compiler would say, asked for while one types.
import type { Diagnostic } from "./code";

/** How long one must have stopped typing, in milliseconds. */
const pause = 300;

/** What Live needs of the page. */
export interface Sources {
  ask(): Promise<readonly Diagnostic[]>;
  show(diagnostics: readonly Diagnostic[]): void;
  later(run: () => void, ms: number): () => void;
}

/** Asks a moment after the last edit. An answer to a text that has changed meanwhile is not shown. */
export class Live {
  private version = 0;
  private cancel: () => void = () => {};

  constructor(private readonly sources: Sources) {}

  edited(): void {
    this.version++;
    this.cancel();
    this.cancel = this.sources.later(() => void this.ask(), pause);
  }

  private async ask(): Promise<void> {
    const { version } = this;
    try {
      const found = await this.sources.ask();
      if (version === this.version) this.sources.show(found);
    } catch {
      // The next edit asks again; that nothing answers is said where the text is saved.
    }
  }
}
