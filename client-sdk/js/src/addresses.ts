// Where to connect: one address, or several that are tried in turn.
//
// An address that served stays; after a connection that never came about, the next one is tried. A draining relay may
// name another for the next attempt alone.

export class Addresses {
  readonly #urls: string[];
  #at = 0;
  #redirect: string | null = null;

  constructor(addresses: string | readonly string[]) {
    if (addresses === undefined) throw new TypeError("give the relay's address: { url: 'ws://...' }");
    this.#urls = [addresses].flat().map(socketUrl);
    if (this.#urls.length === 0) throw new TypeError('give at least one address of a relay');
  }

  get count(): number {
    return this.#urls.length;
  }

  /** For the attempt that begins now. */
  take(): string {
    const url = this.#redirect ?? this.#urls[this.#at]!;
    this.#redirect = null;
    return url;
  }

  /** The attempt came to nothing. */
  failed(): void {
    this.#at = (this.#at + 1) % this.#urls.length;
  }

  /** Never from an encrypted connection to an open one. */
  redirect(address: string): void {
    this.#redirect = null;
    if (address === '') return;
    try {
      const url = socketUrl(address);
      const encrypted = this.#urls[this.#at]!.startsWith('wss:');
      if (!encrypted || url.startsWith('wss:')) this.#redirect = url;
    } catch {
      // Not an address: the known ones serve.
    }
  }
}

/** Where the native protocol is served, from an address as people write it. */
export function socketUrl(address: string): string {
  let url: URL | null = null;
  try {
    url = new URL(`${address}`.replace(/^http/i, 'ws'));
  } catch {
    // told below
  }
  if (url === null || !url.protocol.startsWith('ws'))
    throw new TypeError(`${JSON.stringify(address)} is not a ws:// or wss:// address`);
  if (url.pathname === '/') url.pathname = '/v1/sync';
  return url.href;
}
