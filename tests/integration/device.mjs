// A device as a process of its own, for a test to kill:
//
//   node device.mjs URL FOLDER DOCUMENT COUNT
//
// Its client keeps everything in a store in FOLDER. It publishes COUNT deltas, numbered on from the last that it knows of, and
// says "persisted N" and "stored N". When all are stored, and all was read that the relay has, it says "over" and ends.
import { openDevice, say } from './device-client.mjs';
import { breathe } from './until.mjs';

const [url, folder, document, count] = process.argv.slice(2);
const own = folder.charCodeAt(folder.length - 1);

const device = await openDevice(url, folder, 'devices');
const session = device.client.subscribe(document, {
  compact: (pieces, records) => [...pieces, ...records.map(({ payload }) => payload)],
});
session.on('error', (error) => say('complaint', error.message));

// A delta is its device and its number, with something behind it.
let last = 0;
const know = (payload) => {
  const bytes = Buffer.from(payload);
  if (bytes[0] === own) last = Math.max(last, bytes.readUInt32LE(1));
};
session.on('state', (pieces) => pieces.forEach(know));
session.on('records', (records) => records.forEach(({ payload }) => payload !== null && know(payload)));
session.on('pending', (deltas) => deltas.forEach(({ payload }) => know(payload)));
await session.whenLoaded();

const until = last + Number(count);
while (last < until) {
  const number = ++last;
  const delta = Buffer.alloc(5 + (number % 200), number);
  delta[0] = own;
  delta.writeUInt32LE(number, 1);
  void session.publish(delta).then(() => say('stored', number));
  void session.whenPersisted().then(() => say('persisted', number));
  if (number % 5 === 0) await session.whenPersisted();
  await breathe();
}
await session.whenCaughtUp();
await session.whenStored();
await device.close();
say('over', last);
