// Pages with encrypted documents: a key that no script can read out, a database that tells nothing, and tabs that share a client.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import WebSocket from 'ws';

import { WeirClient } from '../../client-sdk/js/dist/index.js';
import { openTab, serveSdkPage, withProfile } from './sdk-page.mjs';
import { setStage } from './stage.mjs';

const { page, relay } = await setStage({ page: serveSdkPage(), browser: false });

/** In the page: `held.sealed`, made of a key that cannot be exported. */
const makeKey = (tab) =>
  tab.evaluate(async () => {
    const raw = new Uint8Array(32).fill(7);
    const key = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']);
    held.sealed = weir.encryption({ id: 1, key });
    return key.extractable;
  });

/** Opens the document in this tab: with a store of its own, or by the client that tabs share. */
const openDocument = (tab, document, { shared = false } = {}) =>
  tab.evaluate(
    async ([url, name, isShared]) => {
      const doc = new weir.Y.Doc();
      const { sealed: encryption } = held;
      const client = isShared ? weir.sharedClient({ url, store: 'shared', space: 'people', guarding: () => ({ encryption }) }) : undefined;
      const store = isShared ? undefined : await weir.openStore('store');
      const provider = new weir.WeirProvider(url, 'people', name, doc, { encryption, ...(isShared ? { client } : { store }) });
      const errors = [];
      provider.on('error', (error) => errors.push(`${error.name}: ${error.message}`));
      Object.assign(held, { doc, provider, errors, store });
      await provider.whenLoaded();
      return doc.getText('text').toString();
    },
    [relay.origin, document, shared],
  );
const write = (tab, words) =>
  tab.evaluate(async (added) => {
    const text = held.doc.getText('text');
    text.insert(text.length, added); // one delta: it would be found as it is
    await held.provider.whenPersisted();
  }, words);
const reads = (tab, words) => tab.waitForFunction((wanted) => held.doc.getText('text').toString() === wanted, words);
const errorsIn = (tab) => tab.evaluate(() => held.errors);

/** Everything that the page's databases hold, as text: bytes by their characters. */
const databases = (tab) =>
  tab.evaluate(async () => {
    const answer = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    let text = '';
    const add = (value) => {
      if (value instanceof Uint8Array) text += String.fromCharCode(...value);
      else if (value instanceof ArrayBuffer) add(new Uint8Array(value));
      else if (typeof value === 'object' && value !== null) Object.values(value).forEach(add);
      else text += ` ${value} `;
    };
    for (const { name } of await indexedDB.databases()) {
      const database = await answer(indexedDB.open(name));
      for (const table of database.objectStoreNames) add(await answer(database.transaction(table).objectStore(table).getAll()));
      database.close();
    }
    return text;
  });

/** What the relay has of it, in bytes as they are. */
async function recordsOf(document) {
  const client = new WeirClient({ url: relay.origin, space: 'people', webSocket: WebSocket });
  const session = client.subscribe(document);
  const records = [];
  session.on('records', (some) => records.push(...some));
  await session.whenCaughtUp();
  await client.close();
  return records;
}

test('a page that is closed offline, and opened again: all of it is sealed, in its database and at the relay', () =>
  withProfile((first) =>
    withProfile(async (second) => {
      let context = await first.open();
      let tab = await openTab(context, page.origin);
      assert.equal(await makeKey(tab), false);
      assert.equal(await openDocument(tab, 'plan'), '');
      await write(tab, 'online secret. ');
      await tab.evaluate(() => held.provider.whenSaved());
      await context.setOffline(true);
      await write(tab, 'offline secret. ');
      const kept = await databases(tab);
      assert.ok(kept.length > 200 && !kept.includes('secret'));
      await first.close();

      context = await first.open();
      tab = await openTab(context, page.origin);
      await makeKey(tab);
      assert.equal(await openDocument(tab, 'plan'), 'online secret. offline secret. ');
      await tab.evaluate(() => held.provider.whenSaved());
      const other = await openTab(await second.open(), page.origin);
      await makeKey(other);
      await openDocument(other, 'plan');
      await reads(other, 'online secret. offline secret. ');
      await write(other, 'and hello');
      await reads(tab, 'online secret. offline secret. and hello');
      await other.evaluate(() => held.provider.awareness.setLocalStateField('user', { name: 'Ada' }));
      await tab.waitForFunction(() => [...held.provider.awareness.getStates().values()].some(({ user }) => user?.name === 'Ada'));
      for (const one of [tab, other]) assert.deepEqual(await errorsIn(one), []);
      const records = await recordsOf('plan');
      assert.ok(records.length > 0 && records.every(({ codec }) => codec === 2));
      assert.ok(!records.some(({ payload }) => Buffer.from(payload).includes('hello')));
    }),
  ));

test('tabs that share a client: whichever has the connection seals for all, and another takes over', () =>
  withProfile(async (profile) => {
    const context = await profile.open();
    const tabs = [await openTab(context, page.origin), await openTab(context, page.origin), await openTab(context, page.origin)];
    for (const tab of tabs) {
      await makeKey(tab);
      await openDocument(tab, 'tabs', { shared: true });
    }
    await write(tabs[1], 'from the second. ');
    for (const tab of tabs) await reads(tab, 'from the second. ');
    const leads = await Promise.all(tabs.map((tab) => tab.evaluate(() => held.provider.client.leads)));
    const leader = leads.indexOf(true);
    await tabs[leader].close();
    const left = tabs.filter((_, i) => i !== leader);
    await write(left[0], 'from who is left.');
    await left[0].evaluate(() => held.provider.whenSaved());
    for (const tab of left) {
      await reads(tab, 'from the second. from who is left.');
      assert.deepEqual(await errorsIn(tab), []);
    }
    const records = await recordsOf('tabs');
    assert.ok(records.length > 0 && records.every(({ codec }) => codec === 2));
  }));
