import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromHex, toHex } from '../../src/bytes.js';
import { chainNext, digest } from '../../src/chain.js';
import { inspectPack, PackError, readPack, unpack, type PackRecord } from '../../src/pack.js';
import { xxh32 } from '../../src/pack/xxh32.js';
import { readVectors } from '../support/vectors.js';

interface PackVector {
  name: string;
  start: string;
  count: number;
  chain: string;
  hex: string;
  records?: { offset: string; producer: string; sequence: string; time: string; codec: string; payload: string }[];
}

const vectors = readVectors<PackVector>('packs.json');
// Numbers that JavaScript does not hold exactly, and u32 codecs that are none.
const isBeyond = (vector: PackVector): boolean =>
  vector.name.startsWith('extremes') || vector.name.startsWith('anything');
const readable = vectors.filter((vector) => !isBeyond(vector));

function asVector(record: PackRecord): unknown {
  return {
    offset: String(record.offset),
    producer: toHex(record.producer),
    sequence: String(record.sequence),
    time: String(record.time),
    codec: String(record.codec),
    payload: toHex(record.payload),
  };
}

function chainOf(start: string, records: readonly PackRecord[]): string {
  let chain = fromHex(start);
  for (const { producer, sequence, codec, payload } of records)
    chain = chainNext(chain, producer, sequence, codec, digest(payload));
  return toHex(chain);
}

test('golden packs give their records', () => {
  assert.ok(readable.length >= 10);
  for (const vector of readable) {
    const pack = fromHex(vector.hex);
    const records = unpack(pack);
    assert.equal(records.length, vector.count, vector.name);
    assert.equal(chainOf(vector.start, records), vector.chain, vector.name);
    assert.equal(toHex(inspectPack(pack).chain), vector.chain, vector.name);
    if (vector.records) assert.deepEqual(records.map(asVector), vector.records, vector.name);
  }
});

test('numbers beyond what JavaScript holds are refused, not misread', () => {
  for (const vector of vectors.filter(isBeyond)) assert.throws(() => unpack(fromHex(vector.hex)), PackError, vector.name);
});

test('a pack is read block by block', () => {
  const vector = vectors.find(({ name }) => name === 'blocks, level 19');
  assert.ok(vector);
  const sizes = [...readPack(fromHex(vector.hex))].map((records) => records.length);
  assert.deepEqual(sizes, [700, 700, 700, 700, 200]);
});

test('every truncation and every flipped byte is refused', () => {
  for (const vector of readable.filter(({ count }) => count < 1000)) {
    const pack = fromHex(vector.hex);
    for (let at = 0; at < pack.length; at++) {
      assert.throws(() => unpack(pack.subarray(0, at)), PackError, `${vector.name} cut to ${at}`);
      const flipped = pack.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << at % 8);
      assert.throws(() => unpack(flipped), PackError, `${vector.name} at ${at}`);
    }
  }
});

/** The pack with another body, its checksums made right. */
function resealed(pack: Uint8Array, change: (body: Uint8Array) => void): Uint8Array {
  const made = pack.slice();
  const { headerBytes } = inspectPack(pack);
  const view = new DataView(made.buffer);
  change(made.subarray(headerBytes));
  view.setUint32(8, xxh32(made.subarray(headerBytes)), true);
  view.setUint32(4, xxh32(made.subarray(8, headerBytes)), true);
  return made;
}

test('damage behind right checksums is an error or harmless', () => {
  for (const vector of readable.filter(({ count }) => count < 1000)) {
    const pack = fromHex(vector.hex);
    const expected = unpack(pack).map(asVector);
    const { bodyBytes } = inspectPack(pack);
    for (let at = 0; at < bodyBytes; at++) {
      const damaged = resealed(pack, (body) => (body[at] = (body[at] as number) ^ (1 << at % 8)));
      try {
        assert.deepEqual(unpack(damaged).map(asVector), expected);
      } catch (error) {
        assert.ok(error instanceof PackError, `${vector.name} at ${at}: ${String(error)}`);
      }
    }
  }
});

test('a block larger than the reader takes is refused', () => {
  const vector = vectors.find(({ name }) => name === 'typing');
  assert.ok(vector);
  assert.throws(() => unpack(fromHex(vector.hex), { blockPayloadBytesMax: 100 }), PackError);
});

test('XXH32 is what everybody computes', () => {
  const text = new TextEncoder();
  assert.equal(xxh32(text.encode('')), 0x02cc5d05);
  assert.equal(xxh32(text.encode('a')), 0x550d7456);
  assert.equal(xxh32(text.encode('abc')), 0x32d153ff);
  assert.equal(xxh32(text.encode('Nobody inspects the spammish repetition')), 0xe2293b2f);
});

test('XXH32 is the same wherever the bytes lie', () => {
  const bytes = Uint8Array.from({ length: 40_000 }, (_, i) => (i * i) % 251);
  for (const size of [0, 1, 15, 16, 17, 31, 16_384, 16_400, 39_999])
    for (let shift = 0; shift < 4; shift++) {
      const elsewhere = new Uint8Array(size + shift).subarray(shift);
      elsewhere.set(bytes.subarray(0, size));
      assert.equal(xxh32(elsewhere, 7), xxh32(bytes.subarray(0, size), 7), `${size} bytes at ${shift}`);
    }
});
