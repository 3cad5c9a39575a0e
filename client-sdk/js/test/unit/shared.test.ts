// Tabs that share one client: one session at the relay, and nothing lost or doubled whoever goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DocumentSession, SubscribeOptions } from '../../src/document.js';
import { OutboxFullError, type WeirError } from '../../src/errors.js';
import { mergedPresence } from '../../src/shared/awareness.js';
import { bytes } from '../support/conversation.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';
import { FakeBrowser, stranger, type FakeTab } from '../support/tabs.js';

const hex = (payload: Uint8Array | null): string => Buffer.from(payload ?? []).toString('hex');
function stage(seed = 1) {
  const random = randomFrom(seed);
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const device = new Device(new Uint8Array(16).fill(0xd1), random);
  const browser = new FakeBrowser(device, network, random);
  return { random, network, relay, device, browser };
}

interface Reader {
  tab: FakeTab;
  session: DocumentSession;
  records: string[];
  pending: string[];
  errors: WeirError[];
}

function open(tab: FakeTab, options: SubscribeOptions = {}): Reader {
  const session = tab.client.subscribe('d', options);
  const reader: Reader = { tab, session, records: [], pending: [], errors: [] };
  session.on('records', (all) =>
    reader.records.push(...all.map(({ payload, own: mine }) => (mine ? 'own' : hex(payload)))),
  );
  session.on('pending', (all) => reader.pending.push(...all.map(({ payload }) => hex(payload))));
  session.on('error', (error) => reader.errors.push(error));
  return reader;
}

test('ten tabs are one session, and see each other’s deltas before the relay has them', async () => {
  const { browser, relay, network } = stage();
  const tabs = Array.from({ length: 10 }, () => browser.open());
  const readers = tabs.map((tab) => open(tab));
  await Promise.all(readers.map(({ session }) => session.whenCaughtUp()));
  assert.equal(
    tabs.reduce((sum, { sockets }) => sum + sockets, 0),
    1,
  );
  assert.equal(tabs.filter(({ client }) => client.leads).length, 1);
  assert.ok(tabs.every(({ client }) => client.status === 'connected' && client.welcome !== null));

  relay.down();
  void readers[7]!.session.publish(bytes('aa'));
  await readers[7]!.session.whenPersisted();
  await quiet();
  assert.deepEqual(
    readers.map(({ pending }) => pending),
    readers.map((_, i) => (i === 7 ? [] : ['aa'])),
  );
  assert.ok(readers.every(({ session }) => session.pendingCount === 1 && !session.caughtUp));
  relay.up = true;
  for (const { runtime } of tabs) await runtime.advance(100);
  await Promise.all(readers.map(({ session }) => session.whenStored()));
  const other = stranger(network);
  await other.subscribe('d').publish(bytes('bb'));
  await quiet();
  assert.deepEqual(
    readers.map(({ records }) => records),
    readers.map((_, i) => [i === 7 ? 'own' : 'aa', 'bb']),
  );
  assert.equal(relay.payloads('s', 'd').length, 2);
  for (const { client } of tabs) await client.close();
  await other.close();
});

test('publish() resolves, whoever has the connection when the relay answers', async () => {
  const { browser, relay } = stage();
  const [leader, follower, third] = [browser.open(), browser.open(), browser.open()];
  open(leader);
  const reader = open(follower);
  await reader.session.whenCaughtUp();
  relay.down();
  const first = reader.session.publish(bytes('01'));
  await reader.session.whenPersisted();
  leader.kill();
  const second = reader.session.publish(bytes('02'));
  await quiet();
  assert.equal(follower.client.leads, true);
  assert.equal(reader.session.pendingCount, 2);
  relay.up = true;
  await follower.runtime.advance(100);
  await Promise.all([first, second]);
  assert.deepEqual(relay.payloads('s', 'd').map(hex), ['01', '02']);
  const late = open(third);
  await late.session.whenCaughtUp();
  assert.deepEqual(late.records, ['01', '02']);
});

test('a tab that closes hands over; the store is free when the last has closed', async () => {
  const { browser, relay, device } = stage();
  const [first, second] = [browser.open(), browser.open()];
  const [a, b] = [open(first), open(second)];
  await b.session.whenCaughtUp();
  void a.session.publish(bytes('01'));
  await a.session.whenPersisted();
  await first.client.close();
  assert.equal(first.sockets, 0);
  await b.session.whenStored();
  await quiet();
  assert.deepEqual(b.records.concat(b.pending).includes('01'), true);
  void b.session.publish(bytes('02'));
  await b.session.whenStored();
  await second.client.close();
  assert.deepEqual(relay.payloads('s', 'd').map(hex), ['01', '02']);
  assert.deepEqual(device.contents.load('s\0d').outbox, []);
});

test('what waits goes to the relay although its document was closed everywhere', async () => {
  const { browser, relay } = stage();
  const [first, second] = [browser.open(), browser.open()];
  const { session } = open(second);
  await session.whenCaughtUp();
  relay.down();
  void session.publish(bytes('01')).catch(() => undefined);
  await session.whenPersisted();
  session.close();
  await quiet();
  relay.up = true;
  await first.runtime.advance(100);
  await quiet();
  assert.deepEqual(relay.payloads('s', 'd').map(hex), ['01']);
});

test('the connection stands while one tab wants it', async () => {
  const { browser } = stage();
  const [first, second] = [browser.open(), browser.open()];
  await quiet();
  first.client.disconnect();
  await quiet();
  assert.equal(first.sockets, 1);
  second.client.disconnect();
  await quiet();
  assert.equal(first.sockets, 0);
  assert.deepEqual([first.client.status, second.client.status], ['disconnected', 'disconnected']);
  second.client.connect();
  await quiet();
  assert.equal(first.sockets, 1);
  assert.equal(second.client.status, 'connected');
});

test('errors come as what they were, in every tab; a deleted document is over everywhere', async () => {
  const { browser, relay } = stage();
  const readers = [open(browser.open()), open(browser.open())];
  await Promise.all(readers.map(({ session }) => session.whenCaughtUp()));
  relay.delete('s', 'd');
  await quiet();
  for (const { session, errors } of readers) {
    assert.equal(errors[0]?.constructor.name, 'DocumentDeletedError');
    await assert.rejects(session.publish(bytes('aa')), /deleted/);
  }
});

test('no room: the tabs are told, and their deltas reach the relay', async () => {
  const { browser, relay, device } = stage();
  const [first, second] = [browser.open(), browser.open()];
  const failures: string[] = [];
  second.client.on('error', ({ name, message }) => failures.push(`${name}: ${message}`));
  const { session } = open(second);
  open(first);
  await session.whenCaughtUp();
  device.failure = new (await import('../../src/store/errors.js')).StorageFullError('no room');
  await session.publish(bytes('aa'));
  assert.deepEqual(failures, ['StorageFullError: no room']);
  assert.deepEqual(relay.payloads('s', 'd').map(hex), ['aa']);
  const late = open(browser.open());
  await late.session.whenCaughtUp();
  await quiet();
  assert.deepEqual(late.records, ['aa']); // it was read since, and waits in memory
  device.failure = null;
  await first.runtime.advance(6000);
  await session.whenPersisted();
});

test('lost history: a tab that has the state is asked', async () => {
  const { browser, relay } = stage();
  const [first, second] = [browser.open(), browser.open()];
  const [a, b] = [open(first), open(second, { state: () => bytes('f0') })];
  await Promise.all([a.session.whenCaughtUp(), b.session.whenCaughtUp()]);
  await a.session.publish(bytes('01'));
  await quiet();
  relay.loseEverything();
  relay.up = true;
  await first.runtime.advance(100);
  await b.session.whenStored();
  await quiet();
  assert.deepEqual(relay.payloads('s', 'd').map(hex), ['f0']);
});

test('presence: tabs see each other, others see all of them as one, and a tab’s goes with it', async () => {
  const { browser, network } = stage();
  const [first, second] = [browser.open(), browser.open()];
  const seen = (session: DocumentSession): string[] =>
    [...session.presence.values()].map(({ data }) => hex(data)).sort();
  const options: SubscribeOptions = { presence: 'awareness' };
  const [a, b] = [open(first, options), open(second, options)];
  await Promise.all([a.session.whenCaughtUp(), b.session.whenCaughtUp()]);
  const other = stranger(network).subscribe('d', { presence: true });
  await other.whenCaughtUp();
  a.session.setPresence(bytes('01aaaa'));
  b.session.setPresence(bytes('01bbbb'));
  other.setPresence(bytes('01cc'));
  await quiet();
  assert.deepEqual(seen(a.session), ['01bbbb', '01cc']);
  assert.deepEqual(seen(b.session), ['01aaaa', '01cc']);
  assert.deepEqual(seen(other), ['02aaaabbbb']);
  second.kill();
  await quiet();
  assert.deepEqual(seen(other), ['01aaaa']);
  assert.deepEqual(seen(a.session), ['01cc']);
});

test('awareness updates put together', () => {
  const many = Array.from({ length: 200 }, (_, i) => Uint8Array.of(1, i));
  const merged = mergedPresence(many, true);
  assert.deepEqual([...merged.subarray(0, 4)], [200, 1, 0, 1]);
  assert.equal(merged.length, 202);
  assert.deepEqual(mergedPresence([bytes('0a'), bytes('0b')], false), bytes('0b'));
  assert.deepEqual(mergedPresence([], true), new Uint8Array(0));
  assert.deepEqual(mergedPresence([bytes('01aa'), new Uint8Array(0), bytes('01bb')], true), bytes('02aabb'));
});

for (let seed = 1; seed <= 40; seed++)
  test(`tabs come and crash, the relay too: each persisted delta once, and all see all (seed ${seed})`, async () => {
    const { random, browser, relay } = stage(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const persisted = new Set<string>();
    let readers: Reader[] = [open(browser.open())];
    let published = 0;
    for (let step = 0; step < 60; step++) {
      const dice = random();
      const reader = readers[below(readers.length)]!;
      if (dice < 0.55) {
        const payload = (++published).toString(16).padStart(4, '0');
        void reader.session.publish(bytes(payload)).catch(() => undefined);
        void reader.session.whenPersisted().then(
          () => persisted.add(payload),
          () => undefined,
        );
      } else if (dice < 0.7 && readers.length < 5) readers.push(open(browser.open()));
      else if (dice < 0.8 && readers.length > 1) {
        reader.tab.kill();
        readers = readers.filter((one) => one !== reader);
      } else if (dice < 0.85 && readers.length > 1) {
        void reader.tab.client.close();
        readers = readers.filter((one) => one !== reader);
      } else if (dice < 0.9) relay.down();
      else relay.up = true;
      await quiet(below(12));
      if (random() < 0.3) for (const { tab } of readers) await tab.runtime.advance(50);
    }
    relay.up = true;
    await quiet();
    for (const { tab } of readers) await tab.runtime.advance(1000);
    await Promise.all(readers.map(({ session }) => session.whenCaughtUp()));
    await Promise.all(readers.map(({ session }) => session.whenStored()));
    await quiet();
    const there = relay.payloads('s', 'd').map(hex);
    assert.equal(new Set(there).size, there.length, 'once');
    assert.deepEqual(
      [...persisted].filter((payload) => !there.includes(payload)),
      [],
      'nothing persisted is lost',
    );
    assert.equal(
      readers.reduce((sum, { tab }) => sum + tab.sockets, 0),
      1,
    );
    for (const { records, errors, session } of readers) {
      assert.equal(records.length, there.length);
      records.forEach((record, i) => assert.ok(record === 'own' || record === there[i], `${record} at ${i}`));
      assert.deepEqual(errors, []);
      assert.equal(session.pendingCount, 0);
    }
  });

test('a snapshot that the hub reads reaches every tab, also one that comes later', async () => {
  const { browser, relay, network } = stage();
  const other = stranger(network);
  const author = other.subscribe('d');
  for (const payload of ['aa', 'bb', 'cc']) await author.publish(bytes(payload));
  relay.setSnapshot('s', 'd', { offset: 2, bytes: Buffer.from('5a5a', 'hex') });
  const taken: string[][] = [];
  const join = (): Reader => {
    const mine: string[] = [];
    taken.push(mine);
    return open(browser.open(), { snapshots: (snapshot) => void mine.push(`${snapshot.offset} ${hex(snapshot.bytes)}`) });
  };
  const readers = [join(), join()];
  await Promise.all(readers.map(({ session }) => session.whenCaughtUp()));
  await quiet();
  readers.push(join());
  await quiet();
  await author.publish(bytes('dd'));
  await quiet();
  assert.deepEqual(taken, [['2 5a5a'], ['2 5a5a'], ['2 5a5a']]);
  for (const { records, errors } of readers) assert.deepEqual([records, errors], [['cc', 'dd'], []]);
  await assert.rejects(readers[0]!.session.offerSnapshot(), /make no snapshots/);
  const pages = [];
  for await (const { records } of readers[1]!.tab.client.history('d', { asOf: { offset: 4 }, snapshots: false }))
    pages.push(...records.map(({ payload }) => hex(payload)));
  assert.deepEqual(pages, ['aa', 'bb', 'cc', 'dd']);
  for (const { tab } of readers) await tab.client.close();
  await other.close();
});

test('what is refused at once is shown by no other tab', async () => {
  const { browser } = stage();
  const options = { outboxBytesMax: 2, connect: false };
  const [one, two] = [open(browser.open(options)), open(browser.open(options))];
  await Promise.all([one.session.whenLoaded(), two.session.whenLoaded()]);
  void one.session.publish(bytes('aaaa'));
  await assert.rejects(one.session.publish(bytes('bb')), OutboxFullError);
  await quiet();
  assert.deepEqual(two.pending, ['aaaa']);
  assert.deepEqual([one.session.pendingCount, two.session.pendingCount], [1, 1]);
});

test('lost history: a tab whose application gives what is no state is told so, and another one is asked', async () => {
  const { browser, relay } = stage();
  const mistaken = open(browser.open(), { state: () => new ArrayBuffer(1) as unknown as Uint8Array });
  const failing = open(browser.open(), { state: () => Promise.reject(new Error('not now')) });
  const other = open(browser.open(), { state: () => bytes('ee') });
  await mistaken.session.publish(bytes('aa'));
  await Promise.all([mistaken, failing, other].map(({ session }) => session.whenCaughtUp()));
  await quiet();
  relay.loseEverything();
  relay.up = true;
  await mistaken.tab.runtime.advance(100);
  await quiet();
  assert.deepEqual(relay.payloads('s', 'd').map(hex), ['ee']);
  assert.match(mistaken.errors.at(-1)!.message, /^s\/d: the application could not give its state: state gives a Uint8Array, several, or null$/);
  assert.match(failing.errors.at(-1)!.message, /^s\/d: the application could not give its state: not now$/);
});

test('whoever closes a client that is closing waits as long: until the store is closed', async () => {
  const { browser, device } = stage();
  const tab = browser.open({
    openStore: () => {
      const store = device.open();
      const close = store.close.bind(store);
      store.close = async () => {
        await quiet();
        await close();
        order.push('store');
      };
      return Promise.resolve(store);
    },
  });
  const order: string[] = [];
  await open(tab).session.whenCaughtUp();
  await Promise.all([tab.client.close().then(() => order.push('first')), tab.client.close().then(() => order.push('second'))]);
  assert.deepEqual(order, ['store', 'first', 'second']);
});
