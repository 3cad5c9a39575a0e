// Documents of numbered entries, `write(name, number)` and `entries()`, in Automerge and in Loro.
import { AutomergeDocument, AutomergeProvider, LoroDoc, LoroProvider } from './sdk.mjs';

export const numbered = {
  Automerge(client, document) {
    const handle = new AutomergeDocument();
    return {
      synced: new AutomergeProvider(client, document, handle),
      write: (name, number) => handle.change((doc) => void (doc[name] = number)),
      entries: () => Object.entries(handle.doc()),
    };
  },
  Loro(client, document) {
    const doc = new LoroDoc();
    const map = doc.getMap('entries');
    return {
      synced: new LoroProvider(client, document, doc),
      write(name, number) {
        map.set(name, number);
        doc.commit();
      },
      entries: () => map.entries(),
    };
  },
};
