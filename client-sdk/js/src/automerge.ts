// Automerge over weir.
//
//   import * as Automerge from '@automerge/automerge';
//   const todo = new AutomergeDocument<{ items?: string[] }>();
//   const provider = new AutomergeProvider(client, 'todo', todo);
//   todo.on('heads-changed', ({ doc }) => show(doc));
//   todo.change((doc) => { (doc.items ??= []).push('milk'); });
//
// Each change of Automerge's is one delta, so a change must be smaller than the relay's largest delta: it cannot be cut. In the
// place of an AutomergeDocument the provider takes a DocHandle of automerge-repo, once it is ready.
//
// A change names what it builds on by its SHA-256, and its own is made of that; so two documents with the same heads have the same
// history, and that is how somebody's snapshot is compared. This file only uses Automerge: whoever imports '@automerge/automerge', or
// initializes its '/slim', decides how its WebAssembly is loaded.

import * as Automerge from '@automerge/automerge/slim';

import { equalBytes } from './bytes.js';
import { checkDocument } from './checks.js';
import type { Crdt } from './crdt.js';
import { compactionOf } from './crdt-deltas.js';
import type { DocumentClient } from './document-client.js';
import type { Compaction } from './document.js';
import { Emitter } from './emitter.js';
import type { Verdict } from './snapshots.js';
import { SyncedDocument, type SyncedOptions } from './synced-document.js';

export type { SyncedEvents, SyncedOptions } from './synced-document.js';
export { SyncedDocument } from './synced-document.js';

/** What holds a document: an AutomergeDocument, or automerge-repo's DocHandle. */
export interface AutomergeHandle<T> {
  doc(): Automerge.Doc<T>;
  update(step: (doc: Automerge.Doc<T>) => Automerge.Doc<T>): void;
  on(event: 'heads-changed', listener: (about: { doc: Automerge.Doc<T> }) => void): unknown;
  off(event: 'heads-changed', listener: (about: { doc: Automerge.Doc<T> }) => void): unknown;
}

export interface AutomergeDocumentEvents<T> {
  /** The document is another one, by a change made here or elsewhere. */
  'heads-changed': [about: { doc: Automerge.Doc<T> }];
}

/** One Automerge document, where it is at this moment. */
export class AutomergeDocument<T> extends Emitter<AutomergeDocumentEvents<T>> implements AutomergeHandle<T> {
  #doc: Automerge.Doc<T>;

  /** Begins with nothing: let everybody write only what is missing, or give all the same first change. */
  constructor(doc: Automerge.Doc<T> = Automerge.init<T>()) {
    super();
    this.#doc = doc;
  }

  doc(): Automerge.Doc<T> {
    return this.#doc;
  }

  change(write: Automerge.ChangeFn<T>, options: Automerge.ChangeOptions<T> = {}): void {
    this.update((doc) => Automerge.change(doc, options, write));
  }

  /** Takes whatever Automerge makes of the document: merge, changeAt, loadIncremental, ... */
  update(step: (doc: Automerge.Doc<T>) => Automerge.Doc<T>): void {
    const before = Automerge.getHeads(this.#doc);
    this.#doc = step(this.#doc);
    if (!equalHeads(before, Automerge.getHeads(this.#doc))) this.emit('heads-changed', { doc: this.#doc });
  }
}

/** Keeps a document in step with the relay's. */
export class AutomergeProvider<T> extends SyncedDocument<AutomergeCrdt<T>> {
  readonly handle: AutomergeHandle<T>;

  constructor(client: DocumentClient, document: string, handle: AutomergeHandle<T>, options: SyncedOptions = {}) {
    super(client, document, new AutomergeCrdt(handle), options);
    this.handle = handle;
  }
}

/** One document in place of many changes, for `compact` of a client that tabs share. */
export const mergeAutomerge: Compaction = compactionOf(() => new AutomergeCrdt(new AutomergeDocument<unknown>()));

/** For SyncedDocument. */
export class AutomergeCrdt<T> implements Crdt<AutomergeCrdt<T>> {
  /** Automerge forgets nothing. */
  readonly fidelity = 'lossless';
  readonly #handle: AutomergeHandle<T>;
  /** What was told to the observer, or came from elsewhere. */
  #known: Automerge.Heads;
  #look: () => void = () => undefined;

  constructor(handle: AutomergeHandle<T>) {
    checkDocument(handle, 'doc', 'AutomergeProvider takes client, document, and then an AutomergeDocument (`new AutomergeDocument(doc)`) or a DocHandle');
    this.#handle = handle;
    this.#known = Automerge.getHeads(handle.doc());
  }

  get empty(): boolean {
    return Automerge.getHeads(this.#handle.doc()).length === 0;
  }

  apply(deltas: readonly Uint8Array[]): void {
    this.#look();
    const chunks = deltas.flatMap(chunksOf);
    if (chunks.length === 0) return;
    this.#handle.update((doc) => {
      let next = doc;
      for (const { bytes, whole } of chunks) if (whole) next = load(next, bytes);
      const changes = chunks.filter(({ whole }) => !whole);
      if (changes.length > 0) [next] = Automerge.applyChanges(next, changes.map(({ bytes }) => bytes));
      this.#known = Automerge.getHeads(next);
      return next;
    });
  }

  /** Automerge keeps what waits for something behind the document. */
  state(): Uint8Array[] {
    return [Automerge.save(this.#handle.doc())];
  }

  fresh(): AutomergeCrdt<T> {
    return new AutomergeCrdt(new AutomergeDocument<T>());
  }

  lacking(there: AutomergeCrdt<T>): Uint8Array[] {
    this.#known = Automerge.getHeads(this.#handle.doc());
    const heads = Automerge.getHeads(there.#handle.doc());
    return [...Automerge.getChangesSince(this.#handle.doc(), heads), ...difference(this.#waiting, there.#waiting)];
  }

  compare(theirs: AutomergeCrdt<T>): Verdict {
    if (!equalHeads(Automerge.getHeads(this.#handle.doc()), Automerge.getHeads(theirs.#handle.doc()))) return 'invalid';
    const [mine, others] = [this.#waiting, theirs.#waiting];
    if (difference(mine, others).length === 0 && difference(others, mine).length === 0) return 'valid';
    // What is here lacks something that is nowhere: then nobody can tell what a snapshot should have of it.
    return mine.length === 0 ? 'invalid' : 'unknown';
  }

  observe(made: (deltas: Uint8Array[]) => void): () => void {
    this.#look = () => {
      const doc = this.#handle.doc();
      const heads = Automerge.getHeads(doc);
      if (equalHeads(heads, this.#known)) return;
      const changes = Automerge.getChangesSince(doc, this.#known);
      this.#known = heads;
      made(changes);
    };
    const look = (): void => this.#look();
    this.#handle.on('heads-changed', look);
    return () => {
      this.#handle.off('heads-changed', look);
      this.#look = () => undefined;
    };
  }

  commit(): void {
    this.#look();
  }

  /** Changes whose foundations have not come. */
  get #waiting(): Uint8Array[] {
    if (Automerge.getMissingDeps(this.#handle.doc(), []).length === 0) return [];
    return chunksOf(Automerge.save(this.#handle.doc())).flatMap(({ bytes, whole }) => (whole ? [] : [bytes]));
  }
}

/** A whole document in the place of its changes; throws when that is not what it is. */
function load<T>(doc: Automerge.Doc<T>, bytes: Uint8Array): Automerge.Doc<T> {
  Automerge.free(Automerge.load(bytes)); // loadIncremental() leaves out what it cannot read, and does not tell
  return Automerge.loadIncremental(doc, bytes);
}

function equalHeads(a: Automerge.Heads, b: Automerge.Heads): boolean {
  return a.length === b.length && a.every((head) => b.includes(head));
}

function difference(all: Uint8Array[], without: Uint8Array[]): Uint8Array[] {
  return all.filter((one) => !without.some((other) => equalBytes(one, other)));
}

// ---- Automerge's chunks: 85 6f 4a 83, a checksum of four bytes, a type, a length (LEB128), and that many bytes ----

interface Chunk {
  bytes: Uint8Array;
  /** A document, not a change. */
  whole: boolean;
}

const magic = Uint8Array.of(0x85, 0x6f, 0x4a, 0x83);
const typeAt = 8;

/** Throws a RangeError on bytes that are no sequence of them. */
function chunksOf(bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < bytes.length || at === 0;) {
    const start = at;
    if (!equalBytes(bytes.subarray(at, at + magic.length), magic)) throw new RangeError('no chunk of Automerge begins here');
    const type = bytes[at + typeAt];
    if (type === undefined || type > 2) throw new RangeError('a chunk is cut off, or of a kind that is not known');
    let length = 0;
    at += typeAt + 1;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 28) throw new RangeError('a length is cut off, or too large');
      length += (byte & 127) * factor;
      if (byte < 128) break;
    }
    if (length > bytes.length - at) throw new RangeError('a chunk is cut off');
    at += length;
    chunks.push({ bytes: bytes.subarray(start, at), whole: type === 0 });
  }
  return chunks;
}
