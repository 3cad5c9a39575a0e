// A process of its own that writes to a store on disk, for the tests to kill or to starve:
//
//   node file-writer.js FOLDER COUNT BYTES
//
// It says which delta is stored, one line each, or the name of the error that ended it.
import { openStore } from '../../src/node/index.js';
import type { Change } from '../../src/store/store.js';

const [folder = '', count = '0', size = '0'] = process.argv.slice(2);
try {
  const store = await openStore(folder);
  const kept = (await store.load('d')).outbox.length;
  for (let sequence = kept + 1; sequence <= kept + Number(count); sequence++) {
    const delta = {
      sequence,
      base: false,
      codec: 0,
      payload: new Uint8Array(Number(size)).fill(sequence),
      author: null,
    };
    const change: Change = { kind: 'queue', document: 'd', delta };
    await store.write([change]);
    process.stdout.write(`${sequence}\n`);
  }
  await store.close();
} catch (error) {
  process.stdout.write(`${(error as Error).name}\n`);
}
