#!/usr/bin/env node
// Keeps a search index over every Yjs document of a space, or asks it. README.md tells the story.
import { parseArgs } from 'node:util';

import { follow, LostHistory } from './feed.mjs';
import { View } from './view.mjs';

const usage = `node main.mjs follow --space NAME [--view FILE] [--relay ADDR:PORT] [--once]
node main.mjs search WORDS [--view FILE]
node main.mjs dump [--view FILE]

follow   keeps the view up to date until it is stopped; --once: until it has everything that is there
search   the documents in which these words occur, best first
dump     everything in the view, a line of JSON for each document

--view FILE        the SQLite file (view.sqlite)
--relay ADDR:PORT  where the relay speaks gRPC (127.0.0.1:8788)
--space NAME       the space to follow
WEIR_TOKEN         the token, where the relay wants one`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    space: { type: 'string' },
    view: { type: 'string', default: 'view.sqlite' },
    relay: { type: 'string', default: '127.0.0.1:8788' },
    once: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [command, ...words] = positionals;

async function followOn(view) {
  const stop = () => {
    view.close(); // between two transactions: take() is never interrupted
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
  const feed = follow({
    relay: values.relay,
    space: values.space,
    cursor: view.cursor,
    stay: !values.once,
    token: process.env.WEIR_TOKEN ?? '',
  });
  let taken = 0;
  let told = false;
  for await (const { entries, cursor, caughtUp } of feed) {
    view.take(entries, cursor);
    taken += entries.length;
    if (caughtUp && !told) console.log(`caught up at ${cursor.offset}, ${taken} entries`);
    told = caughtUp;
  }
}

async function run() {
  if (values.help || command === undefined) return console.log(usage);
  const view = new View(values.view, command === 'follow' ? (values.space ?? fail('name a space: --space NAME')) : undefined);
  try {
    if (command === 'follow') await followOn(view);
    else if (command === 'search') for (const { document, excerpt } of view.search(words.join(' '))) console.log(`${document}\t${excerpt}`);
    else if (command === 'dump') for (const row of view.all()) console.log(JSON.stringify(row));
    else fail(`no command ${command}; --help lists them`);
  } finally {
    view.close();
  }
}

function fail(message) {
  throw new Error(message);
}

try {
  await run();
} catch (error) {
  const hint = error instanceof LostHistory ? '\nThe view is of a history that the relay does not have: make it anew in another file.' : '';
  console.error(`feed-view: ${error.message}${hint}`);
  process.exitCode = 1;
}
