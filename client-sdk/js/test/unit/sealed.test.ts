// The sealed format against proto/vectors/sealed.json, whose bytes no code of this package made.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromHex, toHex } from '../../src/bytes.js';
import { TamperedError, UnknownKeyError } from '../../src/encryption.js';
import { DocumentCipher } from '../../src/sealing/cipher.js';
import { KeyCache, type DocumentKey } from '../../src/sealing/keys.js';
import { readVectors } from '../support/vectors.js';

interface SealedVector {
  name: string;
  kind: 'record' | 'presence' | 'snapshot';
  key: string;
  key_id: number;
  space: string;
  document: string;
  place: { producer: string; sequence: string; offset: string; chain: string; base: string };
  nonce: string;
  sealed: string;
  error?: string;
  contents: {
    base: boolean;
    compressed: boolean;
    seen: { epoch: string; offset: string; chain: string } | null;
    deltas: { codec: number; payload: string }[];
    producer: string;
    clock: string;
    data: string;
    codec: number;
    bytes: string;
  };
}

const vectors = readVectors<SealedVector>('sealed.json');
const sound = vectors.filter(({ error }) => error === undefined);

function cipherOf({ key, key_id: id, space, document, nonce }: SealedVector, as?: DocumentKey): DocumentCipher {
  const cache = new KeyCache(() => null);
  cache.know(id, as ?? fromHex(key));
  return new DocumentCipher({ cache, id }, { space, document }, () => fromHex(nonce));
}

const recordAt = ({ place }: SealedVector): { producer: Uint8Array; sequence: number } => ({
  producer: fromHex(place.producer),
  sequence: Number(place.sequence),
});
const snapshotAt = ({ place }: SealedVector): { offset: number; chain: Uint8Array; base: number } => ({
  offset: Number(place.offset),
  chain: fromHex(place.chain),
  base: Number(place.base),
});

/** Opened, in the form of a vector's contents; rejects where it cannot be. */
async function open(vector: SealedVector, cipher = cipherOf(vector)): Promise<unknown> {
  const sealed = fromHex(vector.sealed);
  if (vector.kind === 'snapshot') {
    const { codec, bytes } = await cipher.openSnapshot(snapshotAt(vector), 2, sealed);
    return { codec, bytes: toHex(bytes) };
  }
  if (vector.kind === 'presence') {
    const opened = await cipher.openPresence(sealed);
    if (opened === null) throw new TamperedError('presence is left out without a word', { code: 0 });
    return { producer: toHex(opened.producer), clock: String(opened.clock), data: toHex(opened.data) };
  }
  const { base, seen, deltas, error } = await cipher.openRecord({ ...recordAt(vector), codec: 2, offset: 50, payload: sealed });
  if (error !== null) throw error;
  return {
    base,
    seen: seen && { epoch: String(seen.epoch), offset: String(seen.offset), chain: toHex(seen.chain) },
    deltas: deltas.map(({ codec, payload }) => ({ codec, payload: toHex(payload) })),
  };
}

for (const vector of sound)
  test(`opened: ${vector.name}`, async () => {
    const { compressed: _, ...contents } = vector.contents;
    assert.deepEqual(await open(vector), contents);
  });

for (const vector of vectors.filter(({ error }) => error !== undefined))
  test(`refused: ${vector.name}`, async () => {
    await assert.rejects(open(vector), TamperedError);
  });

for (const vector of sound)
  test(`sealed: ${vector.name}`, async () => {
    const { contents } = vector;
    const cipher = cipherOf(vector);
    let sealed: Uint8Array;
    if (vector.kind === 'snapshot') sealed = await cipher.sealSnapshot(snapshotAt(vector), contents.codec, fromHex(contents.bytes));
    else if (vector.kind === 'presence')
      sealed = await cipher.sealPresence(fromHex(contents.producer), Number(contents.clock), fromHex(contents.data));
    else {
      const { seen, base } = contents;
      const deltas = contents.deltas.map(({ codec, payload }) => ({ codec, payload: fromHex(payload) }));
      const author = seen && { epoch: BigInt(seen.epoch), offset: Number(seen.offset), chain: fromHex(seen.chain) };
      sealed = await cipher.sealRecord({ ...recordAt(vector), base }, author, deltas);
      const { compressed } = contents;
      if (compressed || sealed.length < vector.sealed.length / 2) {
        // Another zlib may write other bytes; what they mean is the same.
        const { compressed: __, ...same } = contents;
        return assert.deepEqual(await open({ ...vector, sealed: toHex(sealed) }), same);
      }
    }
    assert.equal(toHex(sealed), vector.sealed);
  });

test('each byte of a sealed record counts', async () => {
  const vector = sound[0]!;
  const cipher = cipherOf(vector);
  const sealed = fromHex(vector.sealed);
  for (let at = 0; at < sealed.length; at++)
    for (const bit of [1, 0x80]) {
      const changed = sealed.slice();
      changed[at]! ^= bit;
      const payload = { ...recordAt(vector), codec: 2, payload: changed };
      const { error, deltas } = await cipher.openRecord(payload);
      assert.ok(error instanceof TamperedError || error instanceof UnknownKeyError, `byte ${at}`);
      assert.deepEqual(deltas, []);
      assert.equal(error instanceof UnknownKeyError, at >= 1 && at <= 4, 'the key id is what names the key');
    }
});

test('each bit of a compressed batch counts', async () => {
  const vector = sound.find(({ contents }) => contents.compressed)!;
  const cipher = cipherOf(vector);
  const sealed = fromHex(vector.sealed);
  for (let bit = 5 * 8; bit < sealed.length * 8; bit++) {
    const changed = sealed.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const { error } = await cipher.openRecord({ ...recordAt(vector), codec: 2, payload: changed });
    assert.ok(error instanceof TamperedError, `bit ${bit}`);
  }
});

test('a key that no script can read out does the same', async () => {
  const vector = sound[0]!;
  const key = await crypto.subtle.importKey('raw', fromHex(vector.key).slice(), 'HKDF', false, ['deriveKey']);
  const { compressed: _, ...contents } = vector.contents;
  assert.deepEqual(await open(vector, cipherOf(vector, key)), contents);
});

test('random bytes, and sealed ones of any length, are refused and nothing else', async () => {
  const vector = sound[0]!;
  const cipher = cipherOf(vector);
  const sealed = fromHex(vector.sealed);
  for (let length = 0; length < sealed.length; length++) {
    const { error } = await cipher.openRecord({ ...recordAt(vector), codec: 2, payload: sealed.slice(0, length) });
    assert.ok(error instanceof TamperedError);
  }
});
