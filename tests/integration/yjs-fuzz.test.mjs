// Many small worlds at once (yjs-fuzz.mjs). WEIR_FUZZ_SEEDS: how many; WEIR_FUZZ_FIRST: the first of them; one that fails is
// played again alone by WEIR_FUZZ_FIRST=its number WEIR_FUZZ_SEEDS=1.
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { test } from 'node:test';

import { startRelay } from './relay.mjs';
import { playSeed } from './yjs-fuzz.mjs';

const seeds = Number(process.env.WEIR_FUZZ_SEEDS ?? 40);
const first = Number(process.env.WEIR_FUZZ_FIRST ?? 1);
const atOnce = 20;
setMaxListeners(1000, process); // each y-websocket provider wants to hear of the end

test(`${seeds} seeds converge, with snapshots, cuts and a liar`, { timeout: 3_000_000 }, async (t) => {
  const relay = await startRelay({
    'snapshots.tail_bytes_min': '1KiB',
    'snapshots.tail_records_min': 5,
    'snapshots.lease': '1s',
    'retention.keep': 'since-snapshot',
    'retention.grace': '0ms',
    'retention.lossy': true,
    'retention.interval': '1s',
    'limits.document_idle_max': '2s',
  });
  t.after(() => relay.end());
  const failed = [];
  let next = first;
  const play = async () => {
    while (next < first + seeds && failed.length < 3) {
      const seed = next++;
      await playSeed(relay, seed).catch((error) => failed.push(`${error.message}`));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, play));
  const figures = await (await fetch(`http://127.0.0.1:${relay.http}/metrics`)).text();
  const figure = (name) => Number(figures.match(new RegExp(`^${name} (\\d+)`, 'm'))?.[1]);
  const seen = Object.fromEntries(
    ['stored', 'verified', 'quarantined', 'sent'].map((what) => [what, figure(`weir_snapshots_${what}_total`)]),
  );
  t.diagnostic(`snapshots: ${JSON.stringify(seen)}, cuts: ${figure('weir_cuts_total')}`);
  assert.deepEqual(failed, []);
  if (seeds < 20) return;
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `no snapshot was ${what}`);
  assert.ok(figure('weir_cuts_total') > 0, 'nothing was cut');
});
