// The C++ client over gRPC, as its example `tail`: what is published is durable and arrives, also when the relay is
// killed meanwhile. WEIR_TAIL names the program, WEIR_LOAD the one that measures,
// WEIR_MIRROR the one that copies.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { startRelay } from './relay.mjs';
import { until } from './until.mjs';

function tail(relay, flags = [], document = 'document') {
  const child = spawn(process.env.WEIR_TAIL, [`127.0.0.1:${relay.grpc}`, 'space', document, ...flags]);
  child.lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => child.lines.push(line));
  return child;
}

async function publish(relay, text) {
  const child = tail(relay, ['--publish']);
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

test('a coroutine copies one document into another', async () => {
  const relay = await startRelay();
  let reader;
  try {
    const lines = Array.from({ length: 200 }, (_, i) => `line-${i}`);
    await publish(relay, lines.join('\n'));
    const mirror = () => promisify(execFile)(process.env.WEIR_MIRROR, [`127.0.0.1:${relay.grpc}`, 'space', 'document', 'copy', '--once']);
    await mirror();
    reader = tail(relay, [], 'copy');
    await until('the copy is read', () => reader.lines.length === 200);
    assert.deepEqual(
      reader.lines.map((line) => line.split(' ').at(-1)),
      lines,
    );
  } finally {
    reader?.kill();
    await relay.end();
  }
});

test('what a process that was killed had kept is sent by the next one, once', async () => {
  const relay = await startRelay();
  const folder = await mkdtemp(path.join(tmpdir(), 'weir-cpp-store-'));
  try {
    await relay.kill();
    const first = tail(relay, ['--publish', '--store', folder]);
    first.stdin.write('one\ntwo\n');
    await until('both lines are kept', () => first.lines.length === 2);
    const second = tail(relay, ['--publish', '--store', folder]);
    const [refused] = await once(second, 'exit');
    assert.equal(refused, 1); // one at a time
    first.kill('SIGKILL');
    await once(first, 'exit');
    await relay.start();
    const third = tail(relay, ['--publish', '--store', folder]);
    third.stdin.end('three\n');
    const [code] = await once(third, 'exit');
    assert.equal(code, 0);
    const reader = tail(relay);
    await until('three lines are read', () => reader.lines.length === 3);
    reader.kill();
    assert.deepEqual(
      reader.lines.map((line) => line.split(' ').at(-1)),
      ['one', 'two', 'three'],
    );
  } finally {
    await rm(folder, { recursive: true });
    await relay.end();
  }
});

test('the load generator counts every delivery', async () => {
  const relay = await startRelay();
  try {
    const flags = ['--relay', `127.0.0.1:${relay.grpc}`, '--writers', '3', '--readers', '2', '--rate', '100', '--seconds', '0.5'];
    const { stdout } = await promisify(execFile)(process.env.WEIR_LOAD, flags);
    const [acknowledged, delivered] = ['acknowledged', 'delivered'].map((what) => Number(new RegExp(`^${what} +(\\d+) `, 'm').exec(stdout)[1]));
    assert.ok(acknowledged > 0);
    assert.equal(delivered, 2 * acknowledged);
  } finally {
    await relay.end();
  }
});
