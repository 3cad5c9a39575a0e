// What a page with a store keeps: over the end of the browser, without a network, while the relay dies.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import WebSocket from 'ws';
import * as Y from 'yjs';

import { WeirClient } from '../../client-sdk/js/dist/index.js';
import { waitMsMax } from './people.mjs';
import { openTab, serveSdkPage, withProfile } from './sdk-page.mjs';
import { setStage } from './stage.mjs';

const { page, relay } = await setStage({ page: serveSdkPage(), browser: false });

/** All records of a document, as a newcomer reads them. */
async function readBack(document) {
  const client = new WeirClient({ url: relay.origin, space: 'people', webSocket: WebSocket });
  const session = client.subscribe(document);
  const records = [];
  session.on('records', (some) => records.push(...some));
  await session.whenCaughtUp();
  await client.close();
  return records;
}

/** Opens the document with the store in this tab. */
const openDocument = (tab, document) =>
  tab.evaluate(
    async ([url, name]) => {
      const store = await weir.openStore('store');
      const doc = new weir.Y.Doc();
      const provider = new weir.WeirProvider(url, 'people', name, doc, { store, awareness: null });
      Object.assign(held, { store, doc, provider });
      await provider.whenLoaded();
      return doc.getText('text').toString();
    },
    [relay.origin, document],
  );
const write = (tab, words) =>
  tab.evaluate(async (added) => {
    const text = held.doc.getText('text');
    for (const letter of added) text.insert(text.length, letter);
    await held.provider.whenPersisted();
    return held.provider.pendingCount;
  }, words);

test('edited offline, closed, reopened offline, the relay killed meanwhile: everything arrives once', () =>
  withProfile(async (profile) => {
    let context = await profile.open();
    let tab = await openTab(context, page.origin);
    assert.equal(await openDocument(tab, 'plan'), '');
    await write(tab, 'online. ');
    await tab.evaluate(() => held.provider.whenSaved());
    await context.setOffline(true);
    await relay.crash();
    const first = await write(tab, 'offline. ');
    assert.equal(first, 'offline. '.length);
    await profile.close();

    context = await profile.open();
    await context.setOffline(true);
    tab = await openTab(context, page.origin);
    assert.equal(await openDocument(tab, 'plan'), 'online. offline. ');
    assert.equal(await tab.evaluate(() => held.provider.pendingCount), first);
    await write(tab, 'again. ');

    await relay.restart();
    await relay.crash();
    await relay.restart();
    await context.setOffline(false);
    await tab.evaluate(() => held.provider.whenSaved());

    const records = await readBack('plan');
    assert.equal(records.length, 'online. offline. again. '.length);
    assert.equal(new Set(records.map(({ producer }) => Buffer.from(producer).toString('hex'))).size, 1);
    assert.deepEqual(
      records.map(({ sequence }) => sequence),
      records.map((_, i) => i + 1),
    );
    const doc = new Y.Doc();
    for (const { payload } of records) Y.applyUpdate(doc, payload);
    assert.equal(doc.getText('text').toString(), 'online. offline. again. ');
  }));

test('a second tab is refused the store, and gets it when the first is closed', () =>
  withProfile(async (profile) => {
    const context = await profile.open();
    const [one, other] = [await openTab(context, page.origin), await openTab(context, page.origin)];
    await openDocument(one, 'locked');
    const attempt = (options) =>
      other.evaluate(
        (how) =>
          weir.openStore('store', how).then(
            () => 'open',
            ({ name }) => name,
          ),
        options,
      );
    assert.equal(await attempt({ patienceMs: 50 }), 'StoreLockedError');
    const patient = attempt({ patienceMs: waitMsMax });
    await one.close();
    assert.equal(await patient, 'open');
  }));

test('a database that the browser has closed is opened again, once for all who ask at that moment', () =>
  withProfile(async (profile) => {
    const context = await profile.open();
    const tab = await openTab(context, page.origin);
    const devtools = await context.newCDPSession(tab);
    await tab.evaluate(async () => {
      held.opened = [];
      const { open } = IDBFactory.prototype;
      IDBFactory.prototype.open = function (...words) {
        const request = open.apply(this, words);
        request.addEventListener('success', () => held.opened.push(request.result));
        return request;
      };
      held.store = await weir.openStore('closed');
      held.lost = new Promise((resolve) => held.opened[0].addEventListener('close', resolve));
    });
    await devtools.send('Storage.clearDataForOrigin', { origin: page.origin, storageTypes: 'indexeddb' });
    const seen = await tab.evaluate(async () => {
      const { store, opened } = held;
      await held.lost;
      const delta = { sequence: 1, base: false, codec: 0, payload: Uint8Array.of(7), author: null };
      await Promise.all([store.load('other'), store.write([{ kind: 'queue', document: 'plan', delta }]), store.load('another')]);
      const { outbox } = await store.load('plan');
      await store.close();
      return { times: opened.length, payload: outbox[0]?.payload[0] };
    });
    assert.deepEqual(seen, { times: 2, payload: 7 });
    await tab.evaluate(() => weir.deleteStore('closed')); // which waits for whoever has it open
  }));

test('no more room in the browser: it is told, edits reach the relay, and the store gets them when there is room', () =>
  withProfile(async (profile) => {
    const context = await profile.open();
    const tab = await openTab(context, page.origin);
    const devtools = await context.newCDPSession(tab);
    const limit = (quotaSize) => devtools.send('Storage.overrideQuotaForOrigin', { origin: page.origin, ...(quotaSize && { quotaSize }) });
    const { usage } = await tab.evaluate(() => navigator.storage.estimate());
    await limit(usage + 200_000); // before the first use: the browser remembers for a while how much there is
    await openDocument(tab, 'full');
    await write(tab, 'x');
    await tab.evaluate(async () => {
      held.errors = [];
      held.provider.on('error', (error) => held.errors.push(error.name));
      held.doc.getMap('map').set('large', crypto.getRandomValues(new Uint8Array(60_000)).join().repeat(3));
      await held.provider.whenSaved();
    });
    assert.deepEqual(await tab.evaluate(() => held.errors), ['StorageFullError']);
    assert.equal(await tab.evaluate(() => held.provider.pendingCount), 0);
    await limit(0);
    await tab.evaluate(() => held.provider.whenPersisted());
    await profile.close();

    const again = await openTab(await profile.open(), page.origin);
    await openDocument(again, 'full');
    assert.ok((await again.evaluate(() => held.doc.getMap('map').get('large').length)) > 360_000);
    assert.equal((await readBack('full')).length, 2);
  }));

test('the store in the browser does what the one in memory does', () =>
  withProfile(async (profile) => {
    const tab = await openTab(await profile.open(), page.origin);
    const differences = await tab.evaluate(async (rounds) => {
      let state = 1;
      const below = (bound) => (state = (state * 48271) % 2147483647) % bound;
      const bytes = () => Uint8Array.from({ length: below(20) }, () => below(256));
      const delta = (sequence) => ({
        sequence,
        base: below(2) === 1,
        codec: below(20),
        payload: bytes(),
        author: below(2) ? { tab: `tab ${below(3)}`, number: below(99) } : null,
      });
      const record = () => ({ offset: below(1000), producer: bytes(), sequence: below(1000), time: below(1000), codec: 0, payload: bytes() });
      const some = (make) => Array.from({ length: 1 + below(4) }, (_, i) => make(i));
      const place = () => ({
        producer: bytes(),
        epoch: 2n ** 63n + BigInt(below(9)),
        offset: below(99),
        chain: below(2) ? bytes() : null,
        storedThrough: below(9),
        storedOffset: below(9),
        everStored: true,
        stateWanted: false,
      });
      const readable = (value) =>
        JSON.stringify(value, (_, inner) =>
          typeof inner === 'bigint' ? `${inner}n` : inner instanceof Map ? [...inner].sort() : inner instanceof Uint8Array ? [...inner] : inner,
        );
      const documents = ['s\0a', 's\0ab', 's\0', 'ü\0d'];
      const counts = new Map(documents.map((document) => [document, { records: 0, state: 0 }]));
      const change = (document) => {
        const count = counts.get(document);
        switch (below(8)) {
          case 0:
            return { kind: 'place', document, place: place() };
          case 1:
            return { kind: 'dequeue', document, through: below(30) };
          case 2:
            return { kind: 'outbox', document, deltas: some((i) => delta(10 + i)) };
          case 3:
          case 4: {
            const records = some(record);
            count.records += records.length;
            return { kind: 'records', document, first: count.records - records.length + 1, records };
          }
          case 5:
            count.state += below(count.records - count.state + 1);
            return { kind: 'state', document, through: count.state, pieces: some(bytes) };
          case 6:
            if (below(4) > 0) return { kind: 'tabs', tabs: [`tab ${below(3)}`, `tab ${below(3)}`] };
            counts.set(document, { records: 0, state: 0 });
            return { kind: 'forget', document };
          default:
            return { kind: 'queue', document, delta: delta(1 + below(40)) };
        }
      };
      let store = await weir.openStore('contract');
      const model = new weir.MemoryStore('model', store.producer);
      const found = [];
      for (let round = 0; round < rounds && found.length === 0; round++) {
        const changes = some(() => change(documents[below(documents.length)]));
        await store.write(changes);
        await model.write(changes);
        if (round % 20 === 0) {
          await store.close();
          store = await weir.openStore('contract');
        }
        for (const document of documents) {
          const [here, there] = [readable(await store.load(document)), readable(await model.load(document))];
          if (here !== there) found.push(`round ${round}: ${readable(changes)}\n${here}\n${there}`);
        }
      }
      await store.close();
      return found;
    }, 300);
    assert.deepEqual(differences, []);
  }));

test('a damaged store is a named error', () =>
  withProfile(async (profile) => {
    const tab = await openTab(await profile.open(), page.origin);
    const failures = await tab.evaluate(async () => {
      const record = { offset: 1, producer: new Uint8Array(16), sequence: 1, time: 1, codec: 0, payload: new Uint8Array(1) };
      const store = await weir.openStore('damaged');
      for (let first = 1; first <= 3; first++) await store.write([{ kind: 'records', document: 'd', first, records: [record] }]);
      await store.close();
      const opening = indexedDB.open('weir:damaged');
      const database = await new Promise((resolve) => (opening.onsuccess = () => resolve(opening.result)));
      const damage = (table, change) => {
        const transaction = database.transaction(table, 'readwrite');
        change(transaction.objectStore(table));
        return new Promise((resolve) => (transaction.oncomplete = resolve));
      };
      await damage('records', (records) => records.delete(['d', 2]));
      const again = await weir.openStore('damaged');
      const names = [await again.load('d').catch(({ name }) => name)];
      await again.close();
      await damage('about', (about) => about.put('no id', 'producer'));
      database.close();
      names.push(await weir.openStore('damaged').catch(({ name }) => name));
      await weir.deleteStore('damaged');
      const fresh = await weir.openStore('damaged');
      names.push((await fresh.load('d')).records.length);
      return names;
    });
    assert.deepEqual(failures, ['StoreCorruptError', 'StoreCorruptError', 0]);
  }));

test('a worker without a window can have the store and the connection', () =>
  withProfile(async (profile) => {
    const context = await profile.open();
    await openTab(context, page.origin);
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
    await worker.evaluate(async (url) => {
      const store = await weir.openStore('worker');
      const client = new weir.WeirClient({ url, space: 'people', store });
      const session = client.subscribe('from a worker');
      await session.publish(Uint8Array.of(7));
      await client.close();
      await store.close();
    }, relay.origin);
    assert.deepEqual(
      (await readBack('from a worker')).map(({ payload }) => [...payload]),
      [[7]],
    );
  }));
