// A real relay for a test: its own data folder, free ports, and a way to kill it as a power cut would.
//
//   const relay = await Relay.start();
//   relay.origin                         http://127.0.0.1:41234
//   await relay.crash(); await relay.restart();
//   await relay.stop();                  and nothing is left behind
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const startWaitMsMax = 60_000;

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

export class Relay {
  #process = null;
  #output = '';

  /** `settings` as `weir config print` names them: { 'limits.heartbeat': '1s' }. */
  static async start(settings = {}) {
    const relay = new Relay();
    relay.settings = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    if (!process.env.WEIR_BIN) throw new Error('WEIR_BIN must name the weir binary to test');
    relay.data = await mkdtemp(join(tmpdir(), 'weir-browser-'));
    relay.port = await freePort();
    relay.grpcPort = await freePort();
    relay.origin = `http://127.0.0.1:${relay.port}`;
    await relay.restart();
    return relay;
  }

  /** Starts the binary on the same data and ports, and waits until it is ready. */
  async restart() {
    this.#process = spawn(
      process.env.WEIR_BIN,
      ['serve', '--data', this.data, '--http', `127.0.0.1:${this.port}`, '--grpc', `127.0.0.1:${this.grpcPort}`, ...this.settings],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (bytes) => (this.#output = (this.#output + bytes).slice(-20_000)));
    }
    const deadline = Date.now() + startWaitMsMax;
    while (!(await this.#isReady())) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) throw new Error(`weir ended:\n${this.#output}`);
      if (Date.now() > deadline) throw new Error(`weir is not ready after ${startWaitMsMax} ms:\n${this.#output}`);
      await pause(25);
    }
  }

  async #isReady() {
    try {
      return (await fetch(`${this.origin}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  /** A figure of /metrics, all its labels added up. */
  async figure(name) {
    const lines = (await (await fetch(`${this.origin}/metrics`)).text()).split('\n');
    const values = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** As a power cut: no goodbye, nothing flushed. */
  async crash() {
    await this.#end('SIGKILL');
  }

  /** The process stands still, its sockets stay open: nothing is acknowledged. */
  freeze() {
    this.#process.kill('SIGSTOP');
  }
  thaw() {
    this.#process.kill('SIGCONT');
  }

  async stop() {
    if (this.#process) await this.#end('SIGTERM');
    await rm(this.data, { recursive: true, force: true });
  }

  async #end(signal) {
    const child = this.#process;
    this.#process = null;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  }
}
