// Every pair of clients, C++, Node and Chromium, on one document: what one writes the other reads, as records, from a pack,
// and from a snapshot; and each sees who else is there. The same again with everything sealed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { openKinds } from './peers.mjs';
import { Relay } from './relay.mjs';

const names = ['cpp', 'node', 'chromium'];
const pairs = names.flatMap((one) => names.map((other) => [one, other]));
const snapshotRecords = 40;
const waitMsMax = 60_000;

let all;
const peers = [];
before(async () => (all = await openKinds()));
after(() => all?.end());

async function until(what, holds) {
  const deadline = Date.now() + waitMsMax;
  for (let last; ; await pause(20)) {
    if ((last = await holds()) === true) return;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}\n${JSON.stringify(last)}`);
  }
}

async function weir(...command) {
  const { stdout } = await promisify(execFile)(process.env.WEIR_BIN, ['docs', ...command, '--json']);
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

/** A peer with the document open. */
async function join(relay, kind, document, options = {}) {
  const { role = 'plain', key } = options;
  const peer = await all.kinds[kind](relay, { makes: role === 'make' || role === 'check' });
  peers.push(peer);
  await peer({ do: 'open', document, role, ...(key === undefined ? {} : { key }) });
  return {
    publish: (words) => peer({ do: 'publish', document, words }),
    present: (data) => peer({ do: 'presence', document, data }),
    seen: () => peer({ do: 'seen', document }),
  };
}

async function leaveAll() {
  await Promise.all(peers.splice(0).map((peer) => peer({ do: 'close' })));
}

const words = (who, count) => Array.from({ length: count }, (_, i) => `${who} wrote ${String(i).padStart(3, '0')} ☕`);
const sorted = (list) => [...list].sort();

async function untilHas(one, wanted) {
  await until('everything has come', async () => {
    const seen = await one.seen();
    return JSON.stringify(sorted(seen.words)) === JSON.stringify(sorted(wanted)) || seen;
  });
  assert.deepEqual((await one.seen()).errors, []);
}

/** All of it, plain, or sealed under a key of 32 bytes. */
function matrix(sealing) {
  let relay;
  before(async () => (relay = await Relay.start({ 'access.origins': all.origin, 'snapshots.tail_records_min': `${snapshotRecords}`, 'storage.packing': 'false' })));
  after(() => relay?.stop());
  const server = () => ['--server', `127.0.0.1:${relay.grpcPort}`];

  for (const [one, other] of pairs) {
    test(`${one} and ${other} write to each other, and see each other`, async () => {
      const document = `together ${one} ${other}`;
      try {
        const a = await join(relay, one, document, sealing);
        const b = await join(relay, other, document, sealing);
        const [of_a, of_b] = [words('a', 10), words('b', 10)];
        await Promise.all([a.publish(of_a), b.publish(of_b)]);
        const everything = [...of_a, ...of_b];
        for (const peer of [a, b]) await untilHas(peer, everything);
        const theirs = async (peer) => (await peer.seen()).came.filter((word) => word !== null);
        assert.deepEqual([await theirs(a), await theirs(b)], [of_b, of_a], 'in their order, once');
        const codecs = new Set((await weir('tail', 'matrix', document, ...server())).map(({ codec }) => codec));
        assert.deepEqual([...codecs], [sealing.key === undefined ? 0 : 2], 'what the relay has is plain, or all of it sealed');
        await Promise.all([a.present('a is here'), b.present('b is here')]);
        for (const [peer, data] of [[a, 'b is here'], [b, 'a is here']])
          await until('presence is seen', async () => (await peer.seen()).presence.join() === data || peer.seen());
        await a.present('a has moved');
        await until('presence moves', async () => (await b.seen()).presence.join() === 'a has moved' || b.seen());
      } finally {
        await leaveAll();
      }
    });

    test(`${other} takes the snapshot that ${one} has made`, async () => {
      const document = `snapshot ${one} ${other}`;
      try {
        const maker = await join(relay, one, document, { ...sealing, role: 'make' });
        const before_it = words('early', snapshotRecords - 10);
        const typed = [...before_it, ...before_it]; // all twice: a snapshot is served when it is smaller than the records
        for (const word of typed) await maker.publish([word]); // a record each, sealed or not
        await until('the snapshot is made', async () => (await maker.seen()).made === 1 || maker.seen());
        const checker = await join(relay, other, document, { ...sealing, role: 'check' });
        await until('it is found to be right', async () => {
          const [snapshot] = await weir('snapshots', 'matrix', document, ...server());
          return (snapshot.standing === 'verified' && snapshot.served) || [snapshot, await checker.seen()];
        });
        await untilHas(checker, before_it);
        assert.deepEqual((await checker.seen()).checked, [true]);
        const after_it = words('late', 5);
        await checker.publish(after_it);
        const newcomer = await join(relay, other, document, { ...sealing, role: 'take' });
        await untilHas(newcomer, [...before_it, ...after_it]);
        const { snapshots, came } = await newcomer.seen();
        assert.equal(snapshots.length, 1);
        assert.equal(snapshots[0].verified, true);
        assert.equal(snapshots[0].words, before_it.length);
        assert.ok(came.length < typed.length, 'what the snapshot stands for does not come');
      } finally {
        await leaveAll();
      }
    });
  }

  test('everybody reads what everybody wrote, from packs', async () => {
    const written = words('long ago', 300);
    try {
      for (const kind of names) await (await join(relay, kind, `packed ${kind}`, sealing)).publish(written);
      await leaveAll();
      await relay.crash();
      await weir('compact', 'matrix', '--data', relay.data);
      for (const kind of names) {
        const [{ weight }] = await weir('show', 'matrix', `packed ${kind}`, '--data', relay.data);
        assert.ok(weight.pack_records > 0 && weight.run_records === 0, JSON.stringify(weight));
      }
      await relay.restart();
      for (const [index, [writer, reader]] of pairs.entries()) {
        const newcomer = await join(relay, reader, `packed ${writer}`, sealing);
        await untilHas(newcomer, written);
        assert.deepEqual((await newcomer.seen()).came, written);
        await until(`${reader} was sent a pack`, async () => (await relay.figure('weir_packs_sent_total')) > index || index);
      }
      assert.equal(await relay.figure('weir_packs_sent_total'), pairs.length);
    } finally {
      await leaveAll();
    }
  });
}

describe('plain', () => matrix({}));

describe('sealed', () => matrix({ key: 'of 32 bytes, which nobody knows.' }));
