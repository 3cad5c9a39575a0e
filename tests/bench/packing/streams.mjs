// Streams of records for pack_bench: the deltas that a CRDT library makes for each keystroke of an editing trace.
//
//   node streams.mjs --trace paper.json.gz --library yjs --out paper-yjs.bin [--count N] [--encrypted]
//
// Without --trace (or WEIR_TRACES, a folder with automerge-paper.json.gz) the typing is synthetic. A trace is one of
// github.com/josephg/editing-traces. The file is a row of
//
//   | u32 size of the payload | u32 producer | u32 time in seconds | payload |                  integers little-endian
//
// --encrypted: in place of each payload as many random bytes and 28 more, which is what AES-GCM makes of it.
// Traces have no usable times; these are made: someone who types five keys a second, with pauses.
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { libraries } from './libraries.mjs'
import { clock, typing } from './typing.mjs'

const { values: options } = parseArgs({
  options: {
    trace: { type: 'string' },
    library: { type: 'string', default: 'yjs' },
    out: { type: 'string' },
    count: { type: 'string', default: '1000000' },
    encrypted: { type: 'boolean', default: false },
  },
})
if (options.out === undefined || libraries[options.library] === undefined) {
  console.error(`usage: streams.mjs --library ${Object.keys(libraries).join('|')} --out FILE [--trace FILE] [--count N]`)
  process.exit(2)
}

function transactions () {
  const known = process.env.WEIR_TRACES && join(process.env.WEIR_TRACES, 'automerge-paper.json.gz')
  const path = options.trace ?? (known && existsSync(known) ? known : undefined)
  if (path === undefined) return { txns: [...typing(Number(options.count))].map((patch) => ({ patches: [patch] })) }
  const raw = readFileSync(path)
  const parsed = JSON.parse(raw[0] === 0x1f ? gunzipSync(raw) : raw)
  if (!Array.isArray(parsed.txns)) throw new Error(`${path} is no editing trace: it has no txns`)
  return parsed
}

const out = openSync(options.out, 'w')
let chunks = []
let held = 0
const flush = () => {
  if (held > 0) writeSync(out, Buffer.concat(chunks))
  chunks = []
  held = 0
}
const next = clock()
const { kind, txns, endContent } = transactions()
const concurrent = kind === 'concurrent'
const deltas = txns.map(() => [])
const agents = new Map()
const left = { count: Number(options.count), bytes: 0, made: 0 }

function take (index, producer, delta) {
  if (concurrent) deltas[index].push(delta)
  if (options.encrypted) delta = randomBytes(delta.length + 28)
  const head = Buffer.alloc(12)
  head.writeUInt32LE(delta.length, 0)
  head.writeUInt32LE(producer, 4)
  head.writeUInt32LE(next(), 8)
  chunks.push(head, delta)
  held += delta.length + 12
  left.bytes += delta.length
  left.made++
  if (held > 1 << 20) flush()
}

/** What the author of `txn` does not know yet: its ancestors, oldest first. */
function missing (txn, known) {
  const found = []
  const visit = [...(txn.parents ?? [])]
  while (visit.length > 0) {
    const parent = visit.pop()
    if (known.has(parent)) continue
    known.add(parent)
    found.push(parent)
    visit.push(...txns[parent].parents)
  }
  return found.sort((a, b) => a - b)
}

for (const [index, txn] of txns.entries()) {
  if (left.made >= left.count) break
  const name = txn.agent ?? 0
  let agent = agents.get(name)
  if (agent === undefined) {
    agent = { known: new Set(), editor: libraries[options.library](agents.size), number: agents.size }
    agents.set(name, agent)
  }
  if (concurrent) {
    for (const parent of missing(txn, agent.known)) {
      for (const delta of deltas[parent]) agent.editor.apply(delta)
    }
    agent.known.add(index)
  }
  for (const patch of txn.patches) {
    for (const delta of agent.editor.edit(patch)) take(index, agent.number, delta)
  }
}
flush()
closeSync(out)
const text = agents.get(txns[0].agent ?? 0).editor.text()
if (!concurrent && endContent !== undefined && left.made < left.count && text !== endContent) {
  throw new Error('the patches do not give the endContent of the trace')
}
console.log(`${left.made} deltas, ${(left.bytes / left.made).toFixed(2)} bytes each`)
