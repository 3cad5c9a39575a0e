// ./dev bench: the same load against weir and y-websocket-server, in one run, as one table.
//
// For each row and load: start a server fresh, run weir_bench against it, stop it; then the next server. Systems take
// turns within a row, so that a machine that is busy with something else for a minute does not favour one of them.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeUpdates } from './make_updates.mjs'
import { packageVersion, running, startServer } from './servers.mjs'
import { legend, table } from './table.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

// steady: updates a second and document, far below what the slowest of them can do. window: updates in flight, a document.
// In 1→50/N an author publishes N updates together: 100 times a second, or, saturated, when the last N are everywhere.
const bursts = (burst) => ({ documents: 1, subscribers: 50, steady: 100 * burst, window: burst, burst, systems: ['weir, native', 'weir, gRPC'] })
// The other rows.
const others = ['weir, native', 'weir, y-websocket', 'y-websocket-server']
const rows = {
  '1→1': { documents: 1, subscribers: 1, steady: 200, window: 256 },
  '1→10': { documents: 1, subscribers: 10, steady: 200, window: 256 },
  '1→100': { documents: 1, subscribers: 100, steady: 50, window: 256 },
  '50×4': { documents: 50, subscribers: 4, steady: 10, window: 32 },
  '1→50/1': bursts(1),
  '1→50/8': bursts(8),
  '1→50/64': bursts(64)
}
const systems = {
  'weir, native': { server: 'weir', protocol: 'native', path: '/', durable: true },
  'weir, gRPC': { server: 'weir', protocol: 'grpc', path: '/', durable: true },
  'weir, y-websocket': { server: 'weir', protocol: 'yjs', path: '/yjs/bench/', durable: true },
  'y-websocket-server': { server: 'y-websocket-server', protocol: 'yjs', path: '/', durable: false }
}
const modes = ['steady', 'saturated']
const steadyWindow = 4

const usage = `./dev bench [options]            about six minutes; docs/benchmarks.md says how to read the table
  --rows LIST       of ${Object.keys(rows).join(' ')} (or 1-1, 50x4 ...), comma between
  --systems LIST    of native, grpc, yjs (all three weir), y-websocket-server; without it each row has those it is for
  --loads LIST      of ${modes.join(', ')}
  --seconds N       measured, each figure (4)
  --warm-up N       before that, half of it saturated (2)
  --window N        updates in flight a document when saturated (256; 32 for 50×4; one burst for 1→50/N)
  --rate N          updates a second and document when steady
  --trace FILE      an editing trace (JSON or JSON.gz) instead of synthetic typing
  --updates N       keystrokes made for each document (1000000)
  --json [FILE]     JSON instead of the table, or the table and JSON in FILE
  --folder DIR      where the stores are kept while it runs (build/bench); wants a real disk
  --weir FILE       another binary (build/release/weir)`

const spell = (name) => name.replace('→', '-').replace('×', 'x')
function choose(list, all, of = (name) => [name]) {
  if (list === undefined) return all
  return list.split(',').map((wanted) => {
    const found = all.find((name) => of(name).includes(wanted))
    if (found === undefined) throw new Error(`"${wanted}" is none of ${all.join(', ')}`)
    return found
  })
}

function readOptions() {
  const args = process.argv.slice(2)
  // --json takes a file or nothing.
  const at = args.indexOf('--json')
  const json = at >= 0
  const jsonFile = json && at + 1 < args.length && !args[at + 1].startsWith('--') ? args[at + 1] : undefined
  if (json) args.splice(at, jsonFile === undefined ? 1 : 2)
  const text = { type: 'string' }
  const { values } = parseArgs({
    args,
    options: {
      rows: text, systems: text, loads: text, seconds: text, 'warm-up': text, window: text, rate: text, trace: text,
      updates: text, folder: text, weir: text, load: text, help: { type: 'boolean', short: 'h' }
    }
  })
  const number = (name, otherwise) => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (value !== undefined && !(value > 0)) throw new Error(`--${name} wants a number above 0`)
    return value
  }
  return {
    help: values.help,
    json,
    jsonFile,
    rows: choose(values.rows, Object.keys(rows), (name) => [name, spell(name)]),
    systems: values.systems === undefined ? undefined : choose(values.systems, Object.keys(systems), (name) =>
      [name, systems[name].server === 'weir' ? systems[name].protocol : name]),
    modes: choose(values.loads, modes),
    seconds: number('seconds', 4),
    warmUp: number('warm-up', 2),
    window: number('window'),
    rate: number('rate'),
    updates: number('updates', 1_000_000),
    trace: values.trace,
    folder: resolve(values.folder ?? join(root, 'build/bench')),
    weir: resolve(values.weir ?? join(root, 'build/release/weir')),
    load: resolve(values.load ?? join(root, 'build/release/weir_bench'))
  }
}

const firstLine = (command, ...args) => {
  try {
    return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]
  } catch {
    return 'unknown'
  }
}

function compiler() {
  const cache = join(root, 'build/release/CMakeCache.txt')
  if (!existsSync(cache)) return 'unknown'
  const values = Object.fromEntries([...readFileSync(cache, 'utf8').matchAll(/^(CMAKE_CXX_(?:COMPILER|FLAGS)):\w+=(.*)$/gm)]
    .map(([, name, value]) => [name, value]))
  return `${firstLine(values.CMAKE_CXX_COMPILER, '--version')}, ${values.CMAKE_CXX_FLAGS}`
}

const fileSystems = { 0xef53: 'ext4', 0x01021994: 'tmpfs', 0x58465342: 'xfs', 0x9123683e: 'btrfs', 0x794c7630: 'overlayfs' }

function describe(options, updates) {
  const type = statfsSync(options.folder).type
  const weir = options.rows.some((row) => systemsOf(options, row).some((name) => systems[name].server === 'weir'))
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0].model} (${arch()}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    kernel: release(),
    disk: fileSystems[type] ?? `file system 0x${type.toString(16)}`,
    compiler: compiler(),
    weir: weir ? `${firstLine(options.weir, 'version')}, commit ${firstLine('git', 'describe', '--always', '--dirty')}, durability sync` : 'not run',
    'y-websocket-server': `@y/websocket-server ${packageVersion('@y/websocket-server')}, ws ${packageVersion('ws')}, ` +
      `yjs ${packageVersion('yjs')}, node ${process.versions.node}; stores nothing`,
    updates: `${updates.count} keystrokes of ${updates.bytesMean.toFixed(1)} bytes, ` +
      (options.trace === undefined ? 'synthetic typing' : options.trace.split('/').at(-1)),
    durations: `${options.warmUp} s warm-up, ${options.seconds} s measured, each line with a server started fresh`
  }
}

async function load(options, arguments_) {
  const child = spawn(options.load, arguments_, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (bytes) => { output += bytes })
  child.stderr.on('data', (bytes) => { errors += bytes })
  const limit = setTimeout(() => child.kill('SIGKILL'), (options.seconds + options.warmUp + 40) * 1000)
  const [code] = await once(child, 'close')
  clearTimeout(limit)
  if (code !== 0) throw new Error(errors.trim() || `${options.load} ended with ${code}`)
  return JSON.parse(output)
}

const systemsOf = (options, row) => options.systems ?? rows[row].systems ?? others

async function measure(options, file, row, mode, name) {
  const { server: kind, protocol, path, durable } = systems[name]
  const { documents, subscribers, steady, window, burst = 1 } = rows[row]
  const server = await startServer(kind, options)
  try {
    const saturatedWindow = options.window ?? window
    const result = await load(options, [
      '--protocol', protocol, '--path', path, '--port', server.ports[protocol === 'grpc' ? 'grpc' : 'http'], '--server', server.pid, '--updates', file,
      '--documents', documents, '--subscribers', subscribers, '--seconds', options.seconds, '--warm-up', options.warmUp,
      '--rate', options.rate ?? steady, '--window', mode === 'saturated' ? saturatedWindow : steadyWindow * burst,
      '--warm-window', saturatedWindow, '--burst', burst, ...(mode === 'saturated' ? ['--saturated'] : [])
    ].map(String))
    if (result.deliveries === 0) throw new Error('nothing was delivered while it was measured')
    return { row, mode, system: name, durable, rate: mode === 'steady' ? options.rate ?? steady : null, result }
  } catch (error) {
    throw new Error(`${row}, ${mode}, ${name}: ${error.message}\n${server.output().trim()}`)
  } finally {
    await server.stop()
  }
}

async function run(options, folder) {
  const file = join(folder, 'updates.bin')
  const note = (text) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`)
  note('making updates')
  const head = describe(options, makeUpdates(file, { count: options.updates, trace: options.trace }))
  const measurements = []
  for (const row of options.rows) {
    for (const mode of options.modes) {
      for (const name of systemsOf(options, row)) {
        note(`${row}, ${mode}, ${name}`)
        measurements.push(await measure({ ...options, folder }, file, row, mode, name))
      }
    }
  }
  note('')
  return { head, measurements }
}

const options = readOptions()
if (options.help) {
  console.log(usage)
} else {
  mkdirSync(options.folder, { recursive: true })
  const folder = mkdtempSync(join(options.folder, 'run-'))
  process.once('SIGINT', async () => {
    await Promise.all([...running].map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
    process.exit(130)
  })
  try {
    const { head, measurements } = await run(options, folder)
    const json = JSON.stringify({ ...head, measurements }, null, 2)
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, json + '\n')
    if (options.json && options.jsonFile === undefined) {
      console.log(json)
    } else {
      console.log(Object.entries(head).map(([name, value]) => `${name}: ${value}`).join('\n'))
      console.log(`\n${table(measurements)}\n\n${legend}`)
    }
  } catch (error) {
    console.error(`bench: ${error.message}`)
    process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
