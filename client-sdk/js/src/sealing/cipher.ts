// Seals and opens what belongs to one document, each thing for its place and in no other.

import { compactBytes } from '../durable.js';
import { Code, messageOf, type WeirError } from '../errors.js';
import type { Delta } from '../wire/events.js';
import { deflate, inflate } from './deflate.js';
import { TamperedError, UnknownKeyError, UnsealedError } from './errors.js';
import * as format from './format.js';
import { FormatError, Kind, type Named, type Seen } from './format.js';
import type { KeyCache } from './keys.js';

/** Under which key is written, and where all are. */
export interface Keyring {
  readonly cache: KeyCache;
  readonly id: number;
}

/** What was in a sealed record. */
export interface OpenedRecord {
  deltas: readonly Delta[];
  base: boolean;
  seen: Seen | null;
  /** Why nothing of it is delivered. */
  error: WeirError | null;
}

interface Place {
  kind: Kind;
  scope: Uint8Array;
  bytes: Uint8Array;
}

const nothing = new Uint8Array(0);

export class DocumentCipher {
  readonly #keyring: Keyring;
  readonly #named: Named;
  readonly #randomBytes: (count: number) => Uint8Array;

  constructor(
    keyring: Keyring,
    named: Named,
    randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count)),
  ) {
    this.#keyring = keyring;
    this.#named = named;
    this.#randomBytes = randomBytes;
  }

  get path(): string {
    return `${this.#named.space}/${this.#named.document}`;
  }

  // ---- records ----

  async sealRecord(
    at: { producer: Uint8Array; sequence: number; base: boolean },
    seen: Seen | null,
    deltas: readonly Delta[],
  ): Promise<Uint8Array> {
    const batch = format.batchOf(deltas);
    const deflated = await deflate(batch);
    return this.#seal(recordAt(at), format.recordPlaintext(deflated ?? batch, deflated !== null, at.base, seen));
  }

  /** Never rejects for what the bytes are. */
  async openRecord(record: {
    producer: Uint8Array;
    sequence: number;
    codec: number;
    offset?: number;
    payload: Uint8Array;
  }): Promise<OpenedRecord> {
    const what = record.offset === undefined ? 'a delta from the store' : `the record at offset ${record.offset}`;
    const refused = (error: WeirError): OpenedRecord => ({ deltas: [], base: false, seen: null, error });
    if (record.codec !== format.sealedCodec) {
      const why = 'is not sealed, though this document is encrypted: its author has no key, or the relay made it up';
      return refused(new UnsealedError(`${this.path}: ${what} ${why}; it was left out`, this.#details()));
    }
    try {
      const plaintext = format.parseRecord(await this.#open(recordAt(record), record.payload));
      const { base, seen, compressed, batch } = plaintext;
      const deltas = format.parseBatch(compressed ? await inflate(batch, format.inflatedBytesMax) : batch);
      return { deltas, base, seen, error: null };
    } catch (cause) {
      return refused(this.#errorFor(what, cause));
    }
  }

  // ---- presence ----

  sealPresence(producer: Uint8Array, clock: number, data: Uint8Array): Promise<Uint8Array> {
    return this.#seal(presenceHere, format.presencePlaintext(producer, clock, data));
  }

  /** Null: it cannot be opened. */
  async openPresence(sealed: Uint8Array): Promise<ReturnType<typeof format.parsePresence> | null> {
    return this.#open(presenceHere, sealed).then(format.parsePresence).catch(() => null);
  }

  // ---- snapshots ----

  sealSnapshot(at: SnapshotPlace, codec: number, bytes: Uint8Array): Promise<Uint8Array> {
    return this.#seal(snapshotAt(at), format.snapshotPlaintext(codec, bytes));
  }

  /** Rejects with one of the named errors. */
  async openSnapshot(at: SnapshotPlace, codec: number, sealed: Uint8Array): Promise<{ codec: number; bytes: Uint8Array }> {
    const what = `the snapshot at offset ${at.offset}`;
    if (codec !== format.sealedCodec)
      throw new UnsealedError(`${this.path}: ${what} is not sealed, though this document is encrypted`, this.#details());
    try {
      const { codec: inner, bytes } = format.parseSnapshot(await this.#open(snapshotAt(at), sealed));
      return { codec: inner, bytes: compactBytes(bytes) };
    } catch (cause) {
      throw this.#errorFor(what, cause);
    }
  }

  // ---- what a store keeps in the place of records ----

  sealKept(piece: Uint8Array): Promise<Uint8Array> {
    return this.#seal(keptHere, compactBytes(piece) as Uint8Array<ArrayBuffer>);
  }

  openKept(sealed: Uint8Array): Promise<Uint8Array> {
    return this.#open(keptHere, sealed).catch((cause: unknown) => {
      throw this.#errorFor('the state in the store', cause);
    });
  }

  // ---- steps ----

  async #seal({ kind, scope, bytes }: Place, plaintext: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const { id, cache } = this.#keyring;
    const key = await cache.derived(id, kind, scope);
    if (key === null) throw new TypeError(`the key ${id} is not here`);
    const iv = this.#randomBytes(format.nonceBytes) as Uint8Array<ArrayBuffer>;
    const head = format.headOf(id, iv);
    const additionalData = format.associatedData(kind, head, this.#named, bytes);
    const box = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, plaintext);
    const sealed = new Uint8Array(head.length + box.byteLength);
    sealed.set(head);
    sealed.set(new Uint8Array(box), head.length);
    return sealed;
  }

  async #open({ kind, scope, bytes }: Place, sealed: Uint8Array): Promise<Uint8Array> {
    const { keyId, nonce, head, box } = format.parse(sealed);
    const key = await this.#keyring.cache.derived(keyId, kind, scope).catch((cause: unknown) => {
      throw new KeyMissing(keyId, true, cause);
    });
    if (key === null) throw new KeyMissing(keyId);
    const additionalData = format.associatedData(kind, head, this.#named, bytes);
    const iv = nonce as Uint8Array<ArrayBuffer>;
    try {
      return new Uint8Array(
        await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, box as Uint8Array<ArrayBuffer>),
      );
    } catch {
      throw new FormatError('its tag does not fit');
    }
  }

  #details(cause?: unknown): { code: number; document: string; cause?: unknown } {
    return { code: Code.dataLoss, document: this.path, cause };
  }

  #errorFor(what: string, cause: unknown): WeirError {
    if (cause instanceof KeyMissing) {
      const why = cause.failed
        ? `and \`find\` failed: ${messageOf(cause.cause)}; subscribe again to ask it again`
        : 'which is not here; give it by `find`, and subscribe again';
      return new UnknownKeyError(`${this.path}: ${what} is sealed under key ${cause.id}, ${why}`, {
        ...this.#details(cause.cause),
        code: Code.failedPrecondition,
      });
    }
    const who = "it was changed, moved from another place, or written without this document's key; or yours is another";
    return new TamperedError(`${this.path}: ${what} was left out: ${who} (${messageOf(cause)})`, this.#details(cause));
  }
}

export interface SnapshotPlace {
  offset: number;
  chain: Uint8Array;
  base: number;
}

class KeyMissing extends Error {
  /** `cause`: what was thrown when it was asked for, if `failed`; otherwise nobody has it. */
  constructor(
    readonly id: number,
    readonly failed = false,
    override readonly cause?: unknown,
  ) {
    super(`the key ${id} is not here`);
  }
}

const presenceHere: Place = { kind: Kind.presence, scope: format.noScope, bytes: nothing };
const keptHere: Place = { kind: Kind.kept, scope: format.noScope, bytes: nothing };

function recordAt({ producer, sequence }: { producer: Uint8Array; sequence: number }): Place {
  return { kind: Kind.record, scope: producer, bytes: format.recordPlace(producer, sequence) };
}

function snapshotAt({ offset, chain, base }: SnapshotPlace): Place {
  const bytes = format.snapshotPlace(offset, chain, base);
  return { kind: Kind.snapshot, scope: format.noScope, bytes };
}

/** So many are opened side by side. */
const openedTogether = 256;

/** In their order, and not all at once. */
export async function inParts<From, To>(all: readonly From[], open: (one: From) => Promise<To>): Promise<To[]> {
  const opened: To[] = [];
  for (let at = 0; at < all.length; at += openedTogether)
    for (const one of await Promise.all(all.slice(at, at + openedTogether).map(open))) opened.push(one);
  return opened;
}
