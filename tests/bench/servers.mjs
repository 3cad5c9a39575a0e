// The servers that are compared, each started fresh on 127.0.0.1 and stopped by its process id.
//
//   const server = await startServer('weir', { weir: 'build/release/weir', folder })
//   server.ports.http, server.ports.grpc (weir), server.pid; await server.stop()
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
export const packageVersion = (name) =>
  JSON.parse(readFileSync(join(here, 'node_modules', name, 'package.json'), 'utf8')).version

const startingMax = 20_000
const stoppingMax = 10_000
const outputMax = 4000

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

const kinds = {
  weir: ({ http, grpc }, { weir, data }) => ({
    command: weir,
    args: ['serve', '--data', data, '--http', `127.0.0.1:${http}`, '--grpc', `127.0.0.1:${grpc}`],
    env: {}
  }),
  'y-websocket-server': ({ http }) => ({
    command: process.execPath,
    args: [join(here, 'node_modules/@y/websocket-server/src/server.js')],
    env: { HOST: '127.0.0.1', PORT: String(http), NODE_ENV: 'production' }
  })
}

async function accepts(port) {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** What runs now; whoever is interrupted stops it. */
export const running = new Set()

export async function startServer(kind, { weir, folder }) {
  const data = mkdtempSync(join(folder, 'data-'))
  const ports = { http: await freePort(), grpc: await freePort() }
  const { command, args, env } = kinds[kind](ports, { weir, data })
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('WEIR_') && name !== 'YPERSISTENCE'))
  const child = spawn(command, args, { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let ended = false
  const note = (bytes) => { output = (output + bytes).slice(-outputMax) }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  const exited = new Promise((resolve) => {
    child.once('error', (error) => { note(error.message); resolve() })
    child.once('close', resolve)
  }).then(() => { ended = true })
  const server = {
    ports,
    pid: child.pid,
    output: () => output,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stoppingMax)
      await exited
      clearTimeout(timer)
      rmSync(data, { recursive: true, force: true })
      running.delete(server)
    }
  }
  running.add(server)
  const end = Date.now() + startingMax
  while (!ended && Date.now() < end && !await accepts(ports.http)) await wait(20)
  if (ended || Date.now() >= end) {
    await server.stop()
    throw new Error(`${kind} did not start: ${output.trim() || command}`)
  }
  return server
}
