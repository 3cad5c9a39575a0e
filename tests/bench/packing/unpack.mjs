// How long the TypeScript decoder takes to unpack a whole history, in Node and in Chromium: node unpack.mjs PACKS...
//
// PACKS is what `pack_bench --packs` writes. Each is unpacked eight times by the SDK (client-sdk/js), and every payload looked at: the first time with
// code that nothing has run yet, as a page does it; then the median of the others. In brackets is what the process used of
// the processor, its compiler's and its garbage collector's threads included: on a machine that does nothing else it is
// more than the time that passes, on a busy one less. Chromium is the one that the
// browser tests use (WEIR_CHROMIUM, or `chromium` in the path; playwright-core from tests/browser); without it only Node.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const sdk = join(here, '../../../client-sdk/js')
const times = 8

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

/** `run` is called again and again, and `cpuMs` asked what the process has used so far. */
async function measure (run, cpuMs) {
  const taken = []
  for (let i = 0; i < times; i++) {
    const before = await cpuMs()
    const { ms, records } = await run()
    taken.push({ ms, records, cpu: await cpuMs() - before })
  }
  const [first, ...later] = taken
  return { first, later: later.sort((a, b) => a.cpu - b.cpu)[(times - 2) >> 1] }
}

async function inNode (script) {
  const child = fork(fileURLToPath(import.meta.url), ['--child'])
  const ask = async (what) => {
    child.send(what)
    return (await once(child, 'message'))[0]
  }
  await ask({ script })
  const measured = await measure(() => ask('run'), () => ask('cpu'))
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
  const cpuMs = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return 1000 * metrics.find(({ name }) => name === 'ProcessTime').value
  }
  const measured = await measure(() => page.evaluate('run()'), cpuMs)
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

async function main () {
  const library = await bundle()
  const browser = await chromium()
  console.log('| packs | records | Node, first | later | Chromium, first | later |\n|---|---|---|---|---|---|')
  for (const path of process.argv.slice(2)) {
    const script = `${library}; (${prepare})(weir.unpack, ${JSON.stringify(readFileSync(path).toString('base64'))})`
    // A process and a page of its own each, so that none finds what another has made the engine compile.
    const measured = [await inNode(script)]
    if (browser !== null) measured.push(await inChromium(browser, script))
    const columns = measured.flatMap(({ first, later }) => [first, later])
      .map(({ ms, cpu }) => `${ms.toFixed(0)} ms (${cpu.toFixed(0)})`)
    console.log(`| ${basename(path, '.packs')} | ${measured[0].first.records} | ${columns.join(' | ')} |`)
  }
  await browser?.close()
}

if (process.argv[2] === '--child') answer()
else await main()
