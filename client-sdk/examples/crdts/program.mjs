// What the three programs share: a command line, a client, and one document.
import { parseArgs } from 'node:util';

import { openStore, WeirClient, WebSocket } from './sdk.mjs';

const usage = `node PROGRAM.mjs [options] [COMMAND]
  add ITEM       puts it on the list
  remove ITEM    takes it off
  list           what is on it
  follow         what is on it, whenever that changes (the default); ends with Ctrl-C

--relay URL        ws://127.0.0.1:8787
--space NAME       demo
--document NAME    that of the program
--store FOLDER     keep the document there: it can be read and written while the relay is away
--name NAME        how this terminal is shown to others that follow`;

/** `begin(client, document)` answers { synced, add, remove, all, onchange }. */
export async function run(document, begin) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      relay: { type: 'string', default: 'ws://127.0.0.1:8787' },
      space: { type: 'string', default: 'demo' },
      document: { type: 'string', default: document },
      store: { type: 'string' },
      name: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [command = 'follow', ...words] = positionals;
  const item = words.join(' ');
  if (values.help || !['add', 'remove', 'list', 'follow'].includes(command)) return console.log(usage);

  const store = values.store === undefined ? undefined : await openStore(values.store);
  const { relay: url, space, name } = values;
  const client = new WeirClient({ url, space, webSocket: WebSocket, makesSnapshots: true, ...(store && { store }) });
  const { synced, onchange, ...list } = begin(client, values.document);
  synced.on('error', (error) => console.error(`${error.name}: ${error.message}`));
  await synced.whenLoaded();
  if (command === 'follow') await follow(synced, onchange, list, name);
  else await once(synced, list, command, item, store !== undefined);
  synced.destroy();
  await client.close();
  await store?.close();
}

/** With a store three seconds are enough: what did not get through goes up the next time. */
async function once(synced, list, command, item, kept) {
  const options = kept ? { signal: AbortSignal.timeout(3000) } : {};
  const reached = await synced.whenSynced(options).then(() => true, () => false);
  if (command === 'list') return console.log(list.all().join('\n'));
  list[command](item);
  await synced.whenPersisted();
  if (reached) await synced.whenSaved(options);
  console.log(reached ? 'saved' : `kept here; ${synced.pendingCount} to save when the relay is back`);
}

async function follow(synced, onchange, list, name) {
  const show = () => console.log(`${list.all().join(', ') || 'nothing'}${synced.saved ? '' : ` (${synced.pendingCount} to save)`}`);
  if (name !== undefined) synced.setPresence({ name });
  synced.on('presence', (others) => console.log(`here: ${[...others.values()].map((other) => other.name).join(', ') || 'nobody else'}`));
  onchange(show);
  synced.on('sync', (now) => now && show());
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
}
