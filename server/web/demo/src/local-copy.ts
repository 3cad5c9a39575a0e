// A copy of the document in this browser: the text is there before the network is, and edits made offline outlive the tab.
//
// Not the client's own store: that is for one client, or for tabs that share a connection, and here each window has an offline
// switch of its own, so that two windows side by side can be apart and come together.
import { IndexeddbPersistence } from 'y-indexeddb';
import type * as Y from 'yjs';
import type { Address } from './address';

/** A database that does not answer must not keep the document waiting. */
const patienceMs = 2_000;

function canOpen(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(name);
      request.onsuccess = () => {
        request.result.close();
        resolve(true);
      };
      request.onerror = request.onblocked = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}

/** Resolves when the copy has been read into `doc`: true when one is kept, false where the browser keeps none. */
export async function openLocalCopy(doc: Y.Doc, { space, document }: Address): Promise<boolean> {
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), patienceMs));
  if (!(await Promise.race([canOpen('weir-probe'), late]))) return false;
  const copy = new IndexeddbPersistence(`weir:${encodeURIComponent(space)}/${document}`, doc);
  return Promise.race([copy.whenSynced.then(() => true), late]);
}
