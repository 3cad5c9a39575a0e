// The C++ client over gRPC, as its example `tail`: what is published is durable and arrives, also when the relay is
// killed meanwhile. WEIR_TAIL names the program.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { startRelay } from './relay.mjs';
import { until } from './until.mjs';

function tail(relay, ...flags) {
  const child = spawn(process.env.WEIR_TAIL, [`127.0.0.1:${relay.grpc}`, 'space', 'document', ...flags]);
  child.lines = [];
  child.stdout.on('data', (data) => child.lines.push(...data.toString().split('\n').filter(Boolean)));
  return child;
}

async function publish(relay, text) {
  const child = tail(relay, '--publish');
  child.stdin.end(text);
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
}

test('what one publishes another reads, before and after the relay was killed', async () => {
  const relay = await startRelay();
  const reader = tail(relay);
  try {
    await publish(relay, 'one\ntwo\n');
    await until('two lines are read', () => reader.lines.length === 2);
    await relay.kill();
    const late = publish(relay, 'three\n'); // waits for the relay
    await relay.start();
    await late;
    await until('three lines are read', () => reader.lines.length === 3);
    assert.deepEqual(
      reader.lines.map((line) => line.split(' ').at(-1)),
      ['one', 'two', 'three'],
    );
  } finally {
    reader.kill();
    await relay.end();
  }
});
