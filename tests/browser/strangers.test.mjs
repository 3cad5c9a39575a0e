// What a hostile web page can do to a relay on this machine: nothing.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import { Person } from './people.mjs';
import { servePages } from './sdk-page.mjs';
import { setStage } from './stage.mjs';

const { relay, browser } = await setStage();
const stranger = await servePages([['/', ['text/html', '<!doctype html><title>a page from elsewhere</title>']]]);
after(() => stranger.close());

const doors = [
  ['/v1/sync', ['weir.v1']],
  ['/yjs/demo/secret', []],
];

/** "open" or "refused", as the page itself finds it. */
const knock = (page, address, protocols) =>
  page.evaluate(
    ([url, wanted]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url, wanted);
        socket.onopen = () => (socket.close(), resolve('open'));
        socket.onerror = () => resolve('refused');
      }),
    [address, protocols],
  );

test('the relay’s own page may open both doors', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook');
  await ada.open('own');
  for (const [path, protocols] of doors) {
    assert.equal(await knock(ada.page, `ws://127.0.0.1:${relay.port}${path}`, protocols), 'open', path);
  }
  await ada.leave();
});

for (const host of ['127.0.0.1', 'localhost']) {
  test(`a page from another origin, ${host} with another port, may open neither`, async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://${host}:${new URL(stranger.origin).port}/`);
    for (const [path, protocols] of doors) {
      for (const target of ['127.0.0.1', 'localhost']) {
        assert.equal(await knock(page, `ws://${target}:${relay.port}${path}`, protocols), 'refused', `${target}${path}`);
      }
    }
    await context.close();
  });
}

test('the other name of this machine is another origin, too', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://localhost:${relay.port}/licenses.txt`);
  for (const [path, protocols] of doors) {
    assert.equal(await knock(page, `ws://127.0.0.1:${relay.port}${path}`, protocols), 'refused', path);
  }
  await context.close();
});

/** The status of a plain request that claims another Host. */
function statusFor(host, path, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: relay.port, path, headers: { Host: host, ...headers } });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve(101);
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('a foreign Host header is refused everywhere: a rebound name reaches nothing', async () => {
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  for (const host of ['evil.example', `evil.example:${relay.port}`, '127.0.0.1.evil.example']) {
    for (const path of ['/', '/v1/spaces/demo/documents', '/favicon.svg']) {
      const status = await statusFor(host, path);
      assert.ok(status >= 400 && status < 500, `${host}${path}: ${status}`);
    }
    for (const [path, protocols] of doors) {
      const wanted = protocols.length ? { 'Sec-WebSocket-Protocol': protocols.join(', ') } : {};
      const status = await statusFor(host, path, { ...upgrade, ...wanted });
      assert.ok(status >= 400 && status < 500, `${host}${path}: ${status}`);
    }
  }
  assert.equal(await statusFor(`localhost:${relay.port}`, '/'), 200);
});
