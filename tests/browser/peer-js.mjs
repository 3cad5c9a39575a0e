// A peer of matrix.test.mjs on the TypeScript client, in Node and in a page; peer.cpp is the same on the C++ client. All
// understand the same commands, and all have the same CRDT: a document is a set of words, a delta one word, a snapshot
// the words in order, one a line.
//
//   const peer = makePeer(sdk, { url, webSocket, makes });
//   await peer({ do: 'open', document: 'plan', role: 'make' });       plain, take, make or check snapshots
//   await peer({ do: 'publish', document: 'plan', words: ['one'] });  answers when they are durable
//   await peer({ do: 'presence', document: 'plan', data: 'here' });
//   await peer({ do: 'seen', document: 'plan' })                      what came so far
//   await peer({ do: 'close' });
//
// Threads: none; it is plain JavaScript, without anything of Node's or of a page's.
const bytesOf = (text) => new TextEncoder().encode(text);
const textOf = (bytes) => new TextDecoder().decode(bytes);

class Words {
  constructor(client, sdk, { document, role = 'plain', key }) {
    this.words = new Set();
    this.came = []; // records, as they came; null for one's own
    this.snapshots = [];
    this.errors = [];
    this.made = 0;
    this.checked = [];
    const session = client.subscribe(document, {
      presence: true,
      snapshots: role !== 'plain',
      ...(key === undefined ? {} : { encryption: sdk.encryption({ id: 1, key: bytesOf(key) }) }),
      ...(role === 'make' || role === 'check' ? { snapshotter: sdk.snapshotter(this.#adapter(role)) } : {}),
    });
    this.session = session;
    session
      .on('records', (records) => {
        for (const { payload, own } of records) {
          this.came.push(own ? null : textOf(payload));
          if (payload !== null) this.words.add(textOf(payload));
        }
      })
      .on('snapshot', ({ bytes, verified }) => {
        this.snapshots.push({ verified, words: textOf(bytes).split('\n').length });
        for (const word of textOf(bytes).split('\n')) this.words.add(word);
      })
      .on('snapshot-stored', () => (this.made += 1))
      .on('attested', ({ valid }) => this.checked.push(valid))
      .on('error', (error) => this.errors.push(error.message));
  }

  #adapter(role) {
    const state = (words) => [...words].sort().join('\n');
    return {
      // Who only checks has a state as well, to compare with; asked for a snapshot, it gives way to another client.
      make: () => ({ bytes: bytesOf(state(this.words)), fidelity: 'lossless' }),
      compare: (own, snapshot, records) => {
        if (role !== 'check') return 'unknown';
        const words = new Set([...textOf(snapshot.bytes).split('\n'), ...records.map(({ payload }) => textOf(payload))]);
        return state(words) === textOf(own.bytes) ? 'valid' : 'invalid';
      },
    };
  }

  async publish(words) {
    for (const word of words) this.words.add(word);
    await Promise.all(words.map((word) => this.session.publish(bytesOf(word))));
  }

  seen() {
    const { came, snapshots, errors, made, checked, session } = this;
    return {
      words: [...this.words].sort(),
      came,
      snapshots,
      made,
      checked,
      errors,
      caughtUp: session.caughtUp,
      presence: [...session.presence.values()].map(({ data }) => textOf(data)).sort(),
    };
  }
}

export function makePeer(sdk, { url, webSocket, makes = false }) {
  const options = { url, space: 'matrix', packs: sdk.packDecoder, makesSnapshots: makes, backoffFirstMs: 10, backoffMaxMs: 100 };
  const client = new sdk.WeirClient(webSocket === undefined ? options : { ...options, webSocket });
  const documents = new Map();
  return async (command) => {
    const { document } = command;
    if (command.do === 'open') documents.set(document, new Words(client, sdk, command));
    else if (command.do === 'publish') await documents.get(document).publish(command.words);
    else if (command.do === 'presence') documents.get(document).session.setPresence(bytesOf(command.data));
    else if (command.do === 'seen') return documents.get(document).seen();
    else if (command.do === 'close') await client.close();
    else throw new Error(`a peer knows no ${command.do}`);
    return {};
  };
}
