// A device as its test sees it: a program with a store on disk in a process of its own, which says what it has come to, and is
// killed in the middle of it as a power cut would. device.mjs and crdt-device.mjs are such programs; device-client.mjs has what
// they begin with.
//
//   const device = new DeviceProcess('device.mjs', folder, [relay.url, 'plan']);
//   device.start(1000);
//   await until('something is persisted', () => device.persisted > 0);
//   await device.kill(); device.start(10);         goes on from what is in its store
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export class DeviceProcess {
  /** The highest number that it has said of each. */
  persisted = 0;
  stored = 0;
  /** It has done all that it was started for. */
  over = false;
  complaints = [];
  #command;
  #child = null;

  /** Its name is the folder's. `place`: where the relay is, and which document is meant. */
  constructor(script, folder, [url, document]) {
    this.folder = folder;
    this.name = path.basename(folder);
    this.#command = [fileURLToPath(new URL(script, import.meta.url)), url, folder, document];
  }

  /** To write so many. */
  start(count) {
    this.over = false;
    this.#child = spawn(process.execPath, [...this.#command, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
  }

  #hear(line) {
    const [what, ...words] = line.split(' ');
    if (what === 'complaint') this.complaints.push(words.join(' '));
    else if (what === 'over') this.over = true;
    else this[what] = Math.max(this[what], Number(words[0]));
  }

  /** All that it has said is heard when it resolves. */
  async kill() {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'close');
    child.kill('SIGKILL');
    await exited;
  }
}
