// A browser made of memory: tabs that hear each other, locks that a tab's end gives back, one store on disk, and a network
// that a dead tab is cut off from. What a tab posts is copied, and heard later, as in a browser.
import { WeirClient } from '../../src/client.js';
import { SharedClient, sharedClient, type SharedClientOptions } from '../../src/shared/shared-client.js';
import type { Message } from '../../src/shared/messages.js';
import type { Channel, Tabs } from '../../src/shared/tabs.js';
import { Device } from './lives.js';
import { FakeNetwork, FakeRuntime } from './network.js';

interface Request {
  tab: FakeTab;
  granted: boolean;
  held: () => Promise<void>;
}

export class FakeBrowser {
  readonly device: Device;
  readonly network: FakeNetwork; // the relay's
  readonly #channels = new Map<string, Set<{ tab: FakeTab; heard: (message: Message) => void }>>();
  readonly #locks = new Map<string, Request[]>(); // the first one holds it
  readonly #random: () => number;

  constructor(device: Device, network: FakeNetwork, random: () => number = () => 0.5) {
    this.device = device;
    this.network = network;
    this.#random = random;
  }

  open(options: Partial<SharedClientOptions> = {}): FakeTab {
    return new FakeTab(this, this.#random, options);
  }

  tabsOf(tab: FakeTab): Tabs {
    return {
      channel: (name, heard) => this.#channel(tab, name, heard),
      lock: (name, held, signal) => {
        const request: Request = { tab, granted: false, held };
        const queue = this.#locks.get(name) ?? [];
        this.#locks.set(name, queue);
        queue.push(request);
        signal?.addEventListener('abort', () => {
          if (queue[0] !== request) this.#withdraw(name, request);
        });
        if (queue.length === 1) this.#grant(name);
      },
      held: () => Promise.resolve([...this.#locks].flatMap(([name, queue]) => (queue.length > 0 ? [name] : []))),
    };
  }

  /** All that a browser does when a tab is gone. */
  gone(tab: FakeTab): void {
    for (const members of this.#channels.values())
      for (const member of members) if (member.tab === tab) members.delete(member);
    for (const [name, queue] of this.#locks) {
      const held = queue[0]?.tab === tab;
      const left = queue.filter((request) => request.tab !== tab);
      queue.splice(0, queue.length, ...left);
      if (held) this.#grant(name);
    }
  }

  #channel(tab: FakeTab, name: string, heard: (message: Message) => void): Channel {
    const members = this.#channels.get(name) ?? new Set();
    this.#channels.set(name, members);
    const me = { tab, heard };
    members.add(me);
    return {
      post: (message) => {
        if (!members.has(me)) return;
        const copies = [...members]
          .filter((other) => other !== me)
          .map((other) => ({ other, copy: structuredClone(message) }));
        setImmediate(() => copies.forEach(({ other, copy }) => members.has(other) && other.heard(copy)));
      },
      close: () => members.delete(me),
    };
  }

  #grant(name: string): void {
    setImmediate(() => {
      const request = this.#locks.get(name)?.[0];
      if (request === undefined || request.granted) return;
      request.granted = true;
      void request.held().then(() => this.#withdraw(name, request));
    });
  }

  #withdraw(name: string, request: Request): void {
    const queue = this.#locks.get(name) ?? [];
    const at = queue.indexOf(request);
    if (at < 0) return;
    queue.splice(at, 1);
    if (at === 0) this.#grant(name);
  }
}

export class FakeTab {
  readonly client: SharedClient;
  readonly runtime: FakeRuntime;
  readonly #browser: FakeBrowser;
  readonly #network = new FakeNetwork();
  #dead = false;

  constructor(browser: FakeBrowser, random: () => number, options: Partial<SharedClientOptions>) {
    this.#browser = browser;
    this.runtime = new FakeRuntime();
    this.runtime.randomBytes = (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
    this.#network.onsocket = (socket) => (this.#dead ? socket.close() : browser.network.onsocket(socket));
    this.client = sharedClient({
      url: 'ws://relay',
      space: 's',
      store: 'device',
      webSocket: this.#network.Socket,
      runtime: this.runtime,
      backoffFirstMs: 10,
      tabs: browser.tabsOf(this),
      openStore: () => Promise.resolve(browser.device.open()),
      ...options,
    }) as SharedClient;
  }

  get sockets(): number {
    return this.#network.sockets.filter(({ readyState }) => readyState === 1).length;
  }

  /** It crashes: nothing of it runs any more that anybody could notice. */
  kill(): void {
    this.#dead = true;
    if (this.client.leads) this.#browser.device.crash();
    for (const socket of this.#network.sockets) socket.close();
    this.#browser.gone(this);
  }
}

/** Another device, as a tab alone. */
export function stranger(relay: FakeNetwork): WeirClient {
  return new WeirClient({ url: 'ws://relay', space: 's', webSocket: relay.Socket, runtime: new FakeRuntime() });
}
