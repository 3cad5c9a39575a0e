// The three libraries behind one face: an editor of one text, whose `edit` gives the deltas that it would publish.
import * as Automerge from '@automerge/automerge'
import { LoroDoc } from 'loro-crdt'
import * as Y from 'yjs'

function yjs (number) {
  const doc = new Y.Doc()
  doc.clientID = 2_718_281_828 + number * 314_159 // as random ones are: five bytes in an update
  let made = []
  doc.on('update', (update, origin) => { if (origin !== 'other') made.push(update) })
  const text = doc.getText('text')
  return {
    edit ([position, deleted, inserted]) {
      made = []
      doc.transact(() => {
        if (deleted > 0) text.delete(position, deleted)
        if (inserted.length > 0) text.insert(position, inserted)
      })
      return made
    },
    apply (delta) { Y.applyUpdate(doc, delta, 'other') },
    text: () => text.toString(),
  }
}

function loro (number) {
  const doc = new LoroDoc()
  doc.setPeerId(0x1234_5678_9abc_def0n + BigInt(number) * 0x0101_0101_0101n)
  let made = []
  doc.subscribeLocalUpdates((update) => { made.push(update) })
  const text = doc.getText('text')
  return {
    edit ([position, deleted, inserted]) {
      made = []
      if (deleted > 0) text.delete(position, deleted)
      if (inserted.length > 0) text.insert(position, inserted)
      doc.commit()
      return made
    },
    apply (delta) { doc.import(delta) },
    text: () => text.toString(),
  }
}

const actor = (i) => Buffer.alloc(16, 0x5a + i).fill('weir', 3, 7).toString('hex')

/** What all Automerge documents begin with: the empty text. It is published by nobody. */
function begun () {
  return Automerge.change(Automerge.init({ actor: actor(9) }), { time: 0 }, (draft) => { draft.text = '' })
}

function automerge (number) {
  let doc = Automerge.clone(begun(), { actor: actor(number) })
  return {
    edit ([position, deleted, inserted]) {
      doc = Automerge.change(doc, { time: 0 }, (draft) => { Automerge.splice(draft, ['text'], position, deleted, inserted) })
      const made = Automerge.getLastLocalChange(doc)
      return made === undefined ? [] : [made]
    },
    apply (delta) { [doc] = Automerge.applyChanges(doc, [delta]) },
    text: () => doc.text,
  }
}

export const libraries = { yjs, loro, automerge }

/**
 * What a library makes of all deltas of a document. `snapshot`: what a client would give as a snapshot; `best`: the bytes of its
 * smallest encoding of the whole state, as the library writes it.
 */
export const states = {
  yjs (deltas) {
    const doc = new Y.Doc()
    doc.transact(() => { for (const delta of deltas) Y.applyUpdate(doc, delta) })
    const snapshot = Y.encodeStateAsUpdate(doc)
    return { snapshot, best: Math.min(snapshot.length, Y.encodeStateAsUpdateV2(doc).length) }
  },
  loro (deltas) {
    const doc = new LoroDoc()
    doc.importBatch(deltas)
    const snapshot = doc.export({ mode: 'snapshot' })
    return { snapshot, best: Math.min(snapshot.length, doc.export({ mode: 'update' }).length) }
  },
  automerge (deltas) {
    const [doc] = Automerge.applyChanges(begun(), deltas)
    const snapshot = Automerge.save(doc)
    return { snapshot, best: snapshot.length }
  },
}
