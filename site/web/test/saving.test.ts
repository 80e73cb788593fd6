import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../src/http";
import { Saver, type Remote, type Status } from "../src/saving";

type Body = { files: Record<string, string>; base: Record<string, string> };

/** A page and a server: the disk as a map, the clock by hand. */
class World {
  disk = new Map<string, string>();
  drafts = new Map<string, { content: string; base: string }>();
  page = new Map<string, string>();
  open = new Map<string, Remote>(); // conflicts
  said: Status[] = [];
  puts: Body[] = [];
  due: (() => void) | undefined;
  wait = 0;
  down = false;
  hold: Promise<void> | undefined;

  hash = (content: string) => `#${content}`;
  reading: Promise<void> | undefined;
  saver = new Saver({
    get: async () => {
      const files = Object.fromEntries([...this.disk].map(([name, content]) => [name, { content, hash: this.hash(content) }]));
      await this.reading;
      return files;
    },
    put: async (body) => {
      this.puts.push(body);
      await this.hold;
      if (this.down) throw new Failure("hotloop does not answer.", 0);
      const conflict: Record<string, Remote> = {};
      for (const [name, base] of Object.entries(body.base)) {
        const content = this.disk.get(name) ?? "";
        if (this.hash(content) !== base) conflict[name] = { content, hash: this.hash(content) };
      }
      if (Object.keys(conflict).length > 0) throw new Failure("changed", 409, { conflict });
      for (const [name, content] of Object.entries(body.files)) this.disk.set(name, content);
      return { hashes: Object.fromEntries(Object.entries(body.files).map(([n, c]) => [n, this.hash(c)])) };
    },
    adopt: (name, content) => {
      this.page.set(name, content);
      this.saver.edited(name, content); // an editor reports every change, also those it is told to make
    },
    status: (status) => this.said.push(status),
    conflict: (name, theirs) => this.open.set(name, theirs),
    settled: (name) => this.open.delete(name),
    drafts: {
      get: (name) => this.drafts.get(name),
      set: (name, content, base) => this.drafts.set(name, { content, base }),
      remove: (name) => this.drafts.delete(name),
    },
    later: (run, ms) => {
      this.due = run;
      this.wait = ms;
      return () => (this.due = undefined);
    },
  });

  load(name: string, content: string) {
    this.disk.set(name, content);
    this.page.set(name, content);
    this.saver.open(name, content, this.hash(content));
  }
  type(name: string, content: string) {
    this.page.set(name, content);
    this.saver.edited(name, content);
  }
  elsewhere(name: string, content: string) {
    this.disk.set(name, content);
  }
  tell(name: string) {
    const content = this.disk.get(name) ?? "";
    return this.saver.check({ [name]: { content, hash: this.hash(content) } });
  }
  get last() {
    return this.said.at(-1)?.kind;
  }
}

test("typing is kept as a draft at once and saved after a pause", async () => {
  const w = new World();
  w.load("a.go", "one");
  w.type("a.go", "two");
  assert.deepEqual(w.drafts.get("a.go"), { content: "two", base: "#one" });
  assert.equal(w.wait, 400);
  w.due?.();
  assert.equal(await w.saver.flush(), true);
  assert.equal(w.disk.get("a.go"), "two");
  assert.equal(w.drafts.size, 0);
  assert.equal(w.puts.length, 1);
  assert.deepEqual(w.said.at(-1), { kind: "saved", files: ["a.go"] });
});

test("nothing to save is saved without a request", async () => {
  const w = new World();
  w.load("a.go", "one");
  assert.equal(await w.saver.flush(), true);
  assert.equal(w.puts.length, 0);
});

test("text typed while a save is under way is saved after it", async () => {
  const w = new World();
  w.load("a.go", "one");
  let release = () => {};
  w.hold = new Promise((resolve) => (release = resolve));
  w.type("a.go", "two");
  const saving = w.saver.flush();
  w.type("a.go", "three");
  release();
  await saving;
  assert.deepEqual(w.drafts.get("a.go"), { content: "three", base: "#two" });
  assert.equal(await w.saver.flush(), true);
  assert.equal(w.disk.get("a.go"), "three");
});

test("the watcher's report of our own save is no conflict", async () => {
  const w = new World();
  w.load("a.go", "one");
  let release = () => {};
  w.hold = new Promise((resolve) => (release = resolve));
  w.type("a.go", "two");
  const saving = w.saver.flush();
  w.type("a.go", "three");
  const checked = w.saver.check({ "a.go": { content: "two", hash: "#two" } });
  release();
  await saving;
  await checked;
  assert.equal(w.open.size, 0);
  await w.saver.flush();
  assert.equal(w.disk.get("a.go"), "three");
});

test("a report of an older version of ours does not bring it back", async () => {
  const w = new World();
  w.load("a.go", "one");
  w.type("a.go", "two");
  await w.saver.flush();
  await w.saver.check({ "a.go": { content: "one", hash: "#one" } });
  assert.equal(w.page.get("a.go"), "two");
  assert.equal(w.open.size, 0);
});

test("what was read before a save is not believed after it", async () => {
  const w = new World();
  w.load("a.go", "one");
  let release = () => {};
  w.reading = new Promise((resolve) => (release = resolve));
  const checked = w.saver.check(); // reads "one"
  w.type("a.go", "two");
  await w.saver.flush();
  w.type("a.go", "three");
  release();
  await checked;
  assert.equal(w.open.size, 0);
  await w.saver.flush();
  assert.equal(w.disk.get("a.go"), "three");
});

test("a change on disk is taken over when nothing is unsaved", async () => {
  const w = new World();
  w.load("a.go", "one");
  w.elsewhere("a.go", "theirs");
  await w.tell("a.go");
  assert.equal(w.page.get("a.go"), "theirs");
  assert.equal(w.drafts.size, 0);
  assert.equal(w.saver.clean, true);
  assert.deepEqual(w.said.at(-1), { kind: "changed", files: ["a.go"] });
});

for (const [keep, want] of [["mine", "mine"], ["theirs", "theirs"]] as const) {
  for (const by of ["the watcher", "the save"] as const) {
    test(`both sides changed, found by ${by}: nothing is overwritten until "${keep}" is chosen`, async () => {
      const w = new World();
      w.load("a.go", "one");
      w.type("a.go", "mine");
      w.elsewhere("a.go", "theirs");
      if (by === "the watcher") await w.tell("a.go");
      assert.equal(await w.saver.flush(), false);
      assert.equal(w.last, "conflict");
      assert.equal(w.open.get("a.go")?.content, "theirs");
      assert.equal(w.disk.get("a.go"), "theirs");
      assert.equal(w.page.get("a.go"), "mine");
      assert.equal(w.drafts.get("a.go")?.content, "mine");

      w.saver.choose("a.go", keep === "mine");
      assert.equal(await w.saver.flush(), true);
      assert.equal(w.open.size, 0);
      assert.equal(w.disk.get("a.go"), want);
      assert.equal(w.page.get("a.go"), want);
      assert.equal(w.drafts.size, 0);
    });
  }
}

test("a conflict in one file does not keep another from being saved", async () => {
  const w = new World();
  w.load("a.go", "one");
  w.load("b.go", "one");
  w.type("a.go", "mine");
  w.type("b.go", "two");
  w.elsewhere("a.go", "theirs");
  await w.saver.flush();
  await w.saver.flush();
  assert.equal(w.disk.get("b.go"), "two");
  assert.equal(w.disk.get("a.go"), "theirs");
  assert.equal(w.saver.clean, false);
});

test("the same change on both sides is no conflict", async () => {
  const w = new World();
  w.load("a.go", "one");
  w.type("a.go", "two");
  w.elsewhere("a.go", "two");
  assert.equal(await w.saver.flush(), true);
  assert.equal(w.open.size, 0);
});

test("while the server is gone the draft stays, and saving is tried again, less and less often", async () => {
  const w = new World();
  w.load("a.go", "one");
  w.down = true;
  w.type("a.go", "two");
  for (const wait of [1000, 2000, 5000, 10000, 10000]) {
    assert.equal(await w.saver.flush(), false);
    assert.equal(w.last, "offline");
    assert.equal(w.wait, wait);
  }
  assert.equal(w.drafts.get("a.go")?.content, "two");
  w.down = false;
  w.due?.();
  assert.equal(await w.saver.flush(), true);
  assert.equal(w.disk.get("a.go"), "two");
});

test("a draft that was left is taken up and saved", async () => {
  const w = new World();
  w.drafts.set("a.go", { content: "draft", base: "#one" });
  w.load("a.go", "one");
  assert.equal(w.page.get("a.go"), "draft");
  assert.equal(await w.saver.flush(), true);
  assert.equal(w.disk.get("a.go"), "draft");
});

test("a draft whose file has changed since is a conflict", async () => {
  const w = new World();
  w.drafts.set("a.go", { content: "draft", base: "#one" });
  w.load("a.go", "newer");
  assert.equal(w.open.get("a.go")?.content, "newer");
  assert.equal(await w.saver.flush(), false);
  assert.equal(w.disk.get("a.go"), "newer");
  w.saver.choose("a.go", true);
  await w.saver.flush();
  assert.equal(w.disk.get("a.go"), "draft");
});

test("what an earlier page of ours has saved is no conflict, also when typing went on", async () => {
  const w = new World();
  w.load("a.go", "one");
  w.type("a.go", "two");
  w.elsewhere("a.go", "two"); // the last request of a page that was left
  let release = () => {};
  w.hold = new Promise((resolve) => (release = resolve));
  const saving = w.saver.flush();
  w.type("a.go", "three");
  release();
  await saving;
  assert.equal(w.open.size, 0);
  assert.equal(await w.saver.flush(), true);
  assert.equal(w.disk.get("a.go"), "three");
});

test("a request that can't succeed is not repeated, and nothing is lost", async () => {
  const w = new World();
  w.load("a.go", "one");
  w.type("a.go", "two");
  w.hold = Promise.reject(new Failure("a.go is larger than 256 KiB.", 413));
  assert.equal(await w.saver.flush(), false);
  assert.equal(w.last, "refused");
  assert.equal(w.due, undefined);
  assert.equal(w.drafts.get("a.go")?.content, "two");
});
