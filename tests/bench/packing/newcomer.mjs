// What a newcomer is sent: node newcomer.mjs STREAM...
//
// `store_bench --keep` makes a compacted store of each stream; the real relay serves it, and the TypeScript client reads the
// document from its start: once with packs, once without. Counted is what WebSocket messages bring, all of it: hello, packs,
// whatever is asked in between. A column for newcomers who take a snapshot first belongs behind these two.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import WebSocket from '../../integration/node_modules/ws/wrapper.mjs'
import { startRelay } from '../../integration/relay.mjs'
import { packDecoder, WeirClient } from '../../integration/sdk.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values: options, positionals: streams } = parseArgs({
  allowPositionals: true,
  options: { programs: { type: 'string', default: join(here, '../../../build/release/tests/bench') } },
})

/** Reads the whole document; the bytes that came, and how many records. */
async function newcomer (relay, packs) {
  let bytes = 0
  class Counting extends WebSocket {
    constructor (url, protocols) {
      super(url, protocols)
      this.on('message', (data) => { bytes += data.byteLength })
    }
  }
  const client = new WeirClient({ url: relay.url, space: 'bench', webSocket: Counting, ...(packs ? { packs: packDecoder } : {}) })
  try {
    const session = client.subscribe('document')
    let records = 0
    session.on('records', (some) => { records += some.length })
    session.on('error', (error) => { throw error })
    await session.whenCaughtUp()
    return { bytes, records }
  } finally {
    client.close()
  }
}

console.log('| stream | deltas | with packs | without |\n|---|---|---|---|')
for (const stream of streams) {
  const relay = await startRelay()
  try {
    await relay.kill()
    execFileSync(join(options.programs, 'store_bench'), ['--keep', join(relay.data, 'log'), stream], { stdio: 'inherit' })
    await relay.start()
    const [packed, plain] = [await newcomer(relay, true), await newcomer(relay, false)]
    assert.equal(packed.records, plain.records)
    const each = ({ bytes, records }) => (bytes / records).toFixed(3)
    console.log(`| ${basename(stream, '.bin')} | ${packed.records} | ${each(packed)} | ${each(plain)} |`)
  } finally {
    await relay.end()
  }
}
