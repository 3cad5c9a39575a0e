// Waiting until nothing more can happen without time passing: what is in the event loop, and what WebCrypto and the
// compression streams do on other threads, for as long as it takes there. No number of turns is enough for those: on a busy
// machine a thread may be late.

type Operation = (...args: unknown[]) => Promise<unknown>;

let working = 0;

function count(prototype: object, names: string[]): void {
  const operations = prototype as Record<string, Operation>;
  for (const name of names) {
    const operation = operations[name]!;
    operations[name] = async function (...args) {
      working++;
      try {
        return await operation.apply(this, args);
      } finally {
        working--;
      }
    };
  }
}
count(Object.getPrototypeOf(crypto.subtle), ['decrypt', 'deriveKey', 'digest', 'encrypt', 'importKey']);
count(ReadableStreamDefaultReader.prototype, ['read']);

/** All that can happen without time passing has happened, but for what takes several turns of the event loop. */
export async function settled(): Promise<void> {
  let worked: boolean;
  do {
    worked = working > 0;
    await new Promise((resolve) => setImmediate(resolve));
  } while (worked || working > 0);
}

/** The same for what takes up to `turns` turns, such as messages between tabs, or writes of a store. */
export async function quiet(turns = 40): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await settled();
}
