// The contents of a store in memory: what changes mean. The store on disk keeps one beside its journal, and tests take it
// for a store that outlives their client.

import { newProducer, type Change, type StoredDelta, type StoredDocument, type WeirStore } from './store.js';

type DocumentChange = Exclude<Change, { kind: 'producer' } | { kind: 'tabs' } | { kind: 'forget' }>;

export class Contents {
  producer: Uint8Array | null = null;
  readonly #documents = new Map<string, StoredDocument>();

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'producer') this.producer = change.producer;
      else if (change.kind === 'forget') this.#documents.delete(change.document);
      else if (change.kind === 'tabs') this.#keepTabs(new Set(change.tabs));
      else this.#change(this.#document(change.document), change);
    }
  }

  /** A copy that later changes leave alone. */
  load(document: string): StoredDocument {
    const found = this.#documents.get(document) ?? empty();
    return { ...found, outbox: [...found.outbox], records: [...found.records], marks: new Map(found.marks) };
  }

  get documents(): ReadonlyMap<string, Readonly<StoredDocument>> {
    return this.#documents;
  }

  #document(name: string): StoredDocument {
    let document = this.#documents.get(name);
    if (document === undefined) this.#documents.set(name, (document = empty()));
    return document;
  }

  #keepTabs(tabs: Set<string>): void {
    for (const { marks } of this.#documents.values())
      for (const tab of marks.keys()) if (!tabs.has(tab)) marks.delete(tab);
  }

  #change(document: StoredDocument, change: DocumentChange): void {
    switch (change.kind) {
      case 'place':
        document.place = change.place;
        return;
      case 'queue':
        document.outbox = put(document.outbox, change.delta);
        if (change.delta.author !== null) document.marks.set(change.delta.author.tab, change.delta.author.number);
        return;
      case 'dequeue': {
        const kept = document.outbox.findIndex(({ sequence }) => sequence > change.through);
        document.outbox.splice(0, kept < 0 ? document.outbox.length : kept);
        return;
      }
      case 'outbox':
        document.outbox = [...change.deltas];
        return;
      case 'records':
        document.records.push(...change.records);
        return;
      case 'state': {
        const covered = change.through - (document.state?.through ?? 0);
        document.records = document.records.slice(Math.max(0, covered));
        document.state = { through: change.through, pieces: change.pieces };
        return;
      }
    }
  }
}

function put(outbox: StoredDelta[], delta: StoredDelta): StoredDelta[] {
  if (outbox.length === 0 || outbox.at(-1)!.sequence < delta.sequence) {
    outbox.push(delta);
    return outbox;
  }
  return [...outbox.filter(({ sequence }) => sequence !== delta.sequence), delta].sort(
    (a, b) => a.sequence - b.sequence,
  );
}

function empty(): StoredDocument {
  return { place: null, outbox: [], state: null, records: [], marks: new Map() };
}

/** As durable as the process. */
export class MemoryStore implements WeirStore {
  readonly name: string;
  readonly #contents = new Contents();

  constructor(name = 'memory', producer: Uint8Array = newProducer()) {
    this.name = name;
    this.#contents.producer = producer;
  }

  get producer(): Uint8Array {
    return this.#contents.producer!;
  }
  load(document: string): Promise<StoredDocument> {
    return Promise.resolve(this.#contents.load(document));
  }
  write(changes: Change[]): Promise<void> {
    this.#contents.apply(changes);
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
