// A store in the browser: one IndexedDB database, held under a Web Lock so that no second client has it. Transactions are
// asked for with strict durability: complete means flushed to the disk.
//
//   about     'producer' → the id
//   places    document → Place                        outbox    [document, sequence] → StoredDelta
//   states    document → { through, pieces }          records   [document, count of the last] → StoredRecord[]
//   marks     [document, tab] → number
//
// Works wherever IndexedDB does: in windows and in workers.

import { StorageFullError, StoreCorruptError, StoreError, StoreLockedError, StoreUnavailableError } from './errors.js';
import {
  newProducer,
  producerBytes,
  type Change,
  type StoredDocument,
  type StoredRecord,
  type WeirStore,
} from './store.js';

const format = 1;
const tables = ['about', 'places', 'outbox', 'states', 'records', 'marks'] as const;
type Table = (typeof tables)[number];

export interface OpenStoreOptions {
  /** How long another client may still have the store; by default 2 seconds, as a page that is reloaded needs. */
  patienceMs?: number;
}

/** Opens the store of this name, or makes it. Rejects with StoreLockedError when another client has it and keeps it. */
export async function openStore(name: string, { patienceMs = 2_000 }: OpenStoreOptions = {}): Promise<WeirStore> {
  const unlock = await lock(`weir:store:${name}`, name, patienceMs);
  try {
    const database = await openDatabase(name);
    try {
      return await IndexedDbStore.over(name, database, unlock);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Removes the store and all that is in it; rejects while a client has it. */
export async function deleteStore(name: string, { patienceMs = 2_000 }: OpenStoreOptions = {}): Promise<void> {
  const unlock = await lock(`weir:store:${name}`, name, patienceMs);
  try {
    await done(name, indexedDB.deleteDatabase(databaseName(name)));
  } finally {
    unlock();
  }
}

const databaseName = (name: string): string => `weir:${name}`;

class IndexedDbStore implements WeirStore {
  readonly name: string;
  readonly producer: Uint8Array;
  readonly #unlock: () => void;
  /** Null: the browser has closed it under our feet. */
  #database: Promise<IDBDatabase> | null;
  #last: Promise<unknown> = Promise.resolve();

  static async over(name: string, database: IDBDatabase, unlock: () => void): Promise<IndexedDbStore> {
    const transaction = begin(database, ['about'], 'readwrite');
    const about = transaction.objectStore('about');
    const known: unknown = await done(name, about.get('producer'));
    if (known !== undefined && !(known instanceof Uint8Array && known.length === producerBytes))
      throw corrupt(name, 'its producer id is none');
    const producer = known ?? newProducer();
    if (known === undefined) about.put(producer, 'producer');
    await complete(name, transaction);
    return new IndexedDbStore(name, database, producer, unlock);
  }

  private constructor(name: string, database: IDBDatabase, producer: Uint8Array, unlock: () => void) {
    this.name = name;
    this.producer = producer;
    this.#database = Promise.resolve(this.#watched(database));
    this.#unlock = unlock;
  }

  async load(document: string): Promise<StoredDocument> {
    const transaction = begin(await this.#open(), ['places', 'outbox', 'states', 'records', 'marks'], 'readonly');
    const of = (table: Table): IDBObjectStore => transaction.objectStore(table);
    const all = within(document);
    const answer = <T>(request: IDBRequest<T>): Promise<unknown> => done(this.name, request);
    const answers = await Promise.all([
      answer(of('places').get(document)),
      answer(of('outbox').getAll(all)),
      answer(of('states').get(document)),
      answer(of('records').getAll(all)),
      answer(of('records').getAllKeys(all)),
      answer(of('marks').getAll(all)),
      answer(of('marks').getAllKeys(all)),
    ]);
    return assemble(this.name, answers);
  }

  write(changes: Change[]): Promise<void> {
    const written = this.#open().then((database) => {
      const transaction = begin(database, tables, 'readwrite');
      const finished = complete(this.name, transaction);
      try {
        for (const change of changes) apply(transaction, change);
      } catch (cause) {
        transaction.abort();
        return finished.then(
          () => undefined,
          () => Promise.reject(errorOf(this.name, cause)),
        );
      }
      return finished;
    });
    this.#last = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.#last;
    (await this.#database?.catch(() => null))?.close();
    this.#unlock();
  }

  /** Once for all who ask meanwhile; when it fails, whoever asks next tries again. */
  #open(): Promise<IDBDatabase> {
    return (this.#database ??= openDatabase(this.name).then(
      (database) => this.#watched(database),
      (error) => {
        this.#database = null;
        throw error;
      },
    ));
  }

  #watched(database: IDBDatabase): IDBDatabase {
    database.onclose = () => (this.#database = null);
    database.onversionchange = () => undefined; // another client must not have it: the lock says so
    return database;
  }
}

function apply(transaction: IDBTransaction, change: Change): void {
  const of = (table: Table): IDBObjectStore => transaction.objectStore(table);
  switch (change.kind) {
    case 'producer':
      of('about').put(change.producer, 'producer');
      return;
    case 'place':
      of('places').put(change.place, change.document);
      return;
    case 'queue': {
      const { author, sequence } = change.delta;
      of('outbox').put(change.delta, [change.document, sequence]);
      if (author !== null) of('marks').put(author.number, [change.document, author.tab]);
      return;
    }
    case 'dequeue':
      of('outbox').delete(IDBKeyRange.bound([change.document], [change.document, change.through]));
      return;
    case 'outbox':
      of('outbox').delete(within(change.document));
      for (const delta of change.deltas) of('outbox').put(delta, [change.document, delta.sequence]);
      return;
    case 'records': {
      const { document, first, records } = change;
      if (records.length > 0) of('records').put(records, [document, first + records.length - 1]);
      return;
    }
    case 'state':
      of('states').put({ through: change.through, pieces: change.pieces }, change.document);
      of('records').delete(IDBKeyRange.bound([change.document], [change.document, change.through]));
      return;
    case 'forget':
      for (const table of ['places', 'states'] as const) of(table).delete(change.document);
      for (const table of ['outbox', 'records', 'marks'] as const) of(table).delete(within(change.document));
      return;
    case 'tabs': {
      const marks = of('marks').getAllKeys();
      marks.onsuccess = () => {
        for (const key of marks.result)
          if (!change.tabs.includes((key as [string, string])[1])) of('marks').delete(key);
      };
      return;
    }
  }
}

/** All keys [document, …]. */
function within(document: string): IDBKeyRange {
  return IDBKeyRange.bound([document], [document, []]);
}

function assemble(name: string, answers: unknown[]): StoredDocument {
  const [place, outbox, state, batches, lasts, numbers, markKeys] = answers as [
    StoredDocument['place'] | undefined,
    StoredDocument['outbox'],
    StoredDocument['state'] | undefined,
    StoredRecord[][],
    [string, number][],
    number[],
    [string, string][],
  ];
  let through = state?.through ?? 0;
  const records: StoredRecord[] = [];
  for (const [i, batch] of batches.entries()) {
    const last = lasts[i]![1];
    const first = last - batch.length + 1;
    if (first > through + 1) throw corrupt(name, `records ${through + 1} to ${first - 1} are missing`);
    records.push(...batch.slice(through + 1 - first));
    through = last;
  }
  const payloads = [...outbox, ...records].every(({ payload }) => payload instanceof Uint8Array);
  if (!payloads) throw corrupt(name, 'a delta is no bytes');
  const marks = new Map(markKeys.map(([, tab], i) => [tab, numbers[i]!]));
  return { place: place ?? null, outbox, state: state ?? null, records, marks };
}

// ---- IndexedDB with promises ----

async function openDatabase(name: string): Promise<IDBDatabase> {
  const factory = (globalThis as { indexedDB?: IDBFactory }).indexedDB;
  if (factory === undefined) throw new StoreUnavailableError(`${name}: this browser has no IndexedDB`);
  let request: IDBOpenDBRequest;
  try {
    request = factory.open(databaseName(name), format);
  } catch (cause) {
    throw new StoreUnavailableError(`${name}: this browser does not let this page keep anything`, cause);
  }
  request.onupgradeneeded = () => {
    for (const table of tables) request.result.createObjectStore(table);
  };
  const database = await done(name, request);
  const lacking = tables.filter((table) => !database.objectStoreNames.contains(table));
  if (lacking.length === 0) return database;
  database.close();
  throw corrupt(name, `it lacks ${lacking.join(', ')}`);
}

function begin(database: IDBDatabase, names: readonly Table[], mode: IDBTransactionMode): IDBTransaction {
  return database.transaction([...names], mode, { durability: 'strict' });
}

function done<T>(name: string, request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(errorOf(name, request.error));
  });
}

function complete(name: string, transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(errorOf(name, transaction.error));
  });
}

function errorOf(name: string, cause: unknown): StoreError {
  const { name: kind = '', message = String(cause) } = (cause ?? {}) as { name?: string; message?: string };
  if (cause instanceof StoreError) return cause;
  if (kind === 'QuotaExceededError')
    return new StorageFullError(`${name}: the browser gives this page no more room; edits go on in memory`, cause);
  if (kind === 'VersionError')
    return new StoreUnavailableError(`${name}: a newer version of the client wrote it`, cause);
  if (kind === 'NotReadableError') return corrupt(name, message, cause);
  return new StoreError(`${name}: ${message}`, cause);
}

function corrupt(name: string, what: string, cause?: unknown): StoreCorruptError {
  return new StoreCorruptError(`${name}: the store is damaged: ${what}; deleteStore() removes it`, cause);
}

/** Held until the function that comes back is called. */
async function lock(key: string, name: string, patienceMs: number): Promise<() => void> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  if (locks === undefined)
    throw new StoreUnavailableError(
      `${name}: this browser has no Web Locks, without which two tabs would use it at once`,
    );
  return new Promise((resolve, reject) => {
    const hold = (): Promise<void> => new Promise((unlock) => resolve(unlock));
    locks.request(key, { signal: AbortSignal.timeout(patienceMs) }, hold).catch((cause: unknown) => {
      const late = (cause as Error).name === 'TimeoutError' || (cause as Error).name === 'AbortError';
      const what = `${name}: another tab or worker has this store open`;
      reject(late ? new StoreLockedError(what, cause) : new StoreUnavailableError(`${name}: ${String(cause)}`, cause));
    });
  });
}
