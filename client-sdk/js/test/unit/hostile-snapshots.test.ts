// Snapshots from a relay that lies: sizes, positions, ends, hashes, and frames that become more than they say. What is
// wrong is refused, and memory is what came, not what was claimed.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { digest } from '../../src/chain.js';
import { BadSnapshotError } from '../../src/errors.js';
import { packDecoder } from '../../src/pack.js';
import { SnapshotIntake, SnapshotReader } from '../../src/snapshot-reader.js';
import type { SnapshotChunk, SnapshotHeader } from '../../src/wire/events.js';

const mebi = 2 ** 20;

function headerOf(content: Uint8Array, lies: Partial<SnapshotHeader> = {}): SnapshotHeader {
  const where = { document: 1, offset: 5, base: 0, chain: new Uint8Array(32) };
  const what = { hash: digest(content), size: content.length, codec: 0, fidelity: 0, verified: true, time: 0 };
  return { kind: 'snapshot', ...where, ...what, ...lies };
}

function chunkOf(data: Uint8Array, position: number, last: boolean, unpackedSize = 0): SnapshotChunk {
  return { kind: 'snapshotChunk', request: 0, document: 1, position, data, last, unpackedSize };
}

/** A frame of `blocks` × 128 KiB of zeros, four bytes each. */
function bomb(blocks: number): Uint8Array {
  const out = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
  for (let i = 1; i <= blocks; i++) out.push((i === blocks ? 1 : 0) | 2, 0, 0x10, 0);
  return Uint8Array.from(out);
}

/** What all of it takes at most, in bytes, beside what was there before. */
function taken(act: () => void): number {
  const before = process.memoryUsage();
  act();
  const now = process.memoryUsage();
  return Math.max(0, now.arrayBuffers - before.arrayBuffers) + Math.max(0, now.heapUsed - before.heapUsed);
}

const content = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251);

test('a size that is only claimed takes no memory', () => {
  const used = taken(() => {
    const reader = new SnapshotReader(headerOf(content, { size: 2 ** 30 }), null);
    assert.equal(reader.add(chunkOf(content, 0, false)), null);
    assert.throws(() => reader.add(chunkOf(content, 1000, true)), BadSnapshotError);
  });
  assert.ok(used < 8 * mebi, `${used} bytes`);
  assert.throws(() => new SnapshotReader(headerOf(content, { size: 2 ** 30 + 1 }), null), /read at most/);
});

test('a frame that becomes more than it says is read as far as it says', () => {
  const frame = bomb(8000); // a gigabyte, from 32 KB
  const used = taken(() => {
    for (const unpackedSize of [1, 1000, 128 * 1024, 8 * mebi]) {
      const reader = new SnapshotReader(headerOf(content, { size: unpackedSize }), packDecoder);
      assert.throws(() => reader.add(chunkOf(frame, 0, true, unpackedSize)), BadSnapshotError);
      assert.ok(reader.position <= unpackedSize);
    }
  });
  assert.ok(used < 64 * mebi, `${used} bytes`);
});

test('a frame that says what it becomes is refused when that is too much, or not true', () => {
  const refused = (size: number, unpackedSize: number, frame: Uint8Array): void => {
    const reader = new SnapshotReader(headerOf(content, { size }), packDecoder);
    assert.throws(() => reader.add(chunkOf(frame, 0, true, unpackedSize)), BadSnapshotError);
  };
  refused(1000, 1001, bomb(1)); // more than is left
  refused(2 ** 29, 8 * mebi + 1, bomb(1)); // more than a chunk
  refused(2 ** 29, Number.MAX_SAFE_INTEGER, bomb(1));
  refused(256 * 1024, 256 * 1024, bomb(1)); // less comes
  refused(1000, 1000, new Uint8Array(0));
  refused(1000, 1000, content); // no frame at all
  const plain = new SnapshotReader(headerOf(content), null);
  assert.throws(() => plain.add(chunkOf(bomb(1), 0, true, 1000)), /not asked for/);
});

test('an honest one in a frame is read all the same', () => {
  const zeros = new Uint8Array(256 * 1024);
  const reader = new SnapshotReader(headerOf(zeros), packDecoder);
  assert.deepEqual(reader.add(chunkOf(bomb(2), 0, true, zeros.length))?.bytes, zeros);
});

test('headers and chunks in another order are refused', () => {
  const intake = new SnapshotIntake();
  assert.throws(() => intake.add(chunkOf(content, 0, true)), BadSnapshotError);
  intake.begin(headerOf(content), 0, null);
  assert.throws(() => intake.begin(headerOf(content), 0, null), /before it ended/);
  assert.throws(() => new SnapshotIntake().begin(headerOf(content, { base: 4 }), 3, null), /only what came up to 3/);
  assert.throws(() => new SnapshotIntake().begin(headerOf(content, { base: 5 }), 5, null), BadSnapshotError);
});

test('whatever comes, only what was announced comes out', () => {
  let state = 1;
  const below = (bound: number): number => (state = (state * 48271) % 2147483647) % bound;
  let whole = 0;
  for (let round = 0; round < 3000; round++) {
    const header = headerOf(content);
    if (below(3) === 0) header.size = below(1200);
    if (below(4) === 0) header.hash = digest(Uint8Array.of(below(256)));
    const reader = new SnapshotReader(header, packDecoder);
    try {
      for (let at = 0; ; ) {
        const position = below(12) === 0 ? below(1200) : at;
        const data = content.subarray(at, at + below(700));
        const last = below(15) === 0 ? below(2) === 0 : at + data.length === content.length;
        const unpackedSize = below(30) === 0 ? below(2000) : 0;
        const snapshot = reader.add(chunkOf(below(30) === 0 ? bomb(1) : data, position, last, unpackedSize));
        at += data.length;
        assert.ok(reader.position <= header.size);
        if (snapshot === null) continue;
        whole++;
        assert.equal(snapshot.bytes.length, header.size);
        assert.deepEqual(digest(snapshot.bytes), header.hash);
        break;
      }
    } catch (error) {
      assert.ok(error instanceof BadSnapshotError, String(error));
    }
  }
  assert.ok(whole > 100, `only ${whole} were whole`);
});
