// A document whose first records the relay does not keep any more, read by who takes nothing in their place.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Y from 'yjs';

import { WeirClient } from '../../src/client.js';
import { BadSnapshotError, RecordsCutError, type WeirError } from '../../src/errors.js';
import type { SyncedDocument, SyncedOptions } from '../../src/synced-document.js';
import { WeirProvider, type WeirProviderOptions } from '../../src/yjs.js';
import { kinds } from '../support/kinds.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';
import { FakeBrowser } from '../support/tabs.js';

function stage() {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const runtime = new FakeRuntime();
  const client = (): WeirClient =>
    new WeirClient({ url: 'ws://relay', space: 's', webSocket: network.Socket, runtime, backoffFirstMs: 10 });
  return { network, relay, runtime, client };
}

/** What a provider of any kind says. */
function heard(provider: WeirProvider | SyncedDocument<any>): { errors: WeirError[]; syncs: boolean[] } {
  const [errors, syncs]: [WeirError[], boolean[]] = [[], []];
  const one = provider as WeirProvider; // what both say is the same
  one.on('error', (error) => errors.push(error)).on('sync', (synced) => syncs.push(synced));
  return { errors, syncs };
}

async function yjsStage() {
  const { relay, runtime, client } = stage();
  const join = (options: WeirProviderOptions = {}): WeirProvider =>
    new WeirProvider('', 's', 'd', new Y.Doc(), { awareness: null, client: client(), ...options });
  const text = (of: WeirProvider): Y.Text => of.doc.getText('t');
  const writer = join();
  await writer.whenSynced();
  text(writer).insert(0, 'hello');
  await writer.whenSaved();
  relay.setSnapshot('s', 'd', { offset: 1, bytes: Buffer.from(Y.encodeStateAsUpdate(writer.doc)) });
  relay.cut('s', 'd', 1);
  return { relay, runtime, join, text, writer };
}

test('a WeirProvider without snapshots in a document that was cut is never synced, and says once why', async () => {
  const { relay, runtime, join, text, writer } = await yjsStage();
  const lacking = join({ snapshots: false });
  const { errors, syncs } = heard(lacking);
  await assert.rejects(lacking.whenSynced(), (error: WeirError) => {
    assert.ok(error instanceof RecordsCutError);
    assert.match(error.message, /^s\/d: records up to offset 1 are not kept any more.*without `snapshots: false`/);
    return true;
  });
  assert.deepEqual([lacking.synced, syncs, errors.length], [false, [], 1]);
  assert.ok(errors[0] instanceof RecordsCutError);

  relay.down();
  await quiet();
  relay.up = true;
  await runtime.advance(100);
  await assert.rejects(lacking.whenSynced(), RecordsCutError);
  assert.deepEqual([lacking.synced, syncs, errors.length], [false, [], 1]);

  text(lacking).insert(0, 'I am here too, '); // what is written there is saved, and seen by all
  await lacking.whenSaved();
  const newcomer = join();
  await newcomer.whenSynced();
  assert.deepEqual(heard(newcomer).errors, []);
  assert.ok(text(newcomer).toString().includes('hello') && text(newcomer).toString().includes('I am here too'));
  for (const one of [lacking, newcomer, writer]) {
    await one.destroy();
    await one.client.close();
  }
});

test('nor is one that could not take the snapshot, and it points to why', async () => {
  const { relay, join, writer } = await yjsStage();
  relay.setSnapshot('s', 'd', { offset: 1, codec: 16, bytes: Buffer.from('another library') });
  const lacking = join();
  const { errors } = heard(lacking);
  await assert.rejects(lacking.whenSynced(), /as an error before this one says/);
  assert.deepEqual(
    errors.map(({ name }) => name),
    [BadSnapshotError.name, RecordsCutError.name],
  );
  for (const one of [lacking, writer]) {
    await one.destroy();
    await one.client.close();
  }
});

for (const kind of kinds)
  test(`${kind.name}: without snapshots in a document that was cut, it is never synced, and says why`, async () => {
    const { relay, client } = stage();
    const join = (options: SyncedOptions = {}) => {
      const copy = kind.copy();
      return { copy, synced: copy.sync(client(), 'd', options) };
    };
    const writer = join();
    await writer.synced.whenSynced();
    writer.copy.write('bridge');
    await writer.synced.whenSaved();
    relay.cut('s', 'd', relay.payloads('s', 'd').length);
    const lacking = join({ snapshots: false });
    const { errors, syncs } = heard(lacking.synced);
    await assert.rejects(lacking.synced.whenSynced(), RecordsCutError);
    assert.deepEqual([lacking.synced.synced, syncs, errors.length], [false, [], 1]);
    for (const { synced } of [writer, lacking]) {
      synced.destroy();
      await synced.client.close();
    }
  });

test('a tab that comes later is told what the one with the connection was told', async () => {
  const random = randomFrom(1);
  const { network, relay, client } = stage();
  const alone = client();
  await alone.subscribe('d').publish(Uint8Array.of(1));
  await alone.close();
  relay.cut('s', 'd', 1);
  const browser = new FakeBrowser(new Device(new Uint8Array(16).fill(0xd1), random), network, random);
  const told: number[][] = [];
  for (const tab of [browser.open(), browser.open()]) {
    const cuts: number[] = [];
    told.push(cuts);
    const session = tab.client.subscribe('d');
    session.on('cut', (offset) => cuts.push(offset));
    await session.whenCaughtUp();
  }
  assert.deepEqual(told, [[1], [1]]);
});
