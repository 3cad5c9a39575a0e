// The page of docs/js-sdk.md, bundled as it says, in two windows of Chromium at a real relay.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { build } from '../../client-sdk/js/node_modules/esbuild/lib/main.js';
import { openPage } from '../integration/pages.mjs';
import { waitMsMax } from './people.mjs';
import { setStage } from './stage.mjs';

const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;
const { relay, browser } = await setStage({ page: { origin, close: () => server.close() } });
let page;
before(async () => {
  page = await openPage('js-sdk.md', (text) => text.replaceAll('127.0.0.1:8787', `127.0.0.1:${relay.port}`));
  await page.write();
  const entry = join(page.folder, 'page.js');
  await build({ entryPoints: [entry], bundle: true, format: 'esm', outfile: join(page.folder, 'bundle.js'), logLevel: 'error' });
});
after(() => page?.close());

async function answer({ url }, response) {
  const name = url === '/' ? 'index.html' : url.slice(1);
  const body = ['index.html', 'bundle.js'].includes(name) ? await readFile(join(page.folder, name)) : null;
  const type = name.endsWith('.js') ? 'text/javascript' : 'text/html';
  response.writeHead(body === null ? 404 : 200, { 'content-type': `${type}; charset=utf-8` }).end(body ?? '');
}

/** A window with a profile of its own. */
async function open() {
  const context = await browser.newContext();
  const tab = await context.newPage();
  tab.setDefaultTimeout(waitMsMax);
  await tab.goto(origin);
  await tab.waitForFunction(() => document.querySelector('output').value === 'saved');
  return tab;
}

const shows = (tab, text) => tab.waitForFunction((expected) => document.querySelector('textarea').value === expected, text);

test('what is written in one window is in the other, through a relay that goes and comes back', async () => {
  const [one, two] = [await open(), await open()];
  await one.click('button');
  await shows(two, 'and so on ');
  await relay.crash();
  await one.click('button');
  await one.waitForFunction(() => document.querySelector('output').value === '1 to save');
  await one.reload(); // what it has kept is there without the relay
  await shows(one, 'and so on and so on ');
  await relay.restart();
  await shows(two, 'and so on and so on ');
  assert.equal(await two.textContent('button'), 'Write');
});
