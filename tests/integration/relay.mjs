// The real relay as a child process, on free ports of the loopback, with a data folder of its own.
//
//   const relay = await startRelay();
//   relay.url                      ws://127.0.0.1:PORT
//   await relay.kill();            as a power cut does
//   await relay.start();           again, on the same data and ports
//   await relay.end();             stops it and removes its data
//
//   startRelay({ 'limits.heartbeat': '1s' })      with settings of `weir config print`
//
// WEIR_BIN names the binary.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from './until.mjs';

export function relayBinary() {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const candidates = [process.env.WEIR_BIN, path.join(root, 'build/release/weir'), path.join(root, 'build/dev/weir')];
  const binary = candidates.find((candidate) => candidate !== undefined && existsSync(candidate));
  if (binary === undefined) throw new Error('no relay to test: build one, or name it by WEIR_BIN');
  return binary;
}

export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

export async function startRelay(settings = {}) {
  const [http, grpc] = await freePorts(2);
  const data = await mkdtemp(path.join(os.tmpdir(), 'weir-integration-'));
  const relay = new Relay(http, grpc, data, settings);
  await relay.start();
  return relay;
}

class Relay {
  #child = null;
  #log = '';

  constructor(http, grpc, data, settings) {
    this.settings = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    this.http = http;
    this.grpc = grpc;
    this.data = data;
    this.url = `ws://127.0.0.1:${http}`;
  }

  async start() {
    const { http, grpc, data, settings } = this;
    this.#child = spawn(
      relayBinary(),
      ['serve', '--data', data, '--http', `127.0.0.1:${http}`, '--grpc', `127.0.0.1:${grpc}`, ...settings],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on('data', (some) => (this.#log = (this.#log + some).slice(-20_000)));
    await until('the relay is ready', async () => {
      if (this.#child.exitCode !== null) throw new Error(`the relay ended with ${this.#child.exitCode}:\n${this.#log}`);
      const answer = await fetch(`http://127.0.0.1:${http}/readyz`).catch(() => null);
      return answer?.ok === true;
    });
  }

  get pid() {
    return this.#child.pid;
  }

  get log() {
    return this.#log;
  }

  kill() {
    return this.#stop('SIGKILL');
  }

  /** As an operator restarts it. */
  stop() {
    return this.#stop('SIGTERM');
  }

  async end() {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  async #stop(signal) {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
