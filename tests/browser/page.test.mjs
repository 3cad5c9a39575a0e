// The page itself: how it is served, that it needs nothing from elsewhere, and that everybody can use it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { get } from 'node:http';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { Person } from './people.mjs';
import { setStage } from './stage.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const phone = { viewport: { width: 360, height: 720 }, isMobile: true, hasTouch: true };

const { relay, browser } = await setStage();

/** A plain request, without a client that unpacks or caches. */
function fetchRaw(path, headers = {}) {
  return new Promise((resolve, reject) => {
    get(`${relay.origin}${path}`, { headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
    }).on('error', reject);
  });
}

test('every file is served whole, compressed or not, with validators and a strict policy', async () => {
  const page = await fetchRaw('/');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html/);
  assert.equal(page.headers['cache-control'], 'no-cache');
  const loaded = [...page.body.toString().matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
  assert.ok(loaded.length >= 4);
  for (const path of ['/', '/d/demo/any', ...loaded]) {
    const plain = await fetchRaw(path);
    assert.equal(plain.status, 200, path);
    assert.match(plain.headers['content-security-policy'], /default-src 'none'; script-src 'self'/);
    assert.equal(plain.headers['x-content-type-options'], 'nosniff');
    assert.equal(plain.headers['content-encoding'], undefined);
    const packed = await fetchRaw(path, { 'Accept-Encoding': 'gzip' });
    const unpacked = packed.headers['content-encoding'] === 'gzip' ? gunzipSync(packed.body) : packed.body;
    assert.ok(unpacked.equals(plain.body), path);
    const again = await fetchRaw(path, { 'If-None-Match': plain.headers.etag });
    assert.equal(again.status, 304, path);
    assert.equal(again.body.length, 0);
    if (path.startsWith('/assets/')) assert.match(plain.headers['cache-control'], /immutable/);
  }
});

test('nothing comes from elsewhere, and the policy is never broken', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook');
  await ada.open('self-contained');
  await ada.type('# Heading with *emphasis* and `code`');
  await ada.page.locator('[popovertarget=about]').first().click();
  await ada.untilSaved();
  assert.ok(ada.requests.length > 3);
  assert.deepEqual(ada.requests.filter((address) => new URL(address).origin !== relay.origin), []);
  assert.deepEqual(ada.complaints, []);
  await ada.leave();
});

test('the first paint waits for no WebSocket, and neither does writing', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook');
  await ada.page.routeWebSocket(/.*/, () => undefined); // accepted by nobody, refused by nobody
  await ada.page.goto(`${relay.origin}/d/demo/no-network`);
  await ada.type('Written before any answer.');
  assert.equal(await ada.text(), 'Written before any answer.');
  assert.equal(await ada.status.getAttribute('data-saved'), 'false');
  await ada.leave();
});

test('the address names the document: none, by parameter, by path, or wrongly', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook');
  await ada.page.goto(`${relay.origin}/`);
  await ada.untilSaved();
  assert.match(new URL(ada.page.url()).pathname, /^\/d\/demo\/[a-z]+-[a-z]+-\d{4}$/);
  const first = ada.page.url();
  await ada.page.getByRole('link', { name: 'New document', exact: true }).first().click();
  await ada.page.waitForURL((address) => address.pathname.startsWith('/d/demo/') && address.href !== first);

  await ada.page.goto(`${relay.origin}/?doc=by%20name`);
  await ada.type('same document');
  await ada.untilSaved();
  await ada.page.goto(`${relay.origin}/d/demo/by%20name`);
  await ada.untilReads('same document');

  for (const wrong of ['/d/demo/', '/d/demo/%E0%A4%A', '/d/demo/a%0Ab', `/d/demo/${'x'.repeat(1025)}`]) {
    await ada.page.goto(relay.origin + wrong);
    await ada.page.getByRole('alert').getByText('begin a new document').waitFor();
  }
  await ada.leave();
});

test('the link can be copied, and opens the document', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook', { permissions: ['clipboard-read', 'clipboard-write'] });
  await ada.open('to share');
  await ada.page.getByRole('button', { name: 'Share' }).click();
  await ada.page.getByRole('button', { name: 'Copy link' }).click();
  await ada.page.getByRole('button', { name: 'Copied' }).waitFor();
  const link = await ada.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, `${relay.origin}/d/demo/to%20share`);
  await ada.leave();
});

test('the two lines of the about panel open this very document', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook');
  await ada.open('lines/for a program');
  await ada.page.getByRole('button', { name: 'About weir' }).click();
  const lines = (await ada.page.locator('#snippet').textContent()).split('\n');
  assert.equal(lines.length, 2);
  const [, url, room] = /new WebsocketProvider\('([^']+)', '([^']+)', doc\)/.exec(lines[1]);
  await ada.page.keyboard.press('Escape');

  const doc = new Y.Doc();
  const provider = new WebsocketProvider(url, room, doc, { WebSocketPolyfill: WebSocket, disableBc: true });
  try {
    doc.getText('text').insert(0, 'From a program.');
    await ada.untilReads('From a program.');
    const heard = new Promise((resolve) => doc.getText('text').observe((event) => resolve(event.target.toString())));
    await ada.type('!');
    assert.equal(await heard, 'From a program.!');
  } finally {
    provider.destroy();
    doc.destroy();
  }
  await ada.leave();
});

for (const colorScheme of ['light', 'dark']) {
  for (const [device, options] of [['a desk', {}], ['a phone', phone]]) {
    test(`labels, roles and contrast hold in ${colorScheme} on ${device}`, async () => {
      const ada = await Person.arrive(browser, relay, 'Ada Brook', { colorScheme, reducedMotion: 'reduce', ...options });
      const grace = await Person.arrive(browser, relay, 'Grace Wells');
      await ada.open(`${colorScheme} on ${device}`);
      await grace.open(`${colorScheme} on ${device}`);
      await grace.type('# Title\n\nSome *text*, a [link](https://example.org), `code`.\n\n> Quote\n');
      await ada.page.locator('.remote-caret').waitFor();
      await ada.page.evaluate(axe);
      const examine = async (what) => {
        const { violations } = await ada.page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
        const told = violations.map(({ id, nodes }) => `${what}: ${id}: ${nodes.map((node) => node.failureSummary + node.html).join('; ')}`);
        assert.deepEqual(told, []);
      };
      await examine('page');
      for (const panel of ['people', 'share', 'about', 'menu']) {
        await ada.page.evaluate((id) => document.getElementById(id).showPopover(), panel);
        await examine(panel);
        await ada.page.keyboard.press('Escape');
        await ada.page.locator(`#${panel}`).waitFor({ state: 'hidden' });
      }
      await Promise.all([ada.leave(), grace.leave()]);
    });
  }
}

test('on a phone nothing is wider than the screen', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook', phone);
  await ada.open(`a-rather-long-name-${'that-goes-on-'.repeat(8)}`);
  await ada.page.evaluate(() => document.getElementById('about').showPopover());
  const tooWide = await ada.page.evaluate(() =>
    [...document.querySelectorAll('h1, a, button, input, pre, .panel, .status-text')]
      .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 0.5)
      .map((element) => element.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(tooWide, []);
  assert.ok(await ada.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await ada.leave();
});

test('the keyboard reaches everything, and leaves the text', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook');
  await ada.open('keyboard');
  await ada.editor.click();
  await ada.page.keyboard.press('Tab');
  await ada.page.locator('#offline:focus-visible').waitFor();
  await ada.page.keyboard.press('Space');
  await ada.untilPhase('offline');
  await ada.page.keyboard.press('Space');
  await ada.untilSaved();
  await ada.page.getByRole('button', { name: 'Share' }).focus();
  await ada.page.keyboard.press('Enter');
  await ada.page.getByRole('dialog', { name: 'Share this document' }).waitFor();
  await ada.page.keyboard.press('Escape');
  await ada.page.getByRole('dialog').waitFor({ state: 'hidden' });
  await ada.leave();
});

test('the appearance can be chosen, and is kept', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook', { colorScheme: 'light' });
  await ada.open('appearance');
  const ground = () => ada.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  const button = ada.page.getByRole('button', { name: /^Appearance/ });
  await button.click();
  await button.click();
  await ada.page.getByRole('button', { name: 'Appearance: dark' }).waitFor();
  const dark = await ground();
  assert.notEqual(dark, light);
  await ada.page.reload();
  assert.equal(await ground(), dark);
  await ada.leave();
});
