// docs/js-sdk.md does what it says: its programs print what it shows, one after the other, at a real relay. (Its page in a browser is opened by
// tests/browser/tutorial.test.mjs.)
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openPage } from './pages.mjs';
import { startRelay } from './relay.mjs';

test('docs/js-sdk.md: each program prints what it shows', async () => {
  const relay = await startRelay();
  const page = await openPage('js-sdk.md', (text) => text.replaceAll('127.0.0.1:8787', `127.0.0.1:${relay.http}`));
  try {
    assert.ok((await page.follow()) >= 10);
  } finally {
    await page.close();
    await relay.end();
  }
});
