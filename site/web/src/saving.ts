// Keeps the files of the page and the files on disk the same. What the reader typed is in the browser's storage until the
// server has it; when both sides have changed, neither is overwritten before somebody has chosen.
import { Failure } from "./http";

/** A file as the server tells it. */
export interface Remote {
  content: string;
  hash: string;
}

/** The status of saving, for people and for buttons. */
export type Status =
  | { kind: "saved"; files: string[] }
  | { kind: "changed"; files: string[] } // on disk, and taken over
  | { kind: "editing" }
  | { kind: "saving" }
  | { kind: "conflict"; files: string[] }
  | { kind: "offline"; message: string; retryIn: number } // milliseconds
  | { kind: "refused"; message: string }; // trying again would not help

/** What a Saver needs of the world. */
export interface World {
  /** The files as they are on disk now. */
  get(): Promise<Record<string, Remote>>;
  put(body: { files: Record<string, string>; base: Record<string, string> }): Promise<Record<string, unknown>>;
  /** Shows content that came from the disk. */
  adopt(name: string, content: string): void;
  status(status: Status): void;
  /** Both versions of a file, for the reader to choose. */
  conflict(name: string, theirs: Remote): void;
  /** A conflict is over, by whatever way. */
  settled(name: string): void;
  drafts: Drafts;
  later(run: () => void, ms: number): () => void;
}

/** Where text is until it is saved. */
export interface Drafts {
  get(name: string): { content: string; base: string } | undefined;
  set(name: string, content: string, base: string): void;
  remove(name: string): void;
}

interface File {
  content: string;
  hash: string; // of the version on disk that content grew from
  dirty: boolean;
  theirs?: Remote | undefined; // set while there is a conflict
}

const quiet = 400; // milliseconds without a keystroke before saving
const retries = [1_000, 2_000, 5_000, 10_000]; // milliseconds; the last is repeated

export class Saver {
  private readonly files = new Map<string, File>();
  private cancel = () => {};
  private sending: Promise<void> | undefined;
  private sends = 0; // how many were begun
  private checking: Promise<void> | undefined;
  private checkAgain = false;
  private failures = 0;

  constructor(private readonly world: World) {}

  /** Names a file with the content and hash that the page was served with, and takes up a draft that was left. */
  open(name: string, content: string, hash: string): void {
    const file: File = { content, hash, dirty: false };
    this.files.set(name, file);
    const draft = this.world.drafts.get(name);
    if (!draft || draft.content === content) {
      this.world.drafts.remove(name);
      return;
    }
    file.content = draft.content;
    file.dirty = true;
    this.world.adopt(name, draft.content);
    if (draft.base === hash) this.schedule(quiet);
    else this.clash(name, file, { content, hash });
  }

  /** The reader changed a file. */
  edited(name: string, content: string): void {
    const file = this.files.get(name);
    if (!file || file.content === content) return;
    file.content = content;
    file.dirty = true;
    this.world.drafts.set(name, content, file.hash);
    if (file.theirs) return;
    this.world.status({ kind: "editing" });
    this.schedule(quiet);
  }

  /** Saves now what is not saved. True if everything is on disk. */
  async flush(): Promise<boolean> {
    this.cancel();
    while (this.sending) await this.sending;
    if (this.unsaved().length > 0) {
      this.sending = this.send();
      await this.sending;
    }
    return this.clean;
  }

  /** Everything is on disk, and no conflict is open. */
  get clean(): boolean {
    return [...this.files.values()].every((file) => !file.dirty);
  }

  /** What would be lost with this page if there were no drafts: the body of a last PUT, or undefined. */
  get rest(): { files: Record<string, string>; base: Record<string, string> } | undefined {
    const names = this.unsaved();
    return names.length > 0 ? this.body(names) : undefined;
  }

  /**
   * Something on disk may have changed: looks, and takes it over or shows a conflict. told, if given, is what a watcher
   * reported. It is a hint only: it may be of a moment before our last save, so the files are asked for at a moment when
   * no save is under way.
   */
  check(told?: Record<string, Remote>): Promise<void> {
    const known = (name: string, { hash }: Remote) => !this.files.has(name) || this.files.get(name)?.hash === hash;
    if (told && Object.entries(told).every(([name, remote]) => known(name, remote))) return Promise.resolve();
    this.checkAgain = true;
    this.checking ??= this.look().finally(() => (this.checking = undefined));
    return this.checking;
  }

  private async look(): Promise<void> {
    while (this.checkAgain) {
      this.checkAgain = false;
      while (this.sending) await this.sending;
      const { sends } = this;
      const remote = await this.world.get().catch(() => undefined); // gone: whoever opens the stream again asks again
      if (sends !== this.sends) this.checkAgain = true;
      else if (remote) this.changed(remote);
    }
  }

  private changed(remote: Record<string, Remote>): void {
    const taken: string[] = [];
    for (const [name, theirs] of Object.entries(remote)) {
      const file = this.files.get(name);
      if (!file || theirs.hash === file.hash) continue;
      if (theirs.content === file.content) {
        this.agree(name, file, theirs.hash);
      } else if (!file.dirty) {
        Object.assign(file, theirs);
        this.world.adopt(name, theirs.content);
        taken.push(name);
      } else {
        this.clash(name, file, theirs);
      }
    }
    if (taken.length > 0) this.world.status({ kind: "changed", files: taken });
  }

  /** The reader chose: their own text, or the file's. */
  choose(name: string, mine: boolean): void {
    const file = this.files.get(name);
    if (!file?.theirs) return;
    const { theirs } = file;
    file.hash = theirs.hash;
    file.theirs = undefined;
    if (mine) {
      this.world.drafts.set(name, file.content, file.hash);
      this.schedule(0);
    } else {
      file.content = theirs.content;
      file.dirty = false;
      this.world.drafts.remove(name);
      this.world.adopt(name, theirs.content);
      this.world.status({ kind: "changed", files: [name] });
    }
    this.world.settled(name);
  }

  private unsaved(): string[] {
    return [...this.files].filter(([, file]) => file.dirty && !file.theirs).map(([name]) => name);
  }

  private body(names: string[]) {
    const files: Record<string, string> = {};
    const base: Record<string, string> = {};
    for (const name of names) {
      files[name] = this.files.get(name)?.content ?? "";
      base[name] = this.files.get(name)?.hash ?? "";
    }
    return { files, base };
  }

  private schedule(ms: number): void {
    this.cancel();
    this.cancel = this.world.later(() => void this.flush(), ms);
  }

  private async send(): Promise<void> {
    const names = this.unsaved();
    const body = this.body(names);
    this.sends++;
    this.world.status({ kind: "saving" });
    try {
      const answer = await this.world.put(body);
      this.failures = 0;
      this.saved(body.files, answer["hashes"] as Record<string, string>);
    } catch (error) {
      this.refused(error, body.files);
    } finally {
      this.sending = undefined;
    }
  }

  private saved(sent: Record<string, string>, hashes: Record<string, string>): void {
    for (const [name, content] of Object.entries(sent)) {
      const file = this.files.get(name);
      if (!file || file.theirs) continue; // changed on disk right after: the reader is being asked
      file.hash = hashes[name] ?? file.hash;
      if (file.content === content) this.agree(name, file, file.hash);
      else this.world.drafts.set(name, file.content, file.hash); // typed on meanwhile
    }
    if (this.unsaved().length > 0) this.schedule(quiet);
    else if (this.clean) this.world.status({ kind: "saved", files: Object.keys(sent) });
  }

  private refused(error: unknown, sent: Record<string, string>): void {
    const failure = error instanceof Failure ? error : new Failure(String(error), 0);
    const conflict = failure.status === 409 ? (failure.body["conflict"] as Record<string, Remote> | undefined) : undefined;
    if (conflict) {
      this.conflicts(conflict, sent);
    } else if (failure.status === 0 || failure.status >= 500) {
      const retryIn = retries[Math.min(this.failures++, retries.length - 1)] ?? 10_000;
      this.schedule(retryIn);
      this.world.status({ kind: "offline", message: failure.message, retryIn });
    } else {
      this.world.status({ kind: "refused", message: failure.message });
    }
  }

  private conflicts(conflict: Record<string, Remote>, sent: Record<string, string>): void {
    for (const [name, theirs] of Object.entries(conflict)) {
      const file = this.files.get(name);
      if (!file) continue;
      if (theirs.content === file.content) this.agree(name, file, theirs.hash);
      else if (theirs.content === sent[name]) file.hash = theirs.hash; // it got there by an earlier request of ours
      else this.clash(name, file, theirs);
    }
    if (this.unsaved().length > 0) this.schedule(quiet);
  }

  private agree(name: string, file: File, hash: string): void {
    file.hash = hash;
    file.dirty = false;
    this.world.drafts.remove(name);
    if (!file.theirs) return;
    file.theirs = undefined;
    this.world.settled(name);
  }

  private clash(name: string, file: File, theirs: Remote): void {
    file.theirs = theirs;
    this.world.conflict(name, theirs);
    const files = [...this.files].filter(([, f]) => f.theirs).map(([n]) => n);
    this.world.status({ kind: "conflict", files });
  }
}
