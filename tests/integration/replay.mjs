// Plays editing traces through real clients.
import { breathe, limitMs, stillNot, until } from './until.mjs';
import { randomFrom } from './traces.mjs';

const batch = 200;

/** Every transaction as one of the client's own. `ready` keeps a batch from running far ahead of the network. */
export async function playAlone(trace, doc, ready = async () => {}) {
  const text = doc.getText('text');
  if (trace.startContent) text.insert(0, trace.startContent);
  for (let i = 0; i < trace.txns.length; i++) {
    doc.transact(() => apply(text, trace.txns[i].patches));
    if (i % batch === batch - 1) {
      await breathe();
      await ready();
    }
  }
}

/**
 * One author's part of a concurrent trace: each of the author's transactions once its parents are here. How far the others
 * are is told by the document itself, in the map `progress`. Now and then the author goes offline for a while.
 */
export async function playTogether(trace, agent, doc, provider, seed) {
  const random = randomFrom(seed);
  const text = doc.getText('text');
  const progress = doc.getMap('progress');
  const known = (index) =>
    trace.txns[index].agent === agent || (progress.get(`${trace.txns[index].agent}`) ?? -1) >= index;
  let offlineLeft = 0;
  const goOnline = () => {
    offlineLeft = 0;
    provider.connect();
  };
  for (const [index, txn] of trace.txns.entries()) {
    if (txn.agent !== agent) continue;
    if (!txn.parents.every(known)) {
      goOnline();
      await changed(doc, `author ${agent} has the parents of transaction ${index}`, () => txn.parents.every(known));
    }
    doc.transact(() => {
      apply(text, txn.patches);
      progress.set(`${agent}`, index);
    });
    if (offlineLeft > 0 && --offlineLeft === 0) goOnline();
    else if (offlineLeft === 0 && random() < 0.001) {
      provider.disconnect();
      offlineLeft = 1 + Math.floor(random() * 100);
    }
    if (random() < 0.2) await breathe();
  }
  goOnline();
}

/** Looks again with each update of the document, not by the clock: authors wait for one another thousands of times. */
function changed(doc, what, condition) {
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      clearTimeout(timer);
      doc.off('update', look);
      settle(value);
    };
    const look = () => condition() && end(resolve);
    const timer = setTimeout(() => end(reject, stillNot(what)), limitMs);
    doc.on('update', look);
  });
}

/** Positions may lie beyond what this copy has, when what stood there came or went concurrently. */
function apply(text, patches) {
  for (const [position, deleted, inserted] of patches) {
    const at = Math.min(position, text.length);
    const count = Math.min(deleted, text.length - at);
    if (count > 0) text.delete(at, count);
    if (inserted !== '') text.insert(at, inserted);
  }
}

/** Keeps what waits in a y-websocket client's socket below a bound. */
export function socketDrains(provider, bytesMax = 1 << 20) {
  return () => until('the socket drains', () => provider.ws === null || provider.ws.bufferedAmount < bytesMax);
}
