// End-to-end encryption, and checks of what a relay sends (docs/encryption.md): an entry point of its own, so that who wants
// neither does not load it.
//
//   import { encryption } from '@weir/client/encryption';
//   const sealed = encryption({ id: 1, key });               // 32 random bytes, which the application gives to whoever may read
//   client.subscribe('plan', { encryption: sealed });         // or new WeirProvider(..., { encryption: sealed })
//
//   import { verify } from '@weir/client/encryption';
//   client.subscribe('plan', { verify });                     // without a key: that no record is repeated or left out

import type { Encryption, MergeDeltas, Verification } from './guard.js';
import { DocumentCipher } from './sealing/cipher.js';
import { checkKey, KeyCache, type DocumentKey, type FindKey } from './sealing/keys.js';
import { openPage } from './sealing/history.js';
import { OrderGuard } from './sealing/order-guard.js';
import { SealedGuard } from './sealing/sealed-guard.js';

export type { Encryption, MergeDeltas, Verification } from './guard.js';
export * from './sealing/errors.js';
export type { DocumentKey, FindKey } from './sealing/keys.js';

export interface EncryptionOptions {
  /** Of the key that deltas are sealed under from now on: a whole number below 2^32, which the application chose for it. */
  id: number;
  /** 32 random bytes, or a CryptoKey made of them for 'HKDF', with the use 'deriveKey'; it need not be extractable. */
  key: DocumentKey;
  /** Asked for keys with other ids, which records have that were sealed under older ones, or newer. Null: there is none. */
  find?: FindKey;
}

/** For SubscribeOptions.encryption; any number of documents may share it that share their keys. */
export function encryption({ id, key, find = () => null }: EncryptionOptions): Encryption {
  checkKey(id, key);
  const cache = new KeyCache(find);
  cache.know(id, key);
  const keyring = { cache, id };
  return withKeys(keyring, (deltas) => deltas);
}

function withKeys(keyring: { readonly cache: KeyCache; id: number }, merge: MergeDeltas): Encryption {
  const { cache } = keyring;
  return {
    begin: (link, owner) => new SealedGuard(link, owner, keyring, merge),
    merging: (better) => withKeys(keyring, better),
    opened: (page, snapshots, where) => openPage(page, snapshots, new DocumentCipher(keyring, where)),
    setKey(newId, newKey) {
      checkKey(newId, newKey);
      cache.know(newId, newKey);
      keyring.id = newId;
    },
  };
}

/** For SubscribeOptions.verify. */
export const verify: Verification = { begin: (link, owner) => new OrderGuard(link, owner) };
