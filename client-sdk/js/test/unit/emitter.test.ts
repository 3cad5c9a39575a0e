// Typed events, and the timers that the client runs on.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Emitter } from '../../src/emitter.js';
import { systemRuntime } from '../../src/runtime.js';

class Door extends Emitter<{ opened: [by: string] }> {
  open(by: string): void {
    this.emit('opened', by);
  }
}

test('a listener hears what comes while it listens; one that was given to once(), the first', () => {
  const heard: string[] = [];
  const listener = (by: string): void => void heard.push(by);
  const door = new Door().on('opened', listener).once('opened', (by) => void heard.push(`first ${by}`));
  door.open('ada');
  door.open('ben');
  door.off('opened', listener).open('cem');
  assert.deepEqual(heard, ['ada', 'first ada', 'ben']);
});

test('what was given to once() is taken back by off(), as what was given to on()', () => {
  const heard: string[] = [];
  const listener = (by: string): void => void heard.push(by);
  new Door().once('opened', listener).off('opened', listener).open('ada');
  assert.deepEqual(heard, []);
});

test('a time that no timer can hold is a long one, and not none', (t) => {
  const delays: (number | undefined)[] = [];
  t.mock.method(globalThis, 'setTimeout', (_: () => void, delayMs?: number) => delays.push(delayMs));
  systemRuntime.after(2 ** 40, () => undefined);
  systemRuntime.after(7, () => undefined);
  assert.deepEqual(delays, [2 ** 31 - 1, 7]);
});
