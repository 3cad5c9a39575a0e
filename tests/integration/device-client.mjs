// What a device program (device-process.mjs) begins with: a store in its folder, a client that keeps everything there, and how to
// say something to the test.
import WebSocket from 'ws';

import { openStore, WeirClient } from './sdk.mjs';

export function say(what, text) {
  process.stdout.write(`${what} ${text}\n`);
}

export async function openDevice(url, folder, space) {
  const store = await openStore(folder);
  const client = new WeirClient({ url, space, store, webSocket: WebSocket, backoffFirstMs: 10, backoffMaxMs: 100 });
  client.on('producer-changed', (_, cause) => say('complaint', cause.message));
  client.on('error', (error) => say('complaint', error.message));
  return {
    client,
    async close() {
      await client.close();
      await store.close();
    },
  };
}
