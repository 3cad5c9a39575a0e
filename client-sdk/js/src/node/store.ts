// A store on disk, for Node: a folder with a journal of changes. All of it is in memory too; what is read comes from there.
//
//   <folder>/journal     entries of changes, each list one entry (journal.ts)
//   <folder>/lock        who has it open (lock.ts)
//
// When the journal has grown to twice what is in it, a new one is written beside it and takes its name.

import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';

import { StorageFullError, StoreCorruptError, StoreError } from '../store/errors.js';
import { Journal, newSeed, readJournal } from './journal.js';
import { lockFile } from './lock.js';
import { Contents } from '../store/memory.js';
import { newProducer, producerBytes, type Change, type StoredDelta, type StoredDocument, type WeirStore } from '../store/store.js';

const compactBytesMin = 1024 * 1024;
/** One entry of a compacted journal. */
const changesPerEntry = 1000;

/** Makes the folder and those above it. Node's own `recursive` never ends below one that takes no entries, as /proc. */
async function makeFolder(folder: string): Promise<void> {
  const made = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EEXIST') throw error;
  };
  await mkdir(folder, { mode: 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
    const above = dirname(folder);
    if (error.code !== 'ENOENT' || above === folder) return made(error);
    await makeFolder(above);
    await mkdir(folder, { mode: 0o700 }).catch(made);
  });
}

/** Opens the store in this folder, or makes it. Rejects with StoreLockedError while another process has it. */
export async function openStore(folder: string): Promise<WeirStore> {
  let unlock: (() => Promise<void>) | null = null;
  try {
    await makeFolder(resolve(folder));
    unlock = await lockFile(join(folder, 'lock'));
    return await FileStore.open(folder, unlock);
  } catch (error) {
    await unlock?.();
    throw errorOf(folder, error);
  }
}

class FileStore implements WeirStore {
  readonly name: string;
  readonly #contents: Contents;
  readonly #unlock: () => Promise<void>;
  #journal: Journal;
  #compactAt = compactBytesMin;
  #last: Promise<unknown> = Promise.resolve();
  /** A failed fsync is final: what a later one says could not be trusted. */
  #broken: StoreError | null = null;

  static async open(folder: string, unlock: () => Promise<void>): Promise<FileStore> {
    const path = join(folder, 'journal');
    await rm(`${path}.new`, { force: true });
    const contents = new Contents();
    const read = readJournal(path, await bytesOf(path));
    for (const payload of read.payloads) contents.apply(changesIn(path, payload));
    const store = new FileStore(folder, contents, await Journal.open(path, read), unlock);
    if (contents.producer?.length === producerBytes) return store;
    if (read.payloads.length > 0) throw new StoreCorruptError(`${path}: the producer id is missing`);
    await store.write([{ kind: 'producer', producer: newProducer() }]);
    await syncFolder(folder);
    return store;
  }

  private constructor(folder: string, contents: Contents, journal: Journal, unlock: () => Promise<void>) {
    this.name = folder;
    this.#contents = contents;
    this.#journal = journal;
    this.#unlock = unlock;
  }

  get producer(): Uint8Array {
    return this.#contents.producer!;
  }

  load(document: string): Promise<StoredDocument> {
    return this.#last.then(() => this.#contents.load(document));
  }

  write(changes: Change[]): Promise<void> {
    const written = this.#last.then(() => this.#write(changes));
    this.#last = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#journal.close();
    await this.#unlock();
  }

  async #write(changes: Change[]): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    try {
      await this.#journal.add(serialize(changes));
      this.#contents.apply(changes);
      if (this.#journal.end >= this.#compactAt) await this.#compact();
    } catch (cause) {
      const error = errorOf(this.name, cause);
      if (!(error instanceof StorageFullError)) this.#broken = error;
      throw error;
    }
  }

  async #compact(): Promise<void> {
    const path = join(this.name, 'journal');
    const changes = changesOf(this.#contents);
    let fresh: Journal | null = null;
    try {
      fresh = await Journal.open(`${path}.new`, { end: 0, seed: newSeed() });
      for (let i = 0; i < changes.length; i += changesPerEntry)
        await fresh.add(serialize(changes.slice(i, i + changesPerEntry)));
    } catch (error) {
      // The journal that is there is good. Where there is no room for a second one, it grows.
      await fresh?.close();
      await rm(`${path}.new`, { force: true });
      this.#compactAt = this.#journal.end * 2;
      if (errorOf(this.name, error) instanceof StorageFullError) return;
      throw error;
    }
    await rename(`${path}.new`, path);
    await syncFolder(this.name);
    await this.#journal.close();
    this.#journal = fresh;
    this.#compactAt = Math.max(compactBytesMin, fresh.end * 2);
  }
}

/** Changes that make these contents out of none. */
function changesOf({ producer, documents }: Contents): Change[] {
  const changes: Change[] = producer === null ? [] : [{ kind: 'producer', producer }];
  for (const [document, { place, outbox, state, records, marks }] of documents) {
    if (place !== null) changes.push({ kind: 'place', document, place });
    // A mark may be of a delta that has left the outbox: one that comes and goes leaves it behind.
    for (const [tab, number] of marks)
      changes.push({ kind: 'queue', document, delta: { ...nothing, author: { tab, number } } });
    changes.push({ kind: 'outbox', document, deltas: outbox });
    if (state !== null) changes.push({ kind: 'state', document, ...state });
    if (records.length > 0)
      changes.push({ kind: 'records', document, first: (state?.through ?? 0) + 1, records: [...records] });
  }
  return changes;
}

const nothing: StoredDelta = { sequence: 0, base: false, codec: 0, payload: new Uint8Array(0), author: null };

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array(0);
    throw error;
  }
}

function changesIn(path: string, payload: Uint8Array): Change[] {
  try {
    return deserialize(payload) as Change[];
  } catch (cause) {
    throw new StoreCorruptError(`${path}: an entry cannot be read, perhaps of a newer Node`, cause);
  }
}

/** A new name is durable only with its folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function errorOf(name: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { code = '', message = String(cause) } = (cause ?? {}) as NodeJS.ErrnoException;
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code))
    return new StorageFullError(`${name}: the disk is full; edits go on in memory`, cause);
  return new StoreError(`${name}: ${message}`, cause);
}
