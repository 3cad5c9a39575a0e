// What a keystroke of an encrypted document takes, at a real relay: payloads of the records as it stores them, and its folder.
//
//   node sealed-size.mjs automerge-paper.json.gz         a trace of github.com/josephg/editing-traces, of one author
//
// All of the trace waits when the client connects, so each record holds as much as one may. The first thousand keystrokes again,
// each alone, as somebody types them.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import WebSocket from 'ws';

import { relayBinary, startRelay } from './relay.mjs';
import { encryption, WeirClient, WeirProvider, Y } from './sdk.mjs';

const { txns, endContent } = JSON.parse(gunzipSync(readFileSync(process.argv[2])));
const patches = txns.flatMap((txn) => txn.patches);
const key = new Uint8Array(randomBytes(32));
const alone = 1000;

/** One transaction, one update, for each. */
function write(doc, some) {
  const text = doc.getText('text');
  for (const [position, deleted, inserted] of some)
    doc.transact(() => {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted.length > 0) text.insert(position, inserted);
    });
}

async function recordsOf(relay, document) {
  const client = new WeirClient({ url: relay.url, space: 'size', webSocket: WebSocket });
  const session = client.subscribe(document);
  const seen = { count: 0, bytes: 0 };
  session.on('records', (records) => {
    seen.count += records.length;
    for (const { payload } of records) seen.bytes += payload.length;
  });
  await session.whenCaughtUp();
  await client.close();
  return seen;
}

/** What the relay has of a document that `fill` wrote, and its folder once it is compacted, by itself. */
async function measure(name, keystrokes, fill) {
  const relay = await startRelay();
  await fill(relay);
  const { count, bytes } = await recordsOf(relay, 'paper');
  await relay.stop();
  execFileSync(relayBinary(), ['docs', 'compact', 'size', 'paper', '--data', relay.data], { stdio: 'ignore' });
  const folder = Number(execFileSync('du', ['-sb', relay.data], { encoding: 'utf8' }).split('\t')[0]);
  await relay.end();
  const each = (total) => (total / keystrokes).toFixed(3);
  console.log(`${name}: ${keystrokes} keystrokes in ${count} records; ${each(bytes)} bytes a keystroke, folder ${each(folder)}`);
}

await measure('provider', patches.length, async (relay) => {
  const doc = new Y.Doc();
  const options = { webSocket: WebSocket, awareness: null, connect: false, snapshots: false, encryption: encryption({ id: 1, key }) };
  const provider = new WeirProvider(relay.url, 'size', 'paper', doc, options);
  write(doc, patches);
  if (doc.getText('text').toString() !== endContent) throw new Error('the patches do not give the text');
  provider.connect();
  await provider.whenSaved();
  await provider.destroy();
});

await measure('any CRDT, not merged', patches.length, async (relay) => {
  const doc = new Y.Doc();
  const client = new WeirClient({ url: relay.url, space: 'size', webSocket: WebSocket, connect: false });
  const session = client.subscribe('paper', { encryption: encryption({ id: 1, key }) });
  doc.on('update', (update) => void session.publish(update));
  write(doc, patches);
  client.connect();
  await session.whenStored();
  await client.close();
});

await measure('provider, each alone', alone, async (relay) => {
  const doc = new Y.Doc();
  const options = { webSocket: WebSocket, awareness: null, snapshots: false, encryption: encryption({ id: 1, key }) };
  const provider = new WeirProvider(relay.url, 'size', 'paper', doc, options);
  await provider.whenSynced();
  for (const patch of patches.slice(0, alone)) {
    write(doc, [patch]);
    await provider.whenSaved();
  }
  await provider.destroy();
});
