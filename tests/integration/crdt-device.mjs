// A device with an Automerge or a Loro document, as a process of its own, for a test to kill:
//
//   node crdt-device.mjs URL FOLDER KIND COUNT
//
// Its client keeps everything in a store in FOLDER. It writes COUNT numbered entries, on from the last that its document has, and
// says "persisted N". When all is saved, and all was read that the relay has, it says "over" and ends.
import path from 'node:path';

import { numbered } from './crdt-numbers.mjs';
import { openDevice, say } from './device-client.mjs';
import { breathe } from './until.mjs';

const [url, folder, kind, count] = process.argv.slice(2);
const own = path.basename(folder);

const device = await openDevice(url, folder, 'killed');
const { synced, write, entries } = numbered[kind](device.client, kind);
synced.on('error', (error) => say('complaint', error.message));
await synced.whenLoaded();

const numbers = entries().filter(([name]) => name.startsWith(`${own}:`)).map(([, number]) => number);
let last = Math.max(0, ...numbers);
for (const until = last + Number(count); last < until;) {
  const number = ++last;
  write(`${own}:${number}`, number);
  const persisted = synced.whenPersisted().then(() => say('persisted', number));
  if (number % 5 === 0) await persisted;
  await breathe();
}
await synced.whenSynced();
await synced.whenSaved();
synced.destroy();
await device.close();
say('over', last);
