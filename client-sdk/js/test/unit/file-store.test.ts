// The store on disk, on a real one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { openStore } from '../../src/node/index.js';
import { StoreCorruptError, StoreLockedError } from '../../src/store/errors.js';
import type { Change, Place, StoredDelta, StoredRecord } from '../../src/store/store.js';
import { randomFrom } from '../support/lives.js';

const made: string[] = [];
after(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weir-store-'));
  made.push(path);
  return path;
}

const place: Place = {
  producer: new Uint8Array(16).fill(1),
  epoch: 2n ** 63n + 5n,
  offset: 9,
  chain: new Uint8Array(32).fill(7),
  storedThrough: 3,
  storedOffset: 8,
  everStored: true,
  stateWanted: false,
};
const delta = (sequence: number, bytes = 5): StoredDelta => ({
  sequence,
  base: sequence === 1,
  codec: 16,
  payload: new Uint8Array(bytes).fill(sequence),
  author: { tab: `tab ${sequence % 2}`, number: sequence },
});
const record = (offset: number, bytes = 3): StoredRecord => ({
  offset,
  producer: new Uint8Array(16).fill(offset),
  sequence: offset,
  time: 1,
  codec: 0,
  payload: new Uint8Array(bytes).fill(offset),
});
const queue = (sequence: number, bytes?: number): Change => ({
  kind: 'queue',
  document: 'd',
  delta: delta(sequence, bytes),
});

test('everything comes back, and so does the producer', async () => {
  const path = await folder();
  const store = await openStore(path);
  await store.write([queue(1), queue(2), queue(3), { kind: 'place', document: 'd', place }]);
  await store.write([
    { kind: 'records', document: 'd', first: 1, records: [record(4), record(6), record(9)] },
    { kind: 'dequeue', document: 'd', through: 1 },
  ]);
  await store.write([{ kind: 'state', document: 'd', through: 2, pieces: [Uint8Array.of(42)] }]);
  await store.write([{ kind: 'tabs', tabs: ['tab 1'] }]);
  await store.write([queue(1), { kind: 'forget', document: 'gone' }]);
  await store.close();

  const again = await openStore(path);
  assert.deepEqual(again.producer, store.producer);
  assert.deepEqual(await again.load('d'), {
    place,
    outbox: [delta(1), delta(2), delta(3)],
    state: { through: 2, pieces: [Uint8Array.of(42)] },
    records: [record(9)],
    marks: new Map([['tab 1', 1]]),
  });
  await again.close();
});

test('a journal that is cut anywhere holds what was written before', async () => {
  const path = await folder();
  const journal = join(path, 'journal');
  const store = await openStore(path);
  const ends: number[] = [];
  for (let sequence = 1; sequence <= 4; sequence++) {
    await store.write([queue(sequence)]);
    ends.push((await stat(journal)).size);
  }
  await store.close();
  const whole = await readFile(journal);
  const begun = 21; // the file's head; before that nothing was promised
  for (let length = 0; length <= whole.length; length++) {
    // What a file system may leave of the last write: its beginning, and nothing or zeros behind it.
    for (const rest of [new Uint8Array(0), new Uint8Array(whole.length - length)]) {
      await writeFile(journal, Buffer.concat([whole.subarray(0, length), rest]));
      if (length < begun && rest.length > 0) continue;
      if (length > begun && length < firstEntryEnd(whole)) {
        await openStore(path).then((torn) => torn.close());
        continue;
      }
      const torn = await openStore(path);
      const kept = ends.filter((end) => end <= length).length;
      const { outbox } = await torn.load('d');
      assert.equal(outbox.length, kept, `cut at ${length}`);
      await torn.write([queue(outbox.length + 1)]); // and goes on behind it
      await torn.close();
      const more = await openStore(path);
      assert.equal((await more.load('d')).outbox.length, kept + 1, `written on after a cut at ${length}`);
      await more.close();
    }
  }
});

/** Where the entry with the producer ends: without it the store begins anew. */
function firstEntryEnd(journal: Buffer): number {
  return 21 + 12 + journal.readUInt32LE(21);
}

test('a flipped bit: a named error where something good stands behind it, or the last entry is gone', async () => {
  const path = await folder();
  const journal = join(path, 'journal');
  const store = await openStore(path);
  let lastEntry = 0;
  for (let sequence = 1; sequence <= 4; sequence++) {
    lastEntry = (await stat(journal)).size;
    await store.write([queue(sequence)]);
  }
  await store.close();
  const whole = await readFile(journal);
  for (let at = 0; at < whole.length; at++) {
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 1 << (at % 8);
    await writeFile(journal, flipped);
    if (at < lastEntry) await assert.rejects(openStore(path), StoreCorruptError, `flipped at ${at}`);
    else {
      const damaged = await openStore(path);
      assert.equal((await damaged.load('d')).outbox.length, 3);
      await damaged.close();
    }
  }
});

test('one process at a time; a dead one does not count', async () => {
  const path = await folder();
  const store = await openStore(path);
  await assert.rejects(openStore(path), StoreLockedError);
  await store.close();
  const child = writer(path, 1_000_000, 1);
  await once(child.stdout, 'data');
  await assert.rejects(openStore(path), StoreLockedError);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const openings = await Promise.allSettled([openStore(path), openStore(path), openStore(path)]);
  const opened = openings.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  assert.equal(opened.length, 1);
  await opened[0]!.close();
  await writeFile(join(path, 'lock'), JSON.stringify({ host: 'elsewhere', pid: 1, started: '', id: 'x' }));
  await assert.rejects(openStore(path), /process 1 on elsewhere/);
  await rm(join(path, 'lock'));
  assert.deepEqual(await readdir(path), ['journal']);
});

test('killed in the middle of writing: what was told is there', async () => {
  const path = await folder();
  const random = randomFrom(7);
  let told = 0;
  for (let life = 0; life < 8; life++) {
    const child = writer(path, 1_000_000, Math.floor(random() * 20_000));
    const enough = told + 1 + Math.floor(random() * 60);
    const ended = once(child, 'exit');
    let output = '';
    for await (const bytes of child.stdout) {
      output += String(bytes);
      told = Math.max(
        told,
        ...output
          .slice(0, output.lastIndexOf('\n') + 1)
          .split('\n')
          .map(Number),
      );
      if (told >= enough) child.kill('SIGKILL');
    }
    await ended; // its output ends a moment before it does
    const store = await openStore(path);
    const { outbox } = await store.load('d');
    assert.ok(outbox.length >= told, `${outbox.length} are there, ${told} were told`);
    assert.deepEqual(
      outbox.map(({ sequence }) => sequence),
      outbox.map((_, i) => i + 1),
    );
    assert.ok(outbox.every(({ sequence, payload }) => payload.every((byte) => byte === sequence % 256)));
    await store.close();
    told = outbox.length;
  }
});

test('no room: a named error, and what was told before is there', async () => {
  const path = await folder();
  const child = spawn('sh', ['-c', `ulimit -f 64; exec "$0" "$@"`, process.execPath, script, path, '1000', '3000']);
  let output = '';
  for await (const bytes of child.stdout) output += String(bytes);
  const lines = output.trim().split('\n');
  assert.equal(lines.pop(), 'StorageFullError');
  const store = await openStore(path);
  assert.equal((await store.load('d')).outbox.length, lines.length);
  await store.write([queue(lines.length + 1)]);
  await store.close();
});

test('a folder is made with those above it; where none can be made, an error names it', { timeout: 10_000 }, async () => {
  const path = join(await folder(), 'a', 'b');
  await (await openStore(path)).close();
  await (await openStore(path)).close();
  for (const none of ['/dev/null/store', ...(process.platform === 'linux' ? ['/proc/store', '/proc/some/store'] : [])])
    await assert.rejects(openStore(none), (error: Error) => error.name === 'StoreError' && error.message.startsWith(none));
});

test('what is no longer needed leaves the disk', async () => {
  const path = await folder();
  const store = await openStore(path);
  for (let round = 1; round <= 60; round++) {
    await store.write([queue(round, 100_000), { kind: 'place', document: 'd', place }]);
    await store.write([{ kind: 'dequeue', document: 'd', through: round - 1 }]);
  }
  assert.ok((await stat(join(path, 'journal'))).size < 2_000_000);
  const kept = await store.load('d');
  assert.equal(kept.outbox.length, 1);
  await store.close();
  const again = await openStore(path);
  assert.deepEqual(await again.load('d'), kept);
  assert.deepEqual(await readdir(path), ['journal', 'lock']);
  await again.close();
});

const script = fileURLToPath(new URL('../support/file-writer.js', import.meta.url));

function writer(path: string, count: number, bytes: number): ReturnType<typeof spawnPiped> {
  return spawnPiped([script, path, String(count), String(bytes)]);
}

function spawnPiped(args: string[]) {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}
