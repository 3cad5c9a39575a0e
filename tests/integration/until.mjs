// Waits for a condition. The time limit is only there so that a failure has a name.
export const limitMs = Number(process.env.WEIR_WAIT_MS_MAX ?? 120_000);

export async function until(what, condition) {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (await condition()) return;
    if (performance.now() > deadline) throw stillNot(what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Lets everything that is waiting for its turn have it. */
export function breathe() {
  return new Promise((resolve) => setImmediate(resolve));
}

export function stillNot(what) {
  return new Error(`still not so after ${limitMs / 1000} s: ${what}`);
}

/** Ends a provider with its document, for the awareness of that has a timer of its own; or a client. */
export function leave(one) {
  if (one.doc === undefined) return one.close();
  one.destroy();
  one.doc.destroy();
}
