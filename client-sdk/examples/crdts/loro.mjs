// A shopping list in Loro.
import { run } from './program.mjs';
import { LoroDoc, LoroProvider } from './sdk.mjs';

await run('shopping-loro', (client, document) => {
  const doc = new LoroDoc();
  const items = doc.getMap('items');
  const write = (step) => {
    step();
    doc.commit(); // now it is a delta
  };
  return {
    synced: new LoroProvider(client, document, doc),
    add: (item) => write(() => items.set(item, true)),
    remove: (item) => write(() => items.delete(item)),
    all: () => items.keys().sort(),
    onchange: (show) => doc.subscribe(show),
  };
});
