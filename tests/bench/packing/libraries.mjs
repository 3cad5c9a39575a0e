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

function automerge (number) {
  const actor = (i) => Buffer.alloc(16, 0x5a + i).fill('weir', 3, 7).toString('hex')
  const first = Automerge.change(Automerge.init({ actor: actor(9) }), { time: 0 }, (draft) => { draft.text = '' })
  let doc = Automerge.clone(first, { actor: actor(number) })
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
