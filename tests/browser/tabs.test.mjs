// Tabs of one browser that share a client: one session at the relay, whoever of them comes, goes or crashes.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import WebSocket from 'ws';
import * as Y from 'yjs';

import { WeirClient } from '../../client-sdk/js/dist/index.js';
import { waitMsMax } from './people.mjs';
import { openTab, serveSdkPage, withProfile } from './sdk-page.mjs';
import { setStage } from './stage.mjs';

const { page, relay } = await setStage({ page: serveSdkPage(), browser: false });

const withBrowser = (run) => withProfile(async (profile) => run(await profile.open(), profile));

/** A tab that has the document open through the shared client. */
async function openShared(context, document) {
  const tab = await openTab(context, page.origin);
  await tab.evaluate(
    async ([url, name]) => {
      const client = weir.sharedClient({ url, store: 'shared', space: 'people', backoffMaxMs: 500 });
      const doc = new weir.Y.Doc();
      const provider = new weir.WeirProvider('', 'people', name, doc, { client });
      Object.assign(held, { client, doc, provider });
      await provider.whenLoaded();
    },
    [relay.origin, document],
  );
  return tab;
}
const write = (tab, words) =>
  tab.evaluate(async (added) => {
    const text = held.doc.getText('text');
    for (const letter of added) text.insert(text.length, letter);
    await held.provider.whenPersisted();
  }, words);
const textOf = (tab) => tab.evaluate(() => held.doc.getText('text').toString());
const untilReads = (tab, ...parts) => tab.waitForFunction((wanted) => wanted.every((part) => held.doc.getText('text').toString().includes(part)), parts);
const untilSynced = (tab) => tab.evaluate(() => Promise.all([held.provider.whenSynced(), held.provider.whenSaved()]));
const leads = (tab) => tab.evaluate(() => held.client.leads);
/** The relay comes to have one session; its figures are a quarter of a second old. */
async function until(what, isSo) {
  for (const deadline = Date.now() + waitMsMax; !(await isSo());) assert.ok(Date.now() < deadline, what);
}
const untilOneSession = () => until('there is one session', async () => (await relay.figure('weir_sessions')) === 1);
const opened = () => relay.figure('weir_sessions_opened_total');
/** How many were opened so far, those of the test before included. */
async function openedBefore() {
  await until('there is no session', async () => (await relay.figure('weir_sessions')) === 0);
  return opened();
}

/** The one that leads, or is about to; never two. */
async function leaderAmong(tabs) {
  for (const deadline = Date.now() + waitMsMax; ; ) {
    const leading = await Promise.all(tabs.map(leads));
    const count = leading.filter(Boolean).length;
    assert.ok(count < 2 && Date.now() < deadline, `${count} lead`);
    if (count === 1) return tabs[leading.indexOf(true)];
  }
}

/** All records, as a newcomer reads them: each sequence once, and the text they make. */
async function readBack(document, deltas) {
  const client = new WeirClient({ url: relay.origin, space: 'people', webSocket: WebSocket });
  const session = client.subscribe(document);
  const doc = new Y.Doc();
  const sequences = [];
  session.on('records', (records) => {
    for (const { payload, sequence } of records) {
      sequences.push(sequence);
      Y.applyUpdate(doc, payload);
    }
  });
  await session.whenCaughtUp();
  await client.close();
  assert.deepEqual(
    sequences,
    Array.from({ length: deltas }, (_, i) => i + 1),
  );
  return doc.getText('text').toString();
}

test('three tabs are one session and converge; the leader is closed in the middle', () =>
  withBrowser(async (context) => {
    const before = await openedBefore();
    const tabs = [];
    for (let i = 0; i < 3; i++) tabs.push(await openShared(context, 'three'));
    await Promise.all(tabs.map(untilSynced));
    await untilOneSession();
    assert.equal((await opened()) - before, 1);
    await Promise.all(tabs.map((tab, i) => write(tab, `tab ${i}. `)));
    await Promise.all(tabs.map(untilSynced));

    const leader = await leaderAmong(tabs);
    const others = tabs.filter((tab) => tab !== leader);
    const writing = Promise.all(others.map((tab, i) => write(tab, 'while the leader goes'.repeat(5) + i)));
    await leader.close();
    await writing;
    await Promise.all(others.map(untilSynced));
    await leaderAmong(others);
    await others[0].waitForFunction((other) => held.doc.getText('text').toString().length === other, 3 * 7 + 2 * 106);
    await others[1].waitForFunction((other) => held.doc.getText('text').toString().length === other, 3 * 7 + 2 * 106);
    assert.equal(await textOf(others[0]), await textOf(others[1]));
    // One after the other: tabs know each other's text before the new leader is connected.
    await until('the second connects', async () => (await opened()) - before >= 2);
    await untilOneSession();
    assert.equal((await opened()) - before, 2);
    assert.equal(await readBack('three', 3 * 7 + 2 * 106), await textOf(others[0]));
  }));

test('the leader crashes: another takes over, and what it had stored arrives once', () =>
  withBrowser(async (context) => {
    const tabs = [await openShared(context, 'crash'), await openShared(context, 'crash'), await openShared(context, 'crash')];
    await Promise.all(tabs.map(untilSynced));
    const leader = await leaderAmong(tabs);
    const others = tabs.filter((tab) => tab !== leader);
    relay.freeze();
    await write(leader, 'stored here, not there. ');
    await write(others[0], 'so is this. ');
    const crashed = leader.waitForEvent('crash');
    leader.goto('chrome://crash').catch(() => undefined);
    await crashed;
    relay.thaw();
    await Promise.all(others.map(untilSynced));
    for (const tab of others) await untilReads(tab, 'stored here, not there. ', 'so is this. ');
    assert.equal(await readBack('crash', 24 + 12), await textOf(others[0]));
  }));

test('the leader goes again and again, by closing and by crashing, and the relay is killed in between', () =>
  withBrowser(async (context) => {
    const tabs = [];
    for (let i = 0; i < 4; i++) tabs.push(await openShared(context, 'often'));
    await Promise.all(tabs.map(untilSynced));
    let written = 0;
    for (let round = 0; round < 6; round++) {
      const leader = await leaderAmong(tabs);
      tabs.splice(tabs.indexOf(leader), 1);
      const writing = tabs.map((tab) => write(tab, 'twenty letters each. '));
      written += 'twenty letters each. '.length * tabs.length;
      if (round % 3 === 1) await relay.crash();
      if (round % 2 === 0) await leader.close();
      else {
        const crashed = leader.waitForEvent('crash');
        leader.goto('chrome://crash').catch(() => undefined);
        await crashed;
      }
      if (round % 3 === 1) await relay.restart();
      await Promise.all(writing);
      tabs.push(await openShared(context, 'often'));
    }
    await Promise.all(tabs.map(untilSynced));
    for (const tab of tabs) await tab.waitForFunction((length) => held.doc.getText('text').length === length, written);
    const texts = await Promise.all(tabs.map(textOf));
    assert.equal(new Set(texts).size, 1);
    assert.equal(await readBack('often', written), texts[0]);
  }));

test('tabs without a relay see each other, and what they wrote survives all of them', () =>
  withBrowser(async (context, profile) => {
    await relay.crash();
    const tabs = [await openShared(context, 'offline'), await openShared(context, 'offline')];
    await write(tabs[0], 'one. ');
    await untilReads(tabs[1], 'one. ');
    await write(tabs[1], 'two. ');
    await untilReads(tabs[0], 'one. ', 'two. ');
    const text = await textOf(tabs[0]);
    await profile.close();

    const again = await openShared(await profile.open(), 'offline');
    assert.equal(await textOf(again), text);
    await relay.restart();
    await untilSynced(again);
    assert.equal(await readBack('offline', 10), text);
  }));

test('people see each other: two tabs of one browser, and a third elsewhere', () =>
  withBrowser(async (context) => {
    const tabs = [await openShared(context, 'presence'), await openShared(context, 'presence')];
    await Promise.all(tabs.map(untilSynced));
    await withBrowser(async (elsewhere) => {
      const other = await openShared(elsewhere, 'presence');
      const everybody = [...tabs, other];
      await Promise.all(everybody.map((tab, i) => tab.evaluate((name) => held.provider.awareness.setLocalState({ name }), `person ${i}`)));
      const names = (tab, count) =>
        tab.waitForFunction((wanted) => new Set([...held.provider.awareness.getStates().values()].map(({ name }) => name)).size === wanted, count);
      await Promise.all(everybody.map((tab) => names(tab, 3)));
      await tabs[1].close();
      await Promise.all([names(tabs[0], 2), names(other, 2)]);
    });
  }));

test('a service worker shares the client with the tabs', () =>
  withBrowser(async (context) => {
    const before = await openedBefore();
    const tab = await openShared(context, 'worker');
    await untilSynced(tab);
    await untilOneSession();
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
    await worker.evaluate(async (url) => {
      const client = weir.sharedClient({ url, store: 'shared', space: 'people' });
      const doc = new weir.Y.Doc();
      const provider = new weir.WeirProvider('', 'people', 'worker', doc, { client, awareness: null });
      await provider.whenSynced();
      doc.getText('text').insert(0, 'from the worker');
      await provider.whenSaved();
      await provider.destroy();
      await client.close();
    }, relay.origin);
    await untilReads(tab, 'from the worker');
    await untilOneSession();
    assert.equal((await opened()) - before, 1);
  }));
