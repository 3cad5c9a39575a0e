// A shopping list in Automerge.
import { run } from './program.mjs';
import { Automerge, AutomergeDocument, AutomergeProvider } from './sdk.mjs';

/** The same for everybody, to the byte: whose list is begun twice, sees one of them. */
const first = Automerge.save(Automerge.change(Automerge.init('00'), { time: 0 }, (doc) => void (doc.items = {})));

await run('shopping-automerge', (client, document) => {
  const shopping = new AutomergeDocument(Automerge.load(first));
  return {
    synced: new AutomergeProvider(client, document, shopping),
    add: (item) => shopping.change((doc) => void (doc.items[item] = true)),
    remove: (item) => shopping.change((doc) => void delete doc.items[item]),
    all: () => Object.keys(shopping.doc().items).sort(),
    onchange: (show) => shopping.on('heads-changed', show),
  };
});
