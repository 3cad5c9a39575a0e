// How every message is read: field by field, those that are not known skipped. What a message has is said once, in the order of
// its field numbers:
//
//   const decodeCut = message<Cut>({ kind: 'cut' }, { document: 'uint', offset: 'uint' });

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
/** A field that may come several times: adds what comes to those before. */
type Repeated<Kind> = (reader: Reader, into: Kind[]) => void;
type Read<Kind> =
  | { [method in keyof Scalar]: Scalar[method] extends Kind ? method : never }[keyof Scalar]
  | (Kind extends (infer One)[] ? Repeated<One> : never);
/** Fields 1, 2, ...: what each is called, and how it is read. */
type Plan<Message> = { [name in Exclude<keyof Message, 'kind'>]: Read<Message[name]> };

/** Of a field that is not there. */
const absent: Scalar = { uint: 0, uint64: 0n, bool: false, fixed64: 0n, bytes: new Uint8Array(0), string: '' };

/** Reads such messages; `of` is what stands in none of their fields. */
export function message<Message>(of: Partial<Message>, plan: Plan<Message>): (reader: Reader) => Message {
  const steps = Object.entries(plan) as [keyof Message, keyof Scalar | Repeated<unknown>][];
  const blank = { ...of };
  const lists = steps.flatMap(([name, how]) => (typeof how === 'function' ? [name] : []));
  for (const [name, how] of steps) if (typeof how === 'string') blank[name] = absent[how] as never;
  return (reader) => {
    const read = { ...blank } as Message;
    for (const name of lists) read[name] = [] as never;
    fields(reader, (field) => {
      const step = steps[field - 1];
      if (step === undefined) return false;
      const [name, how] = step;
      if (typeof how === 'function') how(reader, read[name] as unknown[]);
      else read[name] = reader[how]() as never;
      return true;
    });
    return read;
  };
}

/** A repeated message. */
export function listOf<One>(decode: (reader: Reader) => One): Repeated<One> {
  return (reader, into) => into.push(decode(reader.message()));
}
