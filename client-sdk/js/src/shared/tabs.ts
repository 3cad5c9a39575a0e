// What tabs need of the browser to find each other: a channel on which each hears all others, and locks that say who is
// alive and who leads. A lock is given back when its tab closes, crashes, or is discarded, so nobody has to notice.

import type { Message } from './messages.js';

export interface Channel {
  post(message: Message): void;
  close(): void;
}

export interface Tabs {
  /** Hears what all others say on this name, those in the same tab too. */
  channel(name: string, heard: (message: Message) => void): Channel;
  /** Runs `held` once the lock is this one's; it is given back when what `held` returned resolves. */
  lock(name: string, held: () => Promise<void>, signal?: AbortSignal): void;
  /** Names of locks that are held. */
  held(): Promise<string[]>;
}

/** Null where a browser has no Web Locks or no BroadcastChannel. */
export function browserTabs(): Tabs | null {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  if (locks === undefined || typeof BroadcastChannel === 'undefined') return null;
  return {
    channel(name, heard) {
      const channel = new BroadcastChannel(name);
      channel.onmessage = (event: MessageEvent<Message>) => heard(event.data);
      return { post: (message) => channel.postMessage(message), close: () => channel.close() };
    },
    lock(name, held, signal) {
      // Rejects when it is given up before it was granted, and in no other way.
      locks.request(name, signal === undefined ? {} : { signal }, held).catch(() => undefined);
    },
    held: async () => ((await locks.query()).held ?? []).flatMap(({ name }) => name ?? []),
  };
}

/** The lock that a tab holds while it lives. */
export const tabLock = (store: string, tab: string): string => `weir:tab:${store}:${tab}`;
export const hubLock = (store: string): string => `weir:hub:${store}`;
export const channelName = (store: string): string => `weir:${store}`;
