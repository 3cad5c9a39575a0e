// Each failure has a class, by its own name, also after a way from tab to tab.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as errors from '../../src/errors.js';
import { Code, errorFromAnswer, Reason, WeirError } from '../../src/errors.js';
import { fromHex } from '../../src/bytes.js';
import { plainError, revivedError } from '../../src/shared/messages.js';
import { decodeServerFrame } from '../../src/wire/decode.js';
import type { ErrorEvent } from '../../src/wire/events.js';
import * as sealingErrors from '../../src/sealing/errors.js';
import { SnapshotterError } from '../../src/snapshotter.js';
import * as storeErrors from '../../src/store/errors.js';

const classes = Object.entries({ ...errors, ...storeErrors }).filter(
  (entry): entry is [string, typeof WeirError] => typeof entry[1] === 'function' && entry[1].prototype instanceof WeirError,
);

test('the class is told by reason, then by code', () => {
  const answers: [number, number, string][] = [
    [Code.notFound, Reason.deleted, 'DocumentDeletedError'],
    [Code.notFound, 0, 'NotFoundError'],
    [Code.permissionDenied, Reason.producerOwned, 'ProducerOwnedError'],
    [Code.permissionDenied, 0, 'AccessDeniedError'],
    [Code.unauthenticated, 0, 'AccessDeniedError'],
    [Code.resourceExhausted, 0, 'LimitReachedError'],
    [Code.failedPrecondition, Reason.epoch, 'EpochChangedError'],
    [Code.aborted, Reason.fenced, 'FencedError'],
    [Code.aborted, Reason.notComparable, 'ResendRefusedError'],
    [Code.unimplemented, Reason.protocol, 'ProtocolError'],
    [Code.unavailable, 0, 'RelayUnavailableError'],
    [Code.dataLoss, 0, 'RecordDamagedError'],
    [Code.alreadyExists, Reason.snapshot, 'SnapshotRefusedError'],
    [Code.internal, 0, 'WeirError'],
    [99, 0, 'WeirError'],
  ];
  const answer = decodeServerFrame(fromHex('0a023a00'))[0] as ErrorEvent;
  for (const [code, reason, name] of answers) {
    const error = errorFromAnswer({ ...answer, code, reason });
    assert.equal(error.name, name);
    assert.equal(error.constructor.name, name);
  }
});

test('an error is of its class in another tab too', () => {
  assert.ok(classes.length > 20);
  for (const [name, Named] of classes) {
    const error = new Named('what happened', { code: Code.aborted, document: 's/d', retryAfterMs: 5 });
    assert.equal(error.name, name);
    const there = revivedError(structuredClone(plainError(error)));
    assert.ok(there instanceof Named, name);
    assert.deepEqual(plainError(there), plainError(error));
  }
  const stranger = revivedError({ ...plainError(new TypeError('of its own')), name: 'constructor' });
  assert.ok(stranger instanceof WeirError);
  assert.equal(stranger.message, 'of its own');
});

test('docs/errors.md tells every class, once, and none that is not there', () => {
  const page = readFileSync(new URL('../../../../../../docs/errors.md', import.meta.url), 'utf8');
  const told = [...page.matchAll(/^\| `(\w+Error)` \|(.*)\|$/gm)];
  const all = Object.entries({ ...errors, ...storeErrors, ...sealingErrors, SnapshotterError })
    .filter(([, Named]) => typeof Named === 'function' && Named.prototype instanceof WeirError)
    .map(([name]) => name);
  assert.deepEqual(told.map(([, name]) => name).sort(), all.sort());
  for (const [, name, rest] of told) {
    const [codes, ...columns] = rest!.split(' | ').map((column) => column.trim());
    assert.equal(columns.length, 3, name);
    for (const [, word] of codes!.matchAll(/`(\w+)`/g)) assert.ok(word! in Code || word! in Reason, `${name}: ${word}`);
  }
});
