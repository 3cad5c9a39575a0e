// A reader of an encrypted document, to whom a test plays the relay, and a ledger for it to lie about.
import assert from 'node:assert/strict';

import type { WeirClientOptions } from '../../src/client-options.js';
import type { DocumentSession, SubscribeOptions } from '../../src/document.js';
import type { WeirError } from '../../src/errors.js';
import { Ledger, sealed } from './author.js';
import { answerSubscribe, scene, welcome, type Scene } from './conversation.js';
import { type Event, type FakeSocket } from './network.js';
import { quiet } from './settled.js';

export const ada = 'aa'.repeat(16);
export const bob = 'bb'.repeat(16);
export const eve = 'ee'.repeat(16);
export const own = '01'.repeat(16); // of the first client of a scene

export const hex = (payload: Uint8Array | null): string => Buffer.from(payload ?? []).toString('hex');
export interface Reader extends Scene {
  session: DocumentSession;
  read: string[];
  errors: WeirError[];
  socket: FakeSocket;
  hear(...events: Event[]): Promise<void>;
}

export async function reader(options: SubscribeOptions = { encryption: sealed() }, client: Partial<WeirClientOptions> = {}): Promise<Reader> {
  const stage = scene(client);
  const session = stage.client.subscribe('d', options);
  const read: string[] = [];
  const errors: WeirError[] = [];
  session.on('records', (all) => read.push(...all.map(({ payload }) => hex(payload))));
  session.on('error', (error) => errors.push(error));
  await welcome(stage.network);
  const socket = stage.network.last;
  await answerSubscribe(socket, { head: 99 });
  const hear = async (...events: Event[]): Promise<void> => {
    socket.say(...events);
    await quiet();
  };
  return { ...stage, session, read, errors, socket, hear };
}

export async function ledger(): Promise<Ledger> {
  const there = new Ledger();
  await there.write(ada, 1, ['a1']);
  await there.write(bob, 1, ['b1', 'b2']);
  await there.write(ada, 2, ['a2']);
  await there.write(bob, 2, ['b3']);
  return there;
}

/** It ended by this error, and stands before what was wrong. */
export function endedBy(at: Reader, Named: new (...args: never[]) => WeirError, offset: number): void {
  assert.equal(at.errors.length, 1, at.errors.map(String).join('; '));
  assert.ok(at.errors[0] instanceof Named, String(at.errors[0]));
  assert.match(at.errors[0].message, /^s\/d: /);
  assert.equal(at.session.cursor?.offset ?? 0, offset);
  assert.deepEqual(
    at.socket.take().map((event) => Object.keys(event)[0]),
    ['unsubscribe'],
  );
}
