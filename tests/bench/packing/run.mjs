// What a document costs: ./dev bench size [--traces FOLDER] [--libraries yjs,loro] [--streams FOLDER]
//
// Makes each library's deltas for each trace, one a keystroke, stores them, and prints the tables of docs/size.md. FOLDER holds
// automerge-paper.json.gz and friendsforever.json.gz (github.com/josephg/editing-traces); without it, or WEIR_TRACES, the
// typing is synthetic. Streams are kept and made once.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const release = join(here, '../../../build/release')
const { values: options } = parseArgs({
  options: {
    traces: { type: 'string', default: process.env.WEIR_TRACES ?? '' },
    libraries: { type: 'string', default: 'yjs,loro,automerge' },
    streams: { type: 'string', default: join(release, 'streams') },
    programs: { type: 'string', default: join(release, 'tests/bench') },
  },
})

const one = { trace: 'automerge-paper.json.gz', name: 'paper' }
const two = { trace: 'friendsforever.json.gz', name: 'two-authors' }
const wanted = options.libraries.split(',').map((library) => ({ library, ...one }))
if (wanted.some(({ library }) => library === 'yjs')) wanted.push({ library: 'yjs', ...one, encrypted: true })
if (options.traces !== '' && wanted.some(({ library }) => library === 'yjs')) wanted.push({ library: 'yjs', ...two })

mkdirSync(options.streams, { recursive: true })
const streams = wanted.map(({ library, trace, name, encrypted }) => {
  const out = join(options.streams, `${options.traces === '' ? 'synthetic' : name}-${library}${encrypted ? '-encrypted' : ''}.bin`)
  if (existsSync(out)) return out
  const args = [join(here, 'streams.mjs'), '--library', library, '--out', `${out}.part`]
  if (options.traces === '') args.push('--count', '50000')
  else args.push('--trace', join(options.traces, trace))
  if (encrypted) args.push('--encrypted')
  console.error(`making ${out}`)
  execFileSync('node', args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, WEIR_TRACES: '' } })
  renameSync(`${out}.part`, out)
  return out
})

function run (title, program, args) {
  console.log(`\n## ${title}\n`)
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

const plain = streams.filter((stream) => !stream.includes('-encrypted'))
const batched = plain.filter((stream) => stream.includes('-yjs')).slice(0, 1).flatMap((stream) => ['--batched', stream])
run('On disk, bytes a delta', join(options.programs, 'store_bench'), [...streams, ...batched])
run('To a newcomer, bytes a delta', 'node', [join(here, 'newcomer.mjs'), '--programs', options.programs, ...plain])
run('Packs by themselves', join(options.programs, 'pack_bench'), plain)

const packs = plain.map((stream) => {
  const out = stream.replace(/\.bin$/, '.packs')
  execFileSync(join(options.programs, 'pack_bench'), ['--packs', out, stream])
  return out
})
run('Unpacked in JavaScript', 'node', [join(here, 'unpack.mjs'), ...packs])
