// Someone writes: keystrokes, and the times at which they come. The same ones on every machine.

// mulberry32
function randomFrom (seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Words, now and then a correction, now and then elsewhere in the text. Yields [position, deleted, inserted]. */
export function * typing (count) {
  const random = randomFrom(1)
  const letters = 'etaoinshrdlucmfwypvbgkjqxz'
  let length = 0
  let cursor = 0
  for (let made = 0; made < count; made++) {
    const what = random()
    if (what < 0.005) cursor = Math.floor(random() * (length + 1))
    if (what > 0.92 && cursor > 0) {
      yield [--cursor, 1, '']
      length--
    } else {
      yield [cursor++, 0, random() < 0.17 ? ' ' : letters[Math.floor(random() ** 2 * letters.length)]]
      length++
    }
  }
}

/** Whole seconds: 0.1 to 0.3 s between keys, a thought of some seconds after one in 25, a pause of minutes after one in 1500. */
export function clock () {
  const random = randomFrom(2)
  let now = 1_750_000_000
  return () => {
    const what = random()
    if (what < 1 / 1500) now += 60 + random() * 3600
    else if (what < 1 / 25) now += 1 + random() * 8
    else now += 0.1 + random() * 0.2
    return Math.floor(now)
  }
}
