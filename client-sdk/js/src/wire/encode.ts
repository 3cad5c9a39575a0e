// Client events to bytes: one event as a complete ClientFrame. Frames may be concatenated; that merges them.

import type { ClientEvent, Cursor, Delta } from './events.js';
import { Writer } from './writer.js';

type Scalar = 'uint' | 'uint64' | 'bool' | 'fixed64' | 'bytes' | 'string' | 'packed';
type Write<Kind> =
  | { [method in Scalar]: Kind extends Parameters<Writer[method]>[1] ? method : never }[Scalar]
  | ((out: Writer, field: number, value: Kind) => void);
/** Fields 1, 2, ...: what each is called, and how it is written. What is not named is not sent. */
type Plan<Message> = { [name in Exclude<keyof Message, 'kind'>]?: Write<Message[name]> };

/** Writes such messages. */
function message<Message>(plan: Plan<Message>): (of: Message) => Writer {
  const steps = Object.entries(plan) as [keyof Message, Scalar | ((out: Writer, field: number, value: unknown) => void)][];
  return (of) => {
    const out = new Writer();
    steps.forEach(([name, how], i) => {
      if (typeof how === 'function') how(out, i + 1, of[name]);
      else out[how](i + 1, of[name] as never);
    });
    return out;
  };
}

const cursor = message<Cursor>({ epoch: 'fixed64', offset: 'uint', chain: 'bytes' });
const delta = message<Delta>({ codec: 'uint', payload: 'bytes' });

/** By the field that each has in an event. */
const events: { [kind in ClientEvent['kind']]: [field: number, plan: Plan<Extract<ClientEvent, { kind: kind }>>] } = {
  hello: [
    1,
    { protocolVersion: 'uint', producer: 'bytes', token: 'string', packs: 'packed', makesSnapshots: 'bool', client: 'string' },
  ],
  subscribe: [
    2,
    {
      request: 'uint',
      space: 'string',
      document: 'string',
      from: 'uint',
      cursor: (out, field, at) => at !== null && out.message(field, cursor(at)),
      presence: 'bool',
      snapshots: 'bool',
      recreate: 'bool',
    },
  ],
  unsubscribe: [3, { document: 'uint' }],
  publish: [
    4,
    {
      document: 'uint',
      epoch: 'fixed64',
      firstSequence: 'uint',
      deltas: (out, field, deltas) => deltas.forEach((one) => out.message(field, delta(one))),
      base: 'bool',
    },
  ],
  presence: [5, { document: 'uint', data: 'bytes' }],
  pong: [6, { nonce: 'uint64' }],
  snapshotOffer: [
    7,
    {
      document: 'uint',
      epoch: 'fixed64',
      offset: 'uint',
      chain: 'bytes',
      hash: 'bytes',
      size: 'uint',
      codec: 'uint',
      fidelity: 'uint',
    },
  ],
  snapshotChunk: [8, { document: 'uint', position: 'uint', data: 'bytes', last: 'bool' }],
  attest: [9, { document: 'uint', offset: 'uint', hash: 'bytes', valid: 'bool' }],
  readHistory: [
    10,
    {
      request: 'uint',
      space: 'string',
      document: 'string',
      after: 'uint',
      asOfOffset: 'uint',
      asOfTime: 'uint',
      snapshots: 'bool',
    },
  ],
  readSnapshot: [
    11,
    { request: 'uint', space: 'string', document: 'string', offset: 'uint', hash: 'bytes', position: 'uint' },
  ],
};

export function encodeClientEvent(event: ClientEvent): Uint8Array {
  const [field, plan] = events[event.kind];
  const body = message(plan as Plan<ClientEvent>)(event);
  return new Writer().message(1, new Writer().message(field, body)).finish();
}
