// A space's feed, from a cursor on, through restarts of the relay.
//
//   for await (const { entries, cursor, caughtUp } of follow({ relay: '127.0.0.1:8788', space: 'acme', cursor: null }))
//
// Whoever stores what the entries meant and the cursor in one transaction has everything exactly once, whenever it is
// stopped: it begins again behind what it has stored.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const protos = process.env.WEIR_PROTO ?? fileURLToPath(new URL('../../../proto', import.meta.url));
const definition = loadSync('weir/v1/relay.proto', { includeDirs: [protos], longs: String, oneofs: true });
const { Relay } = grpc.loadPackageDefinition(definition).weir.v1;

/** The view was made from another store, or from one that was put back to an older state: it must be made anew. */
export class LostHistory extends Error {}

// `stay`: go on when everything was read. A cursor is { store: Buffer, offset: string }; null: from the start.
export async function* follow({ relay, space, cursor, stay = true, token = '' }) {
  const client = new Relay(relay, grpc.credentials.createInsecure());
  let patience = 100;
  try {
    for (;;) {
      const metadata = new grpc.Metadata();
      if (token !== '') metadata.set('authorization', `Bearer ${token}`);
      const call = client.Feed({ space, cursor, follow: stay }, metadata);
      try {
        for await (const { entries, cursor: reached, caughtUp } of call) {
          patience = 100;
          yield { entries: entries ?? [], cursor: reached, caughtUp };
          cursor = reached;
        }
        return; // everything was there, and we were not to stay
      } catch (error) {
        if (error.code === grpc.status.FAILED_PRECONDITION) throw new LostHistory(error.details);
        if (error.code !== grpc.status.UNAVAILABLE) throw error;
        await sleep(patience * (0.5 + Math.random())); // the relay is away: wait, longer each time
        patience = Math.min(2 * patience, 10_000);
      } finally {
        call.cancel();
      }
    }
  } finally {
    client.close();
  }
}
