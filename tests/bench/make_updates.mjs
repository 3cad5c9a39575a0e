// Genuine Yjs updates, one for each keystroke, as a browser would send them.
//
//   makeUpdates('updates.bin', { count: 1000000 })                       a synthetic typing trace
//   makeUpdates('updates.bin', { count: 1000000, trace: 'paper.json.gz' })
//
// A trace is an editing trace in the format of github.com/josephg/editing-traces: `txns`, each with `patches` of
// [position, deleted, inserted]; with `kind: "concurrent"` each also has `parents` and an `agent`. The file made is a row
// of (32-bit little-endian length, update).
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'

// A typical client id: a random 32-bit number, five bytes in an update. The same ones each time, so that runs compare.
const clientId = (number) => 2_718_281_828 + number * 314_159

// mulberry32: the synthetic trace is the same on every machine.
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Someone writes: words, now and then a correction, now and then elsewhere in the text. Yields [position, deleted, inserted]. */
export function * typing(count) {
  const random = randomFrom(1)
  const letters = 'etaoinshrdlucmfwypvbgkjqxz'
  let length = 0
  let cursor = 0
  for (let made = 0; made < count; made++) {
    const what = random()
    if (what < 0.005) cursor = Math.floor(random() * (length + 1))
    if (what > 0.92 && cursor > 0) {
      yield [--cursor, 1, '']
      length--
    } else {
      yield [cursor++, 0, random() < 0.17 ? ' ' : letters[Math.floor(random() ** 2 * letters.length)]]
      length++
    }
  }
}

function patch(text, [position, deleted, inserted]) {
  if (deleted > 0) text.delete(position, deleted)
  if (inserted.length > 0) text.insert(position, inserted)
}

/** A document that calls `made` with the update of each of its own transactions. */
function writer(number, made) {
  const doc = new Y.Doc()
  doc.clientID = clientId(number)
  doc.on('update', (update, origin) => { if (origin !== 'other') made(update) })
  return doc
}

class Enough extends Error {}

function fromPatches(patches, made) {
  const doc = writer(0, made)
  const text = doc.getText('text')
  for (const each of patches) doc.transact(() => patch(text, each))
  return text
}

/** One document for each agent, which knows what that agent knew: the ancestors of the transaction it makes. */
function fromGraph(txns, made) {
  const updates = txns.map(() => [])
  const agents = new Map()
  let current = 0
  for (const [index, txn] of txns.entries()) {
    current = index
    let agent = agents.get(txn.agent)
    if (agent === undefined) {
      const doc = writer(agents.size, (update) => {
        updates[current].push(update)
        made(update)
      })
      agents.set(txn.agent, agent = { doc, known: new Set() })
    }
    const missing = []
    const visit = [...txn.parents]
    while (visit.length > 0) {
      const parent = visit.pop()
      if (agent.known.has(parent)) continue
      agent.known.add(parent)
      missing.push(parent)
      visit.push(...txns[parent].parents)
    }
    for (const parent of missing.sort((left, right) => left - right)) {
      for (const update of updates[parent]) Y.applyUpdate(agent.doc, update, 'other')
    }
    const text = agent.doc.getText('text')
    for (const each of txn.patches) agent.doc.transact(() => patch(text, each))
    agent.known.add(index)
  }
}

/** Writes at most `count` updates; returns how many there are and their mean size. */
export function makeUpdates(file, { count, trace }) {
  const out = openSync(file, 'w')
  let chunks = []
  let held = 0
  let made = 0
  let bytes = 0
  const flush = () => {
    if (held > 0) writeSync(out, Buffer.concat(chunks))
    chunks = []
    held = 0
  }
  const take = (update) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(update.length)
    chunks.push(length, update)
    held += update.length + 4
    bytes += update.length
    if (held > 1 << 20) flush()
    if (++made === count) throw new Enough()
  }
  try {
    if (trace === undefined) {
      fromPatches(typing(count), take)
    } else {
      const raw = readFileSync(trace)
      const parsed = JSON.parse(raw[0] === 0x1f ? gunzipSync(raw) : raw)
      if (!Array.isArray(parsed.txns)) throw new Error(`${trace} is no editing trace: it has no txns`)
      if (parsed.kind === 'concurrent') {
        fromGraph(parsed.txns, take)
      } else {
        const text = fromPatches(parsed.txns.flatMap((txn) => txn.patches), take)
        if (text.toString() !== parsed.endContent) throw new Error(`${trace}: its patches do not give its endContent`)
      }
    }
  } catch (error) {
    if (!(error instanceof Enough)) throw error
  } finally {
    flush()
    closeSync(out)
  }
  return { count: made, bytesMean: bytes / made }
}
