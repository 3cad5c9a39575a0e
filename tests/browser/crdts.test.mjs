// The adapters for Automerge and Loro in a page: with a peer in Node they come to the same document, whoever writes, also after the
// relay was away; and a newcomer in the page reads what both have written.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import WebSocket from 'ws';

import { AutomergeDocument, AutomergeProvider } from '../../client-sdk/js/dist/automerge.js';
import { WeirClient } from '../../client-sdk/js/dist/index.js';
import { LoroProvider } from '../../client-sdk/js/dist/loro.js';
import * as Automerge from '../../client-sdk/js/node_modules/@automerge/automerge/dist/mjs/entrypoints/fullfat_node.js';
import { LoroDoc } from '../../client-sdk/js/node_modules/loro-crdt/nodejs/index.js';
import { serveCrdtsPage } from './sdk-page.mjs';
import { setStage } from './stage.mjs';

const { page, relay, browser } = await setStage({ page: serveCrdtsPage() });

/** Everybody begins with the same change. */
const first = Automerge.save(Automerge.change(Automerge.init('00'), { time: 0 }, (doc) => void (doc.items = {})));

/** What is done with a document, in a page and in Node alike: these functions are sent to the page as text. */
const kinds = {
  Automerge: {
    join({ AutomergeDocument, AutomergeProvider, Automerge }, client, document, begun) {
      const handle = new AutomergeDocument(Automerge.load(new Uint8Array(begun)));
      return {
        provider: new AutomergeProvider(client, document, handle),
        add: (item) => handle.change((doc) => void (doc.items[item] = true)),
        remove: (item) => handle.change((doc) => void delete doc.items[item]),
        all: () => Object.keys(handle.doc().items).sort(),
      };
    },
  },
  Loro: {
    join({ LoroDoc, LoroProvider }, client, document) {
      const doc = new LoroDoc();
      const items = doc.getMap('items');
      const write = (step) => (step(), doc.commit());
      return {
        provider: new LoroProvider(client, document, doc),
        add: (item) => write(() => items.set(item, true)),
        remove: (item) => write(() => items.delete(item)),
        all: () => items.keys().sort(),
      };
    },
  },
};

const library = { Automerge, AutomergeDocument, AutomergeProvider, LoroDoc, LoroProvider };

function inNode(kind) {
  const client = new WeirClient({ url: relay.origin, space: 'people', webSocket: WebSocket });
  const copy = kinds[kind].join(library, client, kind, first);
  return { ...copy, client };
}

async function inPage(kind) {
  const tab = await browser.newPage();
  const complaints = [];
  tab.on('pageerror', (error) => complaints.push(error.stack));
  await tab.goto(page.origin);
  await tab.waitForFunction(() => document.title === 'ready');
  await tab.evaluate(
    ([url, name, join, begun]) => {
      const client = new weir.WeirClient({ url, space: 'people' });
      held.copy = (0, eval)(`({${join}}).join`)(weir, client, name, begun);
    },
    [relay.origin, kind, kinds[kind].join.toString(), [...first]],
  );
  return {
    complaints,
    add: (item) => tab.evaluate((what) => held.copy.add(what), item),
    remove: (item) => tab.evaluate((what) => held.copy.remove(what), item),
    saved: () => tab.evaluate(() => held.copy.provider.whenSaved()),
    reads: (items) => tab.waitForFunction((wanted) => JSON.stringify(held.copy.all()) === wanted, JSON.stringify(items)),
    leave: () => tab.close(),
  };
}

/** Until the peer in Node has these, however they come. */
const untilReads = ({ all, provider }, items) =>
  new Promise((resolve) => {
    const look = () => (JSON.stringify(all()) === JSON.stringify(items) ? resolve() : setTimeout(look, 10));
    void provider.whenSynced().then(look);
  });

for (const kind of Object.keys(kinds))
  test(`${kind}: a page and a program write the same document, and the relay is killed meanwhile`, async () => {
    const node = inNode(kind);
    const tab = await inPage(kind);
    await tab.add('milk');
    node.add('bread');
    await tab.reads(['bread', 'milk']);
    await untilReads(node, ['bread', 'milk']);
    await relay.crash();
    await tab.add('eggs');
    await tab.remove('milk');
    node.add('apples');
    await relay.restart();
    await Promise.all([tab.saved(), node.provider.whenSaved()]);
    await tab.reads(['apples', 'bread', 'eggs']);
    await untilReads(node, ['apples', 'bread', 'eggs']);
    const newcomer = await inPage(kind);
    await newcomer.reads(['apples', 'bread', 'eggs']);
    assert.deepEqual([...tab.complaints, ...newcomer.complaints], []);
    await newcomer.leave();
    await tab.leave();
    await node.client.close();
  });
