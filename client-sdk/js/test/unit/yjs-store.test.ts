// The Yjs provider with a store: documents that outlive the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Y from 'yjs';

import { WeirClient } from '../../src/client.js';
import { WeirProvider } from '../../src/yjs.js';
import { Device } from '../support/lives.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';

function stage() {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const device = new Device(new Uint8Array(16).fill(0xd1));
  const open: WeirProvider[] = [];
  /** One life of a page; a life that is not the device's has no store. */
  const live = (options: { connect?: boolean; device?: boolean } = {}): WeirProvider => {
    const client = new WeirClient({
      url: 'ws://relay',
      webSocket: network.Socket,
      runtime: new FakeRuntime(),
      ...(options.device === false ? {} : { store: device.open() }),
      connect: options.connect ?? true,
    });
    const provider = new WeirProvider('', 's', 'd', new Y.Doc(), { awareness: null, client });
    open.push(provider);
    return provider;
  };
  const leave = (): void => {
    for (const provider of open) {
      void provider.destroy();
      void provider.client.close();
    }
  };
  return { relay, device, live, leave };
}

const text = (provider: WeirProvider): Y.Text => provider.doc.getText('t');
const there = (relay: FakeRelay): string => {
  const doc = new Y.Doc();
  for (const update of relay.payloads('s', 'd')) Y.applyUpdate(doc, update);
  return doc.getText('t').toString();
};

test('edits made offline survive one page after the other, and arrive once', async () => {
  const { relay, device, live, leave } = stage();
  const first = live({ connect: false });
  text(first).insert(0, 'one ');
  text(first).insert(4, 'two ');
  await first.whenPersisted();
  device.crash();

  const second = live({ connect: false });
  await second.whenLoaded();
  assert.equal(text(second).toString(), 'one two ');
  assert.equal(second.pendingCount, 2);
  assert.equal(second.saved, false);
  text(second).insert(8, 'three');
  await second.whenPersisted();
  device.crash();

  const third = live();
  await third.whenSaved();
  await third.whenSynced();
  assert.equal(text(third).toString(), 'one two three');
  assert.equal(third.pendingCount, 0);
  assert.equal(relay.payloads('s', 'd').length, 3);
  assert.equal(there(relay), 'one two three');
  leave();
});

test('a page opens without the relay and shows what it read, compacted', async () => {
  const { relay, device, live, leave } = stage();
  const author = live({ device: false });
  const reader = live();
  await reader.whenSynced();
  for (let i = 0; i < 1200; i++) text(author).insert(text(author).length, `${i % 10}`);
  text(author).delete(100, 50);
  await author.whenSaved();
  await quiet(100);
  assert.equal(text(reader).toString(), text(author).toString());
  const kept = device.contents.load('s\0d');
  assert.ok(kept.state !== null && kept.records.length < 1000);
  device.crash();
  relay.down();
  const later = live();
  await later.whenLoaded();
  assert.equal(text(later).toString(), text(author).toString());
  assert.equal(later.pendingCount, 0);
  leave();
});

test('a relay that lost everything gets it back from a page that was away', async () => {
  const { relay, device, live, leave } = stage();
  const first = live();
  text(first).insert(0, 'kept here');
  await first.whenSaved();
  await quiet();
  device.crash();
  relay.loseEverything();
  relay.up = true;
  const second = live();
  await second.whenSynced();
  await second.whenSaved();
  assert.equal(there(relay), 'kept here');
  leave();
});
