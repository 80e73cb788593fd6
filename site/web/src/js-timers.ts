// Timers that know when there is nothing left to wait for. As in Node, a program has ended when its main part has and no
// timer is left that holds it; a handle can be unref'd.

type Callback = (...args: unknown[]) => void;

export interface TimerEvents {
  /** Called once, when the main part has ended and nothing is left to wait for. */
  idle: () => void;
  failed: (error: unknown) => void;
}

class Handle {
  constructor(
    readonly id: number,
    private readonly timers: Timers,
  ) {}
  ref(): this {
    this.timers.hold(this.id, true);
    return this;
  }
  unref(): this {
    this.timers.hold(this.id, false);
    return this;
  }
  hasRef(): boolean {
    return this.timers.holds(this.id);
  }
  close(): this {
    this.timers.clear(this);
    return this;
  }
  [Symbol.toPrimitive](): number {
    return this.id;
  }
}

/** Replaces the timer functions of a scope. */
export class Timers {
  private readonly waiting = new Set<number>();
  private readonly holding = new Set<number>();
  private ended = false;
  private told = false;
  private readonly clearNative: (id: number) => void;
  private readonly later: (f: () => void) => void;

  constructor(
    scope: typeof globalThis,
    private readonly events: TimerEvents,
  ) {
    const nativeTimeout = scope.setTimeout.bind(scope) as unknown as (f: () => void, ms?: number) => number;
    this.later = (f) => void nativeTimeout(() => nativeTimeout(f, 0), 0); // rejections that nobody handles are told in between
    const nativeInterval = scope.setInterval.bind(scope) as unknown as (f: () => void, ms?: number) => number;
    this.clearNative = scope.clearTimeout.bind(scope) as unknown as (id: number) => void;
    const once = (f: Callback, ms?: number, ...args: unknown[]) => {
      const id: number = nativeTimeout(() => {
        this.call(f, args);
        this.remove(id);
      }, ms);
      return this.add(id);
    };
    const clear = (handle?: unknown) => this.clear(handle);
    Object.assign(scope, {
      setTimeout: once,
      setInterval: (f: Callback, ms?: number, ...args: unknown[]) => this.add(nativeInterval(() => this.call(f, args), ms)),
      setImmediate: (f: Callback, ...args: unknown[]) => once(f, 0, ...args),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    });
  }

  /** The main part of the program is over. */
  mainEnded(): void {
    this.ended = true;
    this.check();
  }

  holds(id: number): boolean {
    return this.holding.has(id);
  }

  hold(id: number, yes: boolean): void {
    if (yes && this.waiting.has(id)) this.holding.add(id);
    if (!yes) this.holding.delete(id);
    this.check();
  }

  clear(handle: unknown): void {
    if (handle === undefined || handle === null) return;
    const id = Number(handle);
    this.clearNative(id);
    this.remove(id);
  }

  private add(id: number): Handle {
    this.waiting.add(id);
    this.holding.add(id);
    return new Handle(id, this);
  }

  private remove(id: number): void {
    this.waiting.delete(id);
    this.holding.delete(id);
    this.check();
  }

  private call(f: Callback, args: unknown[]): void {
    try {
      f(...args);
    } catch (error) {
      this.told = true;
      this.events.failed(error);
    }
  }

  // A promise that is about to continue may start a timer: look once more when the microtasks that are due have run.
  private check(): void {
    if (!this.ended || this.holding.size > 0) return;
    this.later(() => {
      if (this.told || this.holding.size > 0) return;
      this.told = true;
      this.events.idle();
    });
  }
}
