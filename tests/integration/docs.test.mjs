// `weir docs` with the real binary: at a running relay and in the store of a stopped one, with the same lines; followed
// through kill -9; exported and put back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { grpcClient, newProducer } from './grpc.mjs';
import { relayBinary, startRelay } from './relay.mjs';
import { WeirClient } from './sdk.mjs';
import { until } from './until.mjs';

let relay;
let folder;
const open = [];
before(async () => {
  relay = await startRelay();
  folder = await mkdtemp(path.join(os.tmpdir(), 'weir-docs-'));
});
after(async () => {
  open.forEach((client) => client.close());
  await relay.end();
  await rm(folder, { recursive: true, force: true });
});

/** Begins `weir docs ...`: { out, err, lines(), ended }, and kill(). */
function begin(...words) {
  const child = spawn(relayBinary(), ['docs', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.out = Buffer.alloc(0);
  child.err = '';
  child.stdout.on('data', (some) => (child.out = Buffer.concat([child.out, some])));
  child.stderr.on('data', (some) => (child.err += some));
  child.lines = () => child.out.toString().split('\n').slice(0, -1).map((line) => JSON.parse(line));
  child.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return child;
}

/** Runs it to its end, which must be a good one. */
async function docs(...words) {
  const child = begin(...words);
  const { code } = await child.ended;
  assert.equal(code, 0, `weir docs ${words.join(' ')}: ${child.err}`);
  return child;
}

/** Runs it; it must fail with 1, print nothing, and say this. */
async function refused(words, pattern) {
  const child = begin(...words);
  const { code } = await child.ended;
  assert.equal(code, 1, `weir docs ${words.join(' ')} ended with ${code}: ${child.err}`);
  assert.match(child.err, pattern);
  assert.equal(child.out.length, 0);
}

const live = () => ['--server', `127.0.0.1:${relay.grpc}`];
const stored = () => ['--data', relay.data];

function author(space) {
  const client = new WeirClient({ url: relay.url, space, webSocket: WebSocket, backoffFirstMs: 10, backoffMaxMs: 100 });
  client.on('error', () => {}); // a killed relay is one
  open.push(client);
  return client;
}

async function publish(client, document, ...payloads) {
  const session = client.subscribe(document);
  session.on('error', () => {});
  for (const payload of payloads) void session.publish(Buffer.from(payload));
  await session.whenStored();
  session.close();
}

const payloadOf = ({ payload }) => Buffer.from(payload, 'base64').toString();

/** What `show` says without what only the store knows. */
const withoutWeight = (out) => out.replace(/,"weight":\{[^}]*\}/, '').replace(/in runs [^]*$/, '');

test('says the same of a running relay and of its store', async () => {
  const [ann, bob] = [author('same'), author('same')];
  await publish(ann, 'plan', 'one', 'two', 'x'.repeat(5000));
  await publish(bob, 'plan', 'three', '');
  await publish(bob, 'list/of things', 'four');
  await publish(ann, 'gone', 'five');
  await docs('delete', 'same', 'gone', '--yes', ...live());
  const file = (name) => path.join(folder, name);
  const questions = [
    ['ls'],
    ['ls', 'same'],
    ['show', 'same', 'plan'],
    ['show', 'same', 'gone'],
    ['tail', 'same', 'plan'],
    ['tail', 'same', 'plan', '--from', '2', '--limit', '2'],
    ['tail', 'same', 'plan', '--from', '1000'],
    ['tail', 'same'],
    ['tail', 'same', '--from', '3', '--limit', '2'],
    ['export', 'same', 'plan'],
  ].flatMap((words) => [words, [...words, '--json']]);
  const atRelay = [];
  for (const words of questions) atRelay.push(await docs(...words, ...live()));
  await docs('export', 'same', 'plan', '--out', file('live'), ...live());
  await relay.stop();
  for (const [i, words] of questions.entries()) {
    const inStore = await docs(...words, ...stored());
    assert.equal(withoutWeight(inStore.out.toString()), atRelay[i].out.toString(), words.join(' '));
    assert.equal(inStore.err, atRelay[i].err, words.join(' '));
  }
  await docs('export', 'same', 'plan', '--out', file('stored'), ...stored());
  assert.deepEqual(await readFile(file('stored')), await readFile(file('live')));
  await relay.start();

  assert.deepEqual(atRelay[9].lines().map(payloadOf), ['one', 'two', 'x'.repeat(5000), 'three', '']);
  assert.deepEqual(
    atRelay[15].lines().map(({ kind, document }) => `${kind} ${document}`),
    [...Array(5).fill('record plan'), 'record list/of things', 'deleted gone'],
  );
});

test('follows a document and its space, also when the relay is killed', async () => {
  const client = author('follow');
  await publish(client, 'plan', 'before');
  const document = begin('tail', 'follow', 'plan', '--follow', '--json', ...live());
  const space = begin('tail', 'follow', '--follow', '--json', ...live());
  const seen = (count) => () => document.lines().length >= count && space.lines().length >= count;
  await until('both have what was there', seen(1));
  await publish(client, 'plan', 'during');
  await until('both have what came', seen(2));
  const expected = ['before', 'during'];
  for (let i = 0; i < 5; i++) {
    const texts = Array.from({ length: 20 }, (_, j) => `${i}.${j}`);
    expected.push(...texts);
    const published = publish(client, 'plan', ...texts);
    await relay.kill(); // in the middle, or not
    await relay.start();
    await published;
  }
  await until('both have all', seen(expected.length));
  const end = begin('tail', 'follow', 'plan', '--json', ...live());
  await end.ended;
  assert.deepEqual(document.lines(), end.lines());
  assert.deepEqual(document.lines().map(payloadOf), expected);
  assert.deepEqual(space.lines().map(payloadOf), expected);
  for (const child of [document, space]) {
    assert.match(child.err, /lost the relay at 127\.0\.0\.1/);
    child.kill('SIGINT');
    assert.deepEqual(await child.ended, { code: 0, signal: null });
  }
});

test('a followed document that is deleted ends it', async () => {
  const client = author('ends');
  await publish(client, 'plan', 'one');
  const child = begin('tail', 'ends', 'plan', '--follow', '--json', ...live());
  await until('it has the record', () => child.lines().length === 1);
  await docs('delete', 'ends', 'plan', '--yes', ...live());
  assert.deepEqual(await child.ended, { code: 1, signal: null });
  assert.match(child.err, /deleted/);
});

test('--limit ends what follows', async () => {
  const client = author('limit');
  await publish(client, 'plan', 'one');
  const child = begin('tail', 'limit', 'plan', '--follow', '--limit', '2', '--json', ...live());
  await until('it has the first', () => child.lines().length === 1);
  await publish(client, 'plan', 'two', 'three');
  assert.deepEqual(await child.ended, { code: 0, signal: null });
  assert.deepEqual(child.lines().map(payloadOf), ['one', 'two']);
});

test('an export is put back, at a relay and in a store', async () => {
  const [ann, bob] = [author('moves'), author('moves')];
  for (let i = 0; i < 3; i++) {
    await publish(ann, 'plan', `ann ${i}`, 'x'.repeat(300_000));
    await publish(bob, 'plan', `bob ${i}`, '', 'y'.repeat(900_000));
  }
  const file = (name) => path.join(folder, `moves-${name}`);
  const [first] = (await docs('export', 'moves', 'plan', '--out', file('first'), '--json', ...live())).lines();
  const into = await docs('import', file('first'), 'copies', 'live', '--json', ...live());
  const facts = ({ producer, sequence, codec, payload }) => ({ producer, sequence, codec, payload });
  const original = (await docs('tail', 'moves', 'plan', '--json', ...live())).lines();
  assert.equal(into.lines()[0].records, original.length);
  assert.deepEqual((await docs('tail', 'copies', 'live', '--json', ...live())).lines().map(facts), original.map(facts));
  await refused(['import', file('first'), 'copies', 'live', ...live()], /with records already/);
  await docs('export', 'copies', 'live', '--out', file('second'), ...live());
  await docs('import', file('second'), 'copies', 'again', ...live());
  assert.deepEqual((await docs('tail', 'copies', 'again', '--json', ...live())).lines().map(facts), original.map(facts));

  await relay.stop();
  await docs('import', file('first'), 'copies', 'stored', ...stored());
  const timed = ({ time, ...record }) => ({ time, ...facts(record) });
  const copied = (await docs('tail', 'copies', 'stored', '--json', ...stored())).lines();
  assert.deepEqual(copied.map(timed), original.map(timed));
  await docs('delete', 'moves', 'plan', '--yes', ...stored());
  await refused(['import', file('first'), ...stored()], /--recreate/);
  await docs('import', file('first'), '--recreate', ...stored());
  await relay.start();
  const back = (await docs('export', 'moves', 'plan', '--out', file('back'), '--json', ...live())).lines()[0];
  assert.equal(back.chain, first.chain);
  const anew = author('moves');
  const session = anew.subscribe('plan');
  const read = [];
  session.on('records', (records) => read.push(...records));
  await until('a reader has it all', () => read.length === original.length);
});

test('snapshots are listed and withdrawn, and go with an export; a document is shown as it stood', async () => {
  const client = author('snaps');
  await publish(client, 'plan', 'one', 'two', 'three', 'four');
  const grpc = grpcClient(relay);
  const bytes = randomBytes(700_000);
  const hash = createHash('sha256').update(bytes).digest();
  const [{ head }] = (await docs('show', 'snaps', 'plan', '--json', ...live())).lines();
  const offset = head - 1;
  await grpc.put({ space: 'snaps', document: 'plan', producer: newProducer(), offset, hash, size: bytes.length }, [
    bytes.subarray(0, 400_000),
    bytes.subarray(400_000),
  ]);
  const list = async (document, where = live()) => (await docs('snapshots', 'snaps', document, '--json', ...where)).lines();
  assert.deepEqual((await list('plan')).map(({ standing, served }) => [standing, served]), [['candidate', false]]);
  const session = grpc.sync();
  await session.hello(newProducer());
  const { document } = await session.subscribe('snaps', 'plan');
  session.send({ attest: { document, offset, hash, valid: true } });
  await until('it is verified', async () => (await list('plan'))[0].standing === 'verified');
  session.call.cancel();
  const [shown] = (await docs('show', 'snaps', 'plan', '--json', ...live())).lines();
  assert.deepEqual([shown.snapshots, shown.snapshot_bytes], [1, bytes.length]);
  const asOf = async (moment, where) =>
    (await docs('tail', 'snaps', 'plan', '--as-of', moment, '--json', ...where)).lines().map(payloadOf);
  assert.deepEqual(await asOf(`${offset}`, live()), ['one', 'two', 'three']);
  assert.deepEqual(await asOf('2020-01-01', live()), []);
  await refused(['tail', 'snaps', 'plan', '--as-of', 'lately', ...live()], /is no moment/);

  const file = (name) => path.join(folder, `snaps-${name}`);
  const [out] = (await docs('export', 'snaps', 'plan', '--out', file('live'), '--json', ...live())).lines();
  assert.deepEqual([out.snapshots, out.snapshot_bytes], [1, bytes.length]);
  await docs('import', file('live'), 'snaps', 'copy', ...live());
  const [copy] = await list('copy');
  assert.deepEqual([copy.hash, copy.standing, copy.records], [hash.toString('hex'), 'candidate', 3]);
  const listed = (await list('plan')).map(({ served, ...one }) => one);
  await relay.stop();
  grpc.close();

  assert.deepEqual((await list('plan', stored())).map(({ served, ...one }) => one), listed);
  assert.deepEqual(await asOf(`${offset}`, stored()), ['one', 'two', 'three']);
  await docs('export', 'snaps', 'plan', '--out', file('stored'), ...stored());
  assert.deepEqual(await readFile(file('stored')), await readFile(file('live')));
  await docs('import', file('stored'), 'snaps', 'second copy', ...stored());
  const [second] = await list('second copy', stored());
  assert.deepEqual([second.hash, second.standing, second.author], [hash.toString('hex'), 'verified', listed[0].author]);
  await docs('withdraw', 'snaps', 'second copy', `${second.offset}`, ...stored());
  assert.equal((await list('second copy', stored()))[0].standing, 'quarantined');
  await docs('release', 'snaps', 'second copy', `${second.offset}`, ...stored());
  assert.equal((await list('second copy', stored()))[0].standing, 'candidate', 'nobody has confirmed it anew');
  await refused(['release', 'snaps', 'second copy', `${second.offset}`, ...stored()], /no snapshot in quarantine/);
  await docs('verify', ...stored());
  await relay.start();
  await docs('withdraw', 'snaps', 'plan', `${offset}`, ...live());
  await refused(['withdraw', 'snaps', 'plan', `${offset}`, ...live()], /no snapshot in use/);
  assert.match((await docs('show', 'snaps', 'plan', ...live())).out.toString(), /in quarantine: 1/);
  await docs('release', 'snaps', 'plan', `${offset}`, ...live());
  assert.deepEqual((await list('plan')).map(({ standing, served }) => [standing, served]), [['candidate', false]]);
  await docs('withdraw', 'snaps', 'plan', `${offset}`, ...live());
  const [without] = (await docs('export', 'snaps', 'plan', '--out', file('without'), '--json', ...live())).lines();
  assert.deepEqual([without.records, without.snapshots], [4, 0]);
});

test('a damaged export puts nothing back, and a broken one leaves no file', async () => {
  const client = author('damage');
  await publish(client, 'plan', 'one', 'two');
  const file = path.join(folder, 'damage');
  await docs('export', 'damage', 'plan', '--out', file, ...live());
  const bytes = await readFile(file);
  for (const [name, damaged] of [
    ['cut', bytes.subarray(0, -10)],
    ['changed', bytes.map((byte, i) => (i === bytes.length - 100 ? byte ^ 1 : byte))],
    ['empty', Buffer.alloc(0)],
  ]) {
    await writeFile(`${file}-${name}`, damaged);
    await refused(['import', `${file}-${name}`, 'damage', name, ...live()], /damaged|no export/);
    await refused(['show', 'damage', name, ...live()], /there is no document/);
  }
  await refused(['export', 'damage', 'nothing', '--out', `${file}-nothing`, ...live()], /there is no document/);
  await refused(['export', 'damage', 'plan', '--out', file, ...live()], /exists already/);
  assert.deepEqual((await readdir(folder)).filter((name) => name.endsWith('.part') || name.endsWith('-nothing')), []);
});

test('says what is wrong and what to do', async () => {
  const client = author('wrong');
  await publish(client, 'plan', 'one');
  await publish(client, 'gone', 'one');
  await docs('delete', 'wrong', 'gone', '--yes', ...live());
  await refused(['ls', ...stored()], new RegExp(`in use by process ${relay.pid}.*--server`));
  await refused(['delete', 'wrong', 'plan', '--yes', ...stored()], /in use by process/);
  await refused(['ls', '--server', '127.0.0.1:1'], /cannot reach a relay at 127\.0\.0\.1:1 .*is it running/);
  await refused(['tail', 'wrong', 'plan', '--follow', '--server', '127.0.0.1:1'], /cannot reach a relay/);
  await refused(['tail', 'wrong', 'plan', '--follow', ...stored()], /--follow needs a running relay/);
  await refused(['ls', '--data', path.join(folder, 'nowhere')], /there is no store/);
  await refused(['ls', 'wring', ...live()], /nothing has been written to the space "wring"/);
  await refused(['tail', 'wring', ...live()], /nothing has been written/);
  for (const command of ['show', 'tail', 'export', 'delete'])
    await refused([command, 'wrong', 'plans', ...live()], /there is no document "plans" in the space "wrong"/);
  for (const command of ['tail', 'export', 'delete'])
    await refused([command, 'wrong', 'gone', ...live()], /"gone" in the space "wrong" was deleted/);
  await refused(['delete', 'wrong', 'plan', ...live()], /nothing was deleted: say --yes/);
  await refused(['show', 'wrong', 'a\nb', ...live()], /name/);
  await refused(['import', path.join(folder, 'nothing'), ...live()], /cannot read/);
  const both = begin('ls', ...live(), ...stored());
  assert.equal((await both.ended).code, 2);
});

test('compacts a document, and verifies the store', async () => {
  const plain = await startRelay({ 'storage.packing': 'false' });
  try {
    const here = ['--data', plain.data];
    const client = new WeirClient({ url: plain.url, space: 'heavy', webSocket: WebSocket });
    open.push(client);
    const payloads = Array.from({ length: 3000 }, (_, i) => `${i} ${randomBytes(6).toString('hex')}`);
    for (let i = 0; i < payloads.length; i += 100) await publish(client, 'plan', ...payloads.slice(i, i + 100));
    await publish(client, 'gone', 'one');
    await publish(client, 'last', 'one');
    await docs('delete', 'heavy', 'gone', '--yes', '--server', `127.0.0.1:${plain.grpc}`);
    await refused(['compact', 'heavy', 'plan', ...here], /packs by itself, and compact needs it stopped/);
    await refused(['verify', ...here], /in use by process/);
    client.close();
    await plain.stop();

    const show = async () => (await docs('show', 'heavy', 'plan', '--json', ...here)).lines()[0].weight;
    const light = await show();
    assert.equal(light.run_records, 3000);
    assert.equal(light.packs, 0);
    assert.match((await docs('show', 'heavy', 'plan', ...here)).out.toString(), /in packs +0 with 0 records/);
    assert.equal((await docs('verify', '--json', ...here)).lines().at(-1).runs, light.runs + 1);
    const [compacted] = (await docs('compact', 'heavy', 'plan', '--json', ...here)).lines();
    assert.deepEqual(compacted.before, light);
    const packed = await show();
    assert.deepEqual(compacted.after, packed);
    assert.deepEqual([packed.runs, packed.pack_records], [0, 3000]);
    assert.ok(packed.bytes_a_record < light.bytes_a_record / 2, `${light.bytes_a_record} ${packed.bytes_a_record}`);
    assert.match((await docs('compact', 'heavy', ...here)).out.toString(), /compacted "last"[^]*compacted "plan"/);
    assert.deepEqual((await docs('tail', 'heavy', 'plan', '--json', ...here)).lines().map(payloadOf), payloads);
    const [well] = (await docs('verify', '--json', ...here)).lines();
    assert.deepEqual([well.findings, well.records, well.documents, well.deleted], [0, 3001, 3, 1]);
    assert.match((await docs('verify', 'heavy', 'plan', ...here)).out.toString(), /read 3000 records [^]*all is well/);

    await damageLargestTable(path.join(plain.data, 'log'));
    const damaged = begin('verify', '--json', ...here);
    assert.deepEqual(await damaged.ended, { code: 1, signal: null });
    assert.match(damaged.err, /not as it must be/);
    const findings = damaged.lines();
    assert.ok(findings.at(-1).findings > 0);
    assert.ok(findings.some(({ document, finding }) => document === 'plan' && /packs cannot be read/.test(finding)));
  } finally {
    await plain.end();
  }
});

/** The largest file holds the pack: turns a bit of it. */
async function damageLargestTable(folder) {
  const tables = (await readdir(folder)).filter((name) => name.endsWith('.sst'));
  const contents = await Promise.all(tables.map((name) => readFile(path.join(folder, name))));
  const largest = contents.reduce((one, other) => (other.length > one.length ? other : one));
  largest[10_000] ^= 0x10;
  await writeFile(path.join(folder, tables[contents.indexOf(largest)]), largest);
}
