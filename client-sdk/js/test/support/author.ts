// Somebody who writes into an encrypted document, as the relay would store it: with it a test plays a relay that lies.
import { toHex } from '../../src/bytes.js';
import { chainNext, chainStart, digest } from '../../src/chain.js';
import { encryption, type Encryption } from '../../src/encryption.js';
import { DocumentCipher } from '../../src/sealing/cipher.js';
import type { Seen } from '../../src/sealing/format.js';
import { KeyCache, type FindKey } from '../../src/sealing/keys.js';
import { bytes, epoch, handle } from './conversation.js';
import { FakeRuntime, type Event, type Fields } from './network.js';

export const key = new Uint8Array(32).fill(0x11);

/** What readers subscribe with. */
export function sealed(find?: FindKey): Encryption {
  return encryption({ id: 1, key, ...(find === undefined ? {} : { find }) });
}

/** In which a client takes this producer id, as a new one. */
export function runtimeOf(name: string): FakeRuntime {
  const runtime = new FakeRuntime();
  runtime.randomBytes = (count) => bytes(name.repeat(count));
  return runtime;
}

export function cipherFor(document = 'd', id = 1, secret = key): DocumentCipher {
  const cache = new KeyCache(() => null);
  cache.know(id, secret);
  return new DocumentCipher({ cache, id }, { space: 's', document });
}

/** One record as the relay has it; `chain` is the value behind it. */
export interface There {
  offset: number;
  producer: string;
  sequence: number;
  codec: number;
  payload: string;
  chain: Uint8Array;
}

/** A document's records at an honest relay: offsets 1, 2, 3, … */
export class Ledger {
  readonly records: There[] = [];
  readonly #cipher: DocumentCipher;

  constructor(cipher = cipherFor()) {
    this.#cipher = cipher;
  }

  get chain(): Uint8Array {
    return this.records.at(-1)?.chain ?? chainStart('s', 'd');
  }

  /** Sealed by an author who has seen everything before it, if nothing else is said. */
  async write(
    producer: string,
    sequence: number,
    payloads: string[],
    more: { base?: boolean; seen?: Seen | null; cipher?: DocumentCipher } = {},
  ): Promise<There> {
    const offset = this.records.length + 1;
    const seen = more.seen === undefined ? this.seenAt(offset - 1) : more.seen;
    const deltas = payloads.map((payload) => ({ codec: 0, payload: bytes(payload) }));
    const place = { producer: bytes(producer), sequence, base: more.base ?? false };
    return this.put(producer, sequence, await (more.cipher ?? this.#cipher).sealRecord(place, seen, deltas));
  }

  /** Any bytes. */
  put(producer: string, sequence: number, payload: Uint8Array, codec = 2): There {
    const chain = chainNext(this.chain, bytes(producer), sequence, codec, digest(payload));
    const there = { offset: this.records.length + 1, producer, sequence, codec, payload: toHex(payload), chain };
    this.records.push(there);
    return there;
  }

  seenAt(offset: number): Seen {
    const chain = offset === 0 ? chainStart('s', 'd') : this.records[offset - 1]!.chain;
    return { epoch: BigInt(epoch), offset, chain: chain.subarray(0, 16) };
  }
}

/** As the relay sends them; with `as` it says something else of each. */
export function sent(records: readonly There[], as: Partial<There> = {}): Event {
  const runs = records.map((record): Fields => {
    const { offset, producer, sequence, codec, payload } = { ...record, ...as };
    return { producer, firstSequence: sequence, firstOffset: offset, time: 1, deltas: [{ codec, payload }] };
  });
  return { records: { document: handle, runs } };
}
