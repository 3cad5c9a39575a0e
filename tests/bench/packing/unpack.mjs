// How long the TypeScript decoder takes to unpack a whole history, in Node and in Chromium: node unpack.mjs PACKS...
//
// PACKS is what `pack_bench --packs` writes. Each is unpacked by the SDK (client-sdk/js), and every payload looked at: the first
// time with code that nothing has run yet, as a page does it that has just been loaded, then several times more. All that
// in several processes of Node and several pages, new ones each time: what is told is the median of the first times and the
// median of the later ones, and behind it the least. In brackets is what they took of the processor: the thread that
// unpacks (only Chromium tells), and the process, its compiler's and its garbage collector's threads included. On a machine
// that does nothing else the time that passes is the thread's and a little more; on a busy one compare what is in brackets.
// Chromium is the one that the browser tests use (WEIR_CHROMIUM, or `chromium` in the path; playwright-core from
// tests/browser); without it only Node.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { loadavg } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const sdk = join(here, '../../../client-sdk/js')
const fresh = 7 // processes, and pages
const times = 6 // in each

async function bundle () {
  const { build } = createRequire(join(sdk, 'package.json'))('esbuild')
  const { outputFiles } = await build({
    stdin: { contents: `export { unpack } from './src/pack.ts'`, resolveDir: sdk },
    bundle: true,
    minify: true,
    format: 'iife',
    globalName: 'weir',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0].text
}

/** Runs in either, once: then `run()` unpacks everything and tells how many records and milliseconds it took. */
function prepare (unpack, base64) {
  const raw = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  const packs = []
  for (let at = 0; at < raw.length;) {
    const size = new DataView(raw.buffer).getUint32(at, true)
    packs.push(raw.slice(at + 4, at += 4 + size))
  }
  globalThis.run = () => {
    const start = performance.now()
    const all = packs.map((pack) => unpack(pack))
    let bytes = 0
    for (const records of all) for (const { payload } of records) bytes += payload.length // as whoever applies them asks for each
    const ms = performance.now() - start
    if (bytes === 0) throw new Error('there is nothing in these packs')
    return { ms, records: all.reduce((sum, each) => sum + each.length, 0) }
  }
}

/** `run` is called again and again, and `used` asked what has been used of the processor so far. */
async function measure (run, used) {
  const taken = []
  for (let i = 0; i < times; i++) {
    const before = await used()
    const { ms, records } = await run()
    const after = await used()
    taken.push({ ms, records, thread: after.thread - before.thread, process: after.process - before.process })
  }
  return taken
}

async function inNode (script) {
  const child = fork(fileURLToPath(import.meta.url), ['--child'])
  const ask = async (what) => {
    child.send(what)
    return (await once(child, 'message'))[0]
  }
  await ask({ script })
  const measured = await measure(() => ask('run'), async () => ({ process: await ask('cpu') }))
  child.disconnect()
  return measured
}

/** The other process of inNode. */
function answer () {
  process.on('message', (what) => {
    if (what.script !== undefined) process.send((0, eval)(what.script) ?? null)
    else if (what === 'run') process.send(globalThis.run())
    else process.send((({ user, system }) => (user + system) / 1000)(process.cpuUsage()))
  })
}

async function inChromium (browser, script) {
  const context = await browser.newContext()
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Performance.enable')
  await page.evaluate(script)
  const used = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    const ms = (what) => 1000 * metrics.find(({ name }) => name === what).value
    return { thread: ms('ThreadTime'), process: ms('ProcessTime') }
  }
  const measured = await measure(() => page.evaluate('run()'), used)
  await context.close()
  return measured
}

async function chromium () {
  try {
    const executablePath = process.env.WEIR_CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim()
    const { chromium } = createRequire(join(here, '../../browser/package.json'))('playwright-core')
    const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync']
    return await chromium.launch({ executablePath, args })
  } catch (error) {
    console.error(`without Chromium: ${error.message.split('\n')[0]}`)
    return null
  }
}

/** In `fresh` processes or pages, one after another. */
async function repeated (once) {
  const all = []
  while (all.length < fresh) all.push(await once())
  return { first: all.map(([first]) => first), later: all.flatMap((taken) => taken.slice(2)) }
}

function row (path, where, when, taken) {
  const sorted = (what) => taken.map((each) => each[what]).sort((a, b) => a - b)
  const median = (what) => sorted(what)[taken.length >> 1].toFixed(0)
  const thread = where === 'Node' ? '' : `thread ${median('thread')}, `
  return `| ${basename(path, '.packs')} | ${taken[0].records} | ${where}, ${when} | ${median('ms')} ms, least ${sorted('ms')[0].toFixed(0)} ` +
    `| ${thread}process ${median('process')} |`
}

async function main () {
  const library = await bundle()
  const browser = await chromium()
  console.log(`Load of the machine: ${loadavg()[0].toFixed(1)}\n`)
  console.log('| packs | records | | time | of the processor, ms |\n|---|---|---|---|---|')
  for (const path of process.argv.slice(2)) {
    const script = `${library}; (${prepare})(weir.unpack, ${JSON.stringify(readFileSync(path).toString('base64'))})`
    const measured = { Node: await repeated(() => inNode(script)) }
    if (browser !== null) measured.Chromium = await repeated(() => inChromium(browser, script))
    for (const [where, { first, later }] of Object.entries(measured))
      console.log(`${row(path, where, 'first', first)}\n${row(path, where, 'later', later)}`)
  }
  await browser?.close()
}

if (process.argv[2] === '--child') answer()
else await main()
