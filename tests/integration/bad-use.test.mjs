// What a developer sees who uses the client wrongly, against the real relay: an error of its own class, whose message says
// what happened, to which document, and what to do.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import * as weir from '../../client-sdk/js/dist/index.js';
import { decodeServerFrame } from '../../client-sdk/js/dist/wire/decode.js';
import { encodeClientEvent } from '../../client-sdk/js/dist/wire/encode.js';
import { startRelay } from './relay.mjs';

let relay;
before(async () => {
  relay = await startRelay({
    'spaces.create': 'listed',
    'spaces.listed': 'known',
    'limits.payload_bytes_max': '1KiB',
    'limits.subscriptions_max': '2',
  });
});
after(() => relay.end());

/** Runs with a client, which is closed afterwards. */
async function using(options, run) {
  const client = new weir.WeirClient({ url: relay.url, space: 'known', webSocket: WebSocket, ...options });
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}

const next = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

function says(error, type, ...words) {
  assert.ok(error instanceof type, `${error.name}, not ${type.name}: ${error.message}`);
  for (const word of words) assert.match(error.message, word);
}

test('a space that the relay does not have', () =>
  using({ space: 'unknown' }, async (client) => {
    const error = await next(client.subscribe('plan'), 'error');
    says(error, weir.NotFoundError, /^unknown\/plan: /, /spaces\.listed/);
    assert.equal(error.document, 'unknown/plan');
  }));

test('a name that is none', () =>
  using({}, async (client) => {
    assert.throws(() => client.subscribe('a\nb'), /^TypeError: a document name .*control character/);
    assert.throws(() => client.subscribe('x'.repeat(1025)), /1024/);
    await client.subscribe('x'.repeat(1024)).whenCaughtUp(); // the relay's rule is the same
  }));

test('a delta that is too large, before and after the relay has said how large one may be', () =>
  using({}, async (client) => {
    const plan = client.subscribe('plan');
    await plan.whenCaughtUp();
    await assert.rejects(plan.publish(new Uint8Array(1025)), (error) => {
      says(error, weir.PayloadTooLargeError, /^known\/plan: /, /1025/, /1024/);
      return true;
    });
    await plan.publish(new Uint8Array(1024)); // and it goes on
    await using({}, async (early) => {
      await assert.rejects(early.subscribe('plan').publish(new Uint8Array(1025)), weir.PayloadTooLargeError);
    });
  }));

test('more documents than a session may have', () =>
  using({}, async (client) => {
    const sessions = ['a', 'b'].map((name) => client.subscribe(name));
    await Promise.all(sessions.map((one) => one.whenCaughtUp()));
    says(await next(client.subscribe('c'), 'error'), weir.LimitReachedError, /known\/c/, /limits\.session_documents_max|2/);
    await sessions[0].publish(Uint8Array.of(1)); // the others are not touched
  }));

test('a codec that is not the application\'s, a document opened twice, a client that was closed', () =>
  using({}, async (client) => {
    const plan = client.subscribe('plan');
    await assert.rejects(plan.publish(Uint8Array.of(1), { codec: 2 ** 32 }), weir.CodecError);
    assert.throws(() => client.subscribe('plan'), /already/);
    plan.close();
    await assert.rejects(plan.publish(Uint8Array.of(1)), weir.ClosedError);
    await client.close();
    assert.throws(() => client.subscribe('plan'), weir.ClosedError);
  }));

test('an address where no relay is, and one of something else', async () => {
  const unused = http.createServer().listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const { port } = unused.address();
  await using({ url: `ws://127.0.0.1:${port}` }, async (client) => {
    says(await next(client, 'connection-error'), weir.ConnectionError, new RegExp(`127.0.0.1:${port}`));
  });
  unused.closeAllConnections();
  await new Promise((resolve) => unused.close(resolve));
  await using({ url: `ws://127.0.0.1:${port}` }, async (client) => {
    says(await next(client, 'connection-error'), weir.ConnectionError, new RegExp(`127.0.0.1:${port}`));
    assert.equal(client.status, 'connecting'); // it goes on trying
  });
});

for (const protocolVersion of [0, 999])
  test(`a client of protocol version ${protocolVersion}`, async () => {
    const socket = new WebSocket(`${relay.url}/v1/sync`, 'weir.v1');
    await once(socket, 'open');
    const closed = once(socket, 'close');
    const hello = { kind: 'hello', protocolVersion, producer: new Uint8Array(16).fill(1), token: '', packs: [], makesSnapshots: false };
    socket.send(encodeClientEvent({ ...hello, client: 'test' }));
    const [message] = await once(socket, 'message');
    const [event] = decodeServerFrame(new Uint8Array(message));
    assert.equal(event.kind, 'error');
    assert.match(event.message, /version/);
    await closed;
  });
