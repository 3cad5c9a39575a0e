// What a newcomer is sent, and what a document with snapshots costs: node newcomer.mjs STREAM...
//
// `store_bench --keep` makes a compacted store of each stream; the real relay serves it. The TypeScript client reads the
// document from its start, with packs and without. Then one client makes a snapshot and another verifies it, as they do by
// themselves in life, and newcomers read that. Counted is what WebSocket messages bring, all of it. On disk it is the
// folder after `weir docs compact`, as `du` counts it, without what an empty store takes: with the whole history and a
// snapshot, and when the records behind two verified snapshots have gone.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import WebSocket from '../../integration/node_modules/ws/wrapper.mjs'
import { relayBinary, startRelay } from '../../integration/relay.mjs'
import { WeirClient } from '../../../client-sdk/js/dist/index.js'
import { packDecoder } from '../../../client-sdk/js/dist/pack.js'
import { snapshotter } from '../../../client-sdk/js/dist/snapshotter.js'
import { until } from '../../integration/until.mjs'
import { states } from './libraries.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values: options, positionals: streams } = parseArgs({
  allowPositionals: true,
  options: { programs: { type: 'string', default: join(here, '../../../build/release/tests/bench') } },
})
const space = 'bench'
const document = 'document'

/** A client, and the session of its document; `seen` counts. */
function enter (relay, clientOptions = {}, subscribeOptions = {}) {
  const seen = { bytes: 0, records: 0, snapshots: 0, attested: [] }
  class Counting extends WebSocket {
    constructor (url, protocols) {
      super(url, protocols)
      this.on('message', (data) => { seen.bytes += data.byteLength })
    }
  }
  const client = new WeirClient({ url: relay.url, space, webSocket: Counting, ...clientOptions })
  const session = client.subscribe(document, subscribeOptions)
  session.on('records', (some) => { seen.records += some.length })
  session.on('snapshot', () => { seen.snapshots++ })
  session.on('attested', (about) => { seen.attested.push(about) })
  session.on('error', (error) => { throw error })
  return { client, session, seen }
}

/** What comes to somebody who reads the document from its start. */
async function newcomer (relay, clientOptions, subscribeOptions) {
  const { client, session, seen } = enter(relay, clientOptions, subscribeOptions)
  await session.whenCaughtUp()
  await client.close()
  return seen
}

/** Reads everything as records, and can make a snapshot of it with the library. */
async function member (relay, library) {
  const deltas = []
  let state = null
  const make = () => {
    state ??= states[library](deltas)
    return { bytes: state.snapshot, codec: 0, fidelity: 'lossless' }
  }
  const one = enter(relay, { packs: packDecoder }, { snapshotter: snapshotter({ make, compare: () => 'unknown' }) })
  one.session.on('records', (some) => {
    state = null
    for (const { payload } of some) if (payload?.length > 0) deltas.push(payload)
  })
  await one.session.whenCaughtUp()
  return Object.assign(one, { best: () => { make(); return state.best }, snapshot: () => make().bytes.length })
}

/** One makes a snapshot, another says that it is right. Their sizes: as the client made it, and the library's smallest. */
async function snapshot (relay, library) {
  const maker = await member(relay, library)
  const { offset } = await maker.session.offerSnapshot()
  const verifier = await member(relay, library) // whoever comes is asked about it
  await until('the snapshot is verified', () => verifier.seen.attested.some((one) => one.offset === offset && one.valid))
  await until('it is served as verified', async () => {
    const pages = verifier.client.history(document)
    const { value } = await pages.next()
    await pages.return()
    return value.snapshots.some((one) => one.offset === offset && one.verified)
  })
  const sizes = { made: maker.snapshot(), best: maker.best() }
  await Promise.all([maker.client.close(), verifier.client.close()])
  return sizes
}

function diskBytes (folder) {
  return Number(execFileSync('du', ['-s', '-B1', folder], { encoding: 'utf8' }).split('\t')[0])
}

/** The stopped relay's store, compacted. */
function compacted (relay) {
  execFileSync(relayBinary(), ['docs', 'compact', space, document, '--data', relay.data], { stdio: ['ignore', 'ignore', 'inherit'] })
  return diskBytes(join(relay.data, 'log'))
}

const settings = { 'snapshots.ask': 'true', 'snapshots.serve_unverified_after': '365d', 'retention.grace': '0s', 'retention.interval': '1s' }

async function emptyStore () {
  const relay = await startRelay()
  try {
    await relay.stop()
    return diskBytes(join(relay.data, 'log'))
  } finally {
    await relay.end()
  }
}

async function measure (stream, emptyBytes) {
  const library = ['yjs', 'loro', 'automerge'].find((name) => basename(stream).includes(`-${name}`))
  const relay = await startRelay(settings)
  try {
    await relay.kill()
    execFileSync(join(options.programs, 'store_bench'), ['--keep', join(relay.data, 'log'), stream], { stdio: 'inherit' })
    await relay.start()
    const [packed, plain] = [await newcomer(relay, { packs: packDecoder }), await newcomer(relay)]
    assert.equal(packed.records, plain.records)

    const { made, best } = await snapshot(relay, library)
    const taken = await newcomer(relay, { packs: packDecoder }, { snapshots: true })
    const takenPlain = await newcomer(relay, {}, { snapshots: true })
    for (const one of [taken, takenPlain]) assert.deepEqual([one.snapshots, one.records], [1, 0])
    await relay.stop()
    const whole = compacted(relay) - emptyBytes

    // A second one, behind an empty record; then what lies before the first may go.
    relay.settings.push('--set', 'retention.keep=since-snapshot')
    await relay.start()
    const writer = enter(relay)
    await writer.session.publish(new Uint8Array(0))
    await writer.client.close()
    await snapshot(relay, library)
    await until('the records have gone', async () => {
      const { client } = enter(relay, {}, { from: 'live' })
      const { value } = await client.history(document, { snapshots: false }).next()
      await client.close()
      return value.cut > 0
    })
    await relay.stop()
    const cut = compacted(relay) - emptyBytes
    const count = plain.records
    const each = (bytes) => (bytes / count).toFixed(3)
    return {
      sent: [basename(stream, '.bin'), count, each(packed.bytes), each(plain.bytes), each(taken.bytes), each(takenPlain.bytes), each(best),
        (taken.bytes / best).toFixed(2)],
      kept: [basename(stream, '.bin'), count, made, each(whole), each(cut)],
    }
  } finally {
    await relay.end()
  }
}

const row = (cells) => `| ${cells.join(' | ')} |`
const kept = []
const emptyBytes = await emptyStore()
console.log('| stream | deltas | with packs | without | snapshot and packs | snapshot | the library\'s best state | of that |\n|---|---|---|---|---|---|---|---|')
for (const stream of streams) {
  const rows = await measure(stream, emptyBytes)
  console.log(row(rows.sent))
  kept.push(row(rows.kept))
}
console.log('\n| stream | deltas | bytes of the snapshot | history and a snapshot | two snapshots, what they stand for cut |\n|---|---|---|---|---|')
for (const one of kept) console.log(one)
