// Automerge and Loro between real peers and the real relay: four who edit at random while their connections are cut
// and the relay is killed, two of them with a store on disk, who leave and come back; then snapshots, made by one, verified by another, read by a
// newcomer. And the programs of client-sdk/examples/crdts, as somebody types them.
//
// WEIR_SEED repeats what chance decided.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import WebSocket from 'ws';

import { exportedRecords } from './exported.mjs';
import { startRelay } from './relay.mjs';
import { Automerge, AutomergeDocument, AutomergeProvider, LoroDoc, LoroProvider, openStore, WeirClient } from './sdk.mjs';
import { randomFrom } from './traces.mjs';
import { breathe, until } from './until.mjs';

const seed = Number(process.env.WEIR_SEED ?? Math.floor(Math.random() * 2 ** 32));
const tailRecords = 150;
const examples = fileURLToPath(new URL('../../client-sdk/examples/crdts/', import.meta.url));

let relay;
let folder;
const open = new Set();
const children = new Set();
before(async () => {
  relay = await startRelay({ 'snapshots.tail_records_min': tailRecords, 'snapshots.serve_unverified_after': '1h' });
  folder = await mkdtemp(path.join(os.tmpdir(), 'weir-crdts-'));
});
after(async () => {
  children.forEach((child) => child.kill('SIGKILL'));
  await Promise.all([...open].map((peer) => peer.leave()));
  await relay.end();
  await rm(folder, { recursive: true, force: true });
});

// ---- the libraries ----

const first = Automerge.save(Automerge.change(Automerge.init('00'), { time: 0 }, (doc) => void Object.assign(doc, { text: '', map: {} })));

const kinds = {
  Automerge: {
    begin(client, document) {
      const handle = new AutomergeDocument(Automerge.load(first));
      return Object.assign(new AutomergeProvider(client, document, handle), {
        edit: (below) =>
          handle.change((doc) => {
            const { length } = doc.text;
            if (below(4) === 0) doc.map[`key${below(5)}`] = below(100);
            else if (length > 3 && below(4) === 0) Automerge.splice(doc, ['text'], below(length - 2), 2);
            else Automerge.splice(doc, ['text'], below(length + 1), 0, 'word ');
          }),
        seen: () => JSON.stringify(Automerge.getHeads(handle.doc()).sort()),
      });
    },
  },
  Loro: {
    begin(client, document) {
      const doc = new LoroDoc();
      return Object.assign(new LoroProvider(client, document, doc), {
        edit(below) {
          const [text, map, list] = [doc.getText('text'), doc.getMap('map'), doc.getMovableList('list')];
          if (below(4) === 0) map.set(`key${below(5)}`, below(100));
          else if (below(4) === 0) list.insert(below(list.length + 1), below(9));
          else if (list.length > 1 && below(4) === 0) list.move(below(list.length), below(list.length));
          else if (text.length > 3 && below(4) === 0) text.delete(below(text.length - 2), 2);
          else if (text.length > 3 && below(4) === 0) text.mark({ start: 0, end: 1 + below(text.length - 1) }, 'bold', true);
          else text.insert(below(text.length + 1), 'wörd ');
          doc.commit();
        },
        seen: () => {
          const versions = [...doc.oplogVersion().toJSON()].sort(([a], [b]) => (a < b ? -1 : 1));
          return JSON.stringify([versions, doc.getText('text').toDelta(), doc.getMovableList('list').toJSON(), Object.entries(doc.getMap('map').toJSON()).sort()]);
        },
      });
    },
  },
};

/** One who edits; with `name`, a device whose store outlives what happens to it. */
class Peer {
  complaints = [];
  stored = 0;
  attested = [];
  snapshots = [];
  offsets = [];

  constructor(kind, document, name) {
    Object.assign(this, { kind, document, name });
    open.add(this);
  }

  async begin() {
    const sockets = (this.sockets = new Set());
    class Cuttable extends WebSocket {
      constructor(url, protocols) {
        super(url, protocols);
        sockets.add(this);
        this.on('close', () => sockets.delete(this));
      }
    }
    if (this.name !== undefined) this.store = await openStore(path.join(folder, this.name));
    this.client = new WeirClient({
      url: relay.url,
      space: 'crdts',
      webSocket: Cuttable,
      backoffFirstMs: 10,
      backoffMaxMs: 200,
      ...(this.store && { store: this.store }),
    });
    this.synced = kinds[this.kind].begin(this.client, this.document);
    this.synced.on('error', (error) => this.complaints.push(error.message));
    this.synced.session
      .on('snapshot-stored', () => this.stored++)
      .on('snapshot', (snapshot) => this.snapshots.push(snapshot))
      .on('records', (records) => this.offsets.push(...records.map(({ offset }) => offset)))
      .on('attested', ({ valid }) => this.attested.push(valid));
    await this.synced.whenLoaded();
    return this;
  }

  /** The connection breaks in the middle. */
  cut() {
    for (const socket of this.sockets) socket.terminate();
  }

  async leave() {
    open.delete(this);
    this.synced.destroy();
    await this.client.close();
    await this.store?.close();
  }
}

for (const kind of Object.keys(kinds))
  test(`${kind}: four peers, cut connections, a relay that is killed, devices that come back; then snapshots (WEIR_SEED=${seed})`, async () => {
    const random = randomFrom(seed);
    const below = (bound) => Math.floor(random() * bound);
    const name = `stormy ${kind}`;
    const peers = await Promise.all(
      [0, 1, 2, 3].map((i) => new Peer(kind, name, i < 2 ? `${kind}-${i}` : undefined).begin()),
    );
    let edits = 0;
    for (let round = 0; round < 30; round++) {
      for (let i = below(25); i >= 0; i--) {
        peers[below(4)].synced.edit(below);
        edits++;
        if (below(4) === 0) await breathe();
      }
      const dice = below(6);
      const i = below(4);
      if (dice <= 2) peers[i].cut();
      else if (dice === 3 && i < 2) {
        await peers[i].synced.whenPersisted();
        await peers[i].leave();
        peers[i] = await new Peer(kind, name, peers[i].name).begin();
      } else if (dice === 4 && below(2) === 0) {
        await relay.kill();
        peers[i].synced.edit(below);
        edits++;
        await relay.start();
      }
    }
    await Promise.all(peers.map(({ synced }) => synced.whenSaved()));
    await Promise.all(peers.map(({ synced }) => synced.whenSynced()));
    await until('all are the same', () => new Set(peers.map(({ synced }) => synced.seen())).size === 1);
    for (const { complaints } of peers) assert.deepEqual(complaints, []);
    const log = await exportedRecords(relay, 'crdts', name);
    console.log(`${kind}: ${edits} edits, ${log.length} records (seed ${seed})`);

    // Two of them go on until one has made a snapshot and the other has verified it.
    await until('a snapshot is stored and verified', async () => {
      for (let i = 0; i < 20; i++) peers[below(4)].synced.edit(below);
      await Promise.all(peers.map(({ synced }) => synced.whenSaved()));
      return peers.some(({ stored }) => stored > 0) && peers.some(({ attested }) => attested.length > 0);
    });
    assert.ok(peers.every(({ attested }) => attested.every((valid) => valid)), 'no right snapshot is called wrong');
    await until('it is served', async () => {
      for await (const { snapshots } of peers[2].client.history(name)) if (snapshots.some(({ verified }) => verified)) return true;
      return false;
    });
    const newcomer = await new Peer(kind, name, undefined).begin();
    await newcomer.synced.whenSynced();
    await until('the newcomer has it all', () => newcomer.synced.seen() === peers[3].synced.seen());
    assert.equal(newcomer.snapshots.length, 1);
    assert.ok(newcomer.offsets.every((offset) => offset > newcomer.snapshots[0].offset));
    newcomer.synced.setPresence({ name: 'new' });
    await until('all see it', () => peers.every(({ synced }) => [...synced.others.values()].some((other) => other.name === 'new')));
    newcomer.synced.edit(below);
    await until('all have what it writes', () => new Set([...peers, newcomer].map(({ synced }) => synced.seen())).size === 1);
    await Promise.all([...peers, newcomer].map((peer) => peer.leave()));
  });

// ---- the examples ----

function program(name, ...words) {
  const args = [path.join(examples, `${name}.mjs`), '--relay', relay.url, ...words];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('close', () => children.delete(child));
  child.out = '';
  child.err = '';
  child.stdout.on('data', (some) => (child.out += some));
  child.stderr.on('data', (some) => (child.err += some));
  child.ended = once(child, 'close').then(() => child);
  return child;
}

for (const name of ['automerge', 'loro', 'notes'])
  test(`examples/crdts/${name}.mjs: a list that two terminals share, and one keeps while the relay is away`, async () => {
    const at = ['--store', path.join(folder, `example-${name}`)];
    const follower = program(name, '--name', 'Ada');
    await until('it follows', () => follower.out.includes('nothing'));
    assert.match((await program(name, 'add', 'milk').ended).out, /^saved/);
    assert.match((await program(name, ...at, 'add', 'bread').ended).out, /^saved/);
    await until('it is told', () => follower.out.includes('bread, milk'));
    const other = program(name, '--name', 'Ben');
    await until('each sees the other', () => follower.out.includes('here: Ben') && other.out.includes('here: Ada'));
    await relay.kill();
    assert.match((await program(name, ...at, 'remove', 'milk').ended).out, /^kept here; 1 to save/);
    assert.equal((await program(name, ...at, 'list').ended).out, 'bread\n');
    await relay.start();
    assert.match((await program(name, ...at, 'add', 'eggs').ended).out, /^saved/);
    await until('it is told', () => follower.out.trimEnd().endsWith('bread, eggs'));
    assert.equal((await program(name, 'list').ended).out, 'bread\neggs\n');
    for (const child of [follower, other]) {
      child.kill('SIGINT');
      await child.ended;
      assert.deepEqual([child.exitCode, child.err], [0, '']);
    }
  });
