// The AES keys of a document, made once each from the keys that the application gives, and remembered.

import { keyInfo, type Kind } from './format.js';

/** 32 random bytes; or those imported for HKDF, with the use 'deriveKey', which no script can read out again. */
export type DocumentKey = Uint8Array | CryptoKey;
export type FindKey = (id: number) => DocumentKey | null | undefined | Promise<DocumentKey | null | undefined>;

const keyBytes = 32;
/** Of derived keys: one a producer. Beyond it the longest unused is made again. */
const derivedMax = 2048;

export class KeyCache {
  readonly #find: FindKey;
  readonly #known = new Map<number, Promise<CryptoKey>>();
  /** Of which the application is being asked. */
  readonly #asked = new Map<number, Promise<CryptoKey | null>>();
  readonly #derived = new Map<string, Promise<CryptoKey>>();

  constructor(find: FindKey) {
    this.#find = find;
  }

  /** What was derived from another key of this id is forgotten: the key that was said last is the one that is used. */
  know(id: number, key: DocumentKey): void {
    this.#known.set(id, importKey(key));
    for (const name of this.#derived.keys()) if (name.startsWith(`${id} `)) this.#derived.delete(name);
  }

  /** Null when the application does not have it; it is asked again the next time. Rejects with what `find` has thrown. */
  async derived(id: number, kind: Kind, scope: Uint8Array): Promise<CryptoKey | null> {
    const name = `${id} ${kind} ${String.fromCharCode(...scope)}`;
    let derived = this.#derived.get(name);
    if (derived === undefined) {
      const key = await this.#key(id);
      if (key === null) return null;
      derived = derive(key, kind, scope);
    }
    this.#derived.delete(name); // and put behind all others
    this.#derived.set(name, derived);
    if (this.#derived.size > derivedMax) this.#derived.delete(this.#derived.keys().next().value!);
    return derived;
  }

  async #key(id: number): Promise<CryptoKey | null> {
    const known = this.#known.get(id) ?? this.#asked.get(id);
    if (known !== undefined) return known;
    const asked = this.#ask(id).finally(() => this.#asked.delete(id));
    this.#asked.set(id, asked);
    return asked;
  }

  async #ask(id: number): Promise<CryptoKey | null> {
    const found = (await this.#find(id)) ?? null;
    const known = this.#known.get(id); // set meanwhile
    if (known !== undefined) return known;
    if (found === null) return null;
    checkKey(id, found);
    this.know(id, found);
    return this.#known.get(id)!;
  }
}

/** What is wrong with it is said at once. */
export function checkKey(id: number, key: DocumentKey): void {
  if (!Number.isInteger(id) || id < 0 || id > 2 ** 32 - 1) throw new TypeError(`${id} is no key id: a whole number below 2^32`);
  if (globalThis.crypto?.subtle === undefined)
    throw new TypeError('encryption needs WebCrypto, which browsers have only on secure pages: https, or localhost');
  if (key instanceof Uint8Array) {
    if (key.length !== keyBytes) throw new TypeError(`a document key has ${keyBytes} bytes, and this one ${key.length}`);
  } else if ((key as CryptoKey | null)?.algorithm?.name !== 'HKDF' || !key.usages.includes('deriveKey'))
    throw new TypeError(`a document key is a Uint8Array of ${keyBytes} bytes, or a CryptoKey for 'HKDF' with the use 'deriveKey'`);
}

function importKey(key: DocumentKey): Promise<CryptoKey> {
  if (!(key instanceof Uint8Array)) return Promise.resolve(key);
  return crypto.subtle.importKey('raw', key.slice(), 'HKDF', false, ['deriveKey']);
}

function derive(key: CryptoKey, kind: Kind, scope: Uint8Array): Promise<CryptoKey> {
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: keyInfo(kind, scope) };
  return crypto.subtle.deriveKey(how, key, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
