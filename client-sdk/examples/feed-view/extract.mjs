// What the view shows of a document: the part that you change. After a change raise `version`, and make the view anew
// beside the one that is in use (README.md says how).
import * as Y from 'yjs';

export const version = 1;

/** The state of a document after some more deltas, as bytes that are kept. The deltas are Yjs updates. */
export function merge(state, deltas) {
  return Y.mergeUpdates(state === null ? deltas : [state, ...deltas]);
}

/** The text to be found. Every top-level text of the document counts. */
export function textOf(state) {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  const texts = [];
  for (const name of [...doc.share.keys()].sort()) texts.push(doc.getText(name).toString());
  doc.destroy();
  return texts.join('\n');
}
