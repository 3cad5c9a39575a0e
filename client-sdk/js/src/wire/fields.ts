// How every message is read: field by field, those that are not known skipped.

import { WireTypeMismatch, type Reader } from './reader.js';

/** Reads every field of a message: `read` returns false for one it does not know. */
export function fields(reader: Reader, read: (field: number) => boolean): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    try {
      if (!read(field)) reader.skip();
    } catch (error) {
      if (!(error instanceof WireTypeMismatch)) throw error;
      reader.skip();
    }
  }
}

type Scalar = { [method in 'uint' | 'uint64' | 'bool' | 'fixed64' | 'bytes' | 'string']: ReturnType<Reader[method]> };
/** Fields by number from 1 on: what each is called, and how it is read. */
type Plan<Event> = { [name in keyof Event]: { [method in keyof Scalar]: [name, Scalar[method] extends Event[name] ? method : never] }[keyof Scalar] }[keyof Event][];

/** Reads a message of plain fields into `event`, which has what counts when one is not there. */
export function readPlain<Event>(reader: Reader, event: Event, plan: Plan<Event>): Event {
  fields(reader, (field) => {
    const step = plan[field - 1];
    if (step === undefined) return false;
    event[step[0]] = reader[step[1]]() as never;
    return true;
  });
  return event;
}
