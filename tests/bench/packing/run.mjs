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

for (const [title, program] of [['On disk, bytes a delta', 'store_bench'], ['Packs by themselves', 'pack_bench']]) {
  console.log(`\n## ${title}\n`)
  const { status } = spawnSync(join(options.programs, program), streams, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
