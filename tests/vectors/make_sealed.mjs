// Writes proto/vectors/sealed.json: what is sealed by docs/encryption.md, sound and unsound, made with node:crypto and
// node:zlib alone, so that it depends on no SDK.
//
//   node tests/vectors/make_sealed.mjs > proto/vectors/sealed.json
//
// Nonces and keys are made from names, so a second run gives the same bytes (another version of zlib may compress otherwise).
import { createCipheriv, createHash, hkdfSync } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';

const label = Buffer.from('weir sealed 1');
const kinds = { record: 0, presence: 1, snapshot: 2 };
const sha256 = (text) => createHash('sha256').update(text).digest();

const u8 = (value) => Buffer.from([value]);
const u16 = (value) => Buffer.from([value >> 8, value & 0xff]);
const u32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u64 = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
function varuint(value) {
  const bytes = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
function named(text) {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([u16(bytes.length), bytes]);
}

// ---- the format ----

function placeOf(kind, place) {
  if (kind === 'record') return Buffer.concat([Buffer.from(place.producer, 'hex'), u64(place.sequence)]);
  if (kind === 'presence') return Buffer.alloc(0);
  return Buffer.concat([u64(place.offset), Buffer.from(place.chain, 'hex'), u64(place.base)]);
}

function seal({ name, kind, key, key_id, space, document, place, version = 1 }, plaintext) {
  const scope = kind === 'record' ? Buffer.from(place.producer, 'hex') : Buffer.alloc(16);
  const info = Buffer.concat([label, u8(kinds[kind]), scope]);
  const derived = Buffer.from(hkdfSync('sha256', Buffer.from(key, 'hex'), Buffer.alloc(0), info, 32));
  const nonce = sha256(`nonce of ${name}`).subarray(0, 12);
  const head = Buffer.concat([u8(version), u32(key_id), nonce]);
  const associated = Buffer.concat([label, u8(kinds[kind]), head, named(space), named(document), placeOf(kind, place)]);
  const cipher = createCipheriv('aes-256-gcm', derived, nonce);
  cipher.setAAD(associated);
  const sealed = Buffer.concat([head, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { scope, derived, nonce, associated, sealed };
}

const noSeen = Buffer.alloc(32);
const seenBytes = (seen) =>
  seen === null ? noSeen : Buffer.concat([u64(seen.epoch), u64(seen.offset), Buffer.from(seen.chain, 'hex')]);
const deltaBytes = ({ codec, payload }) => {
  const bytes = Buffer.from(payload, 'hex');
  return Buffer.concat([varuint(codec), varuint(bytes.length), bytes]);
};
const batchBytes = (deltas) => Buffer.concat(deltas.map(deltaBytes));
const record = (flags, seen, rest) => Buffer.concat([u8(flags), seenBytes(seen), rest]);

// ---- the examples ----

const hex = (text) => Buffer.from(text, 'utf8').toString('hex');
const key = sha256('a document key').toString('hex');
const other = sha256('another document key').toString('hex');
const producer = sha256('a producer').subarray(0, 16).toString('hex');
const chain = sha256('a chain value').toString('hex');
const seen = { epoch: '18446744073709551614', offset: '41', chain: chain.slice(0, 32) };
const here = { key, key_id: 7, space: 'acme-notes', document: 'plans/Ω and more' };
const recordHere = { ...here, kind: 'record', place: { producer, sequence: '12' } };
const snapshotHere = { ...here, kind: 'snapshot', place: { offset: '42', chain, base: '0' } };

function vector(about, plaintext, contents) {
  const { scope, derived, nonce, associated, sealed } = seal(about, plaintext);
  const { name, kind, key, key_id, space, document, place } = about;
  return {
    ...{ name, kind, key, key_id, space, document, place, nonce: nonce.toString('hex') },
    ...{ scope: scope.toString('hex'), derived: derived.toString('hex'), associated: associated.toString('hex') },
    ...{ plaintext: plaintext.toString('hex'), sealed: sealed.toString('hex'), contents },
  };
}

function sealedRecord(name, { seen = null, deltas, compressed = false, base = false, ...about }) {
  const flags = (compressed ? 1 : 0) | (base ? 2 : 0);
  const batch = batchBytes(deltas);
  const rest = compressed ? deflateRawSync(batch, { level: 9 }) : batch;
  return vector({ ...recordHere, ...about, name }, record(flags, seen, rest), { base, compressed, seen, deltas });
}

const hello = [{ codec: 0, payload: hex('hello') }];
const typed = Array.from({ length: 40 }, (_, i) => ({ codec: 16, payload: hex(`insert ${i % 7} at ${i}`) }));

function sound() {
  const presence = Buffer.concat([Buffer.from(producer, 'hex'), u64('1750000000123456'), Buffer.from('who is here')]);
  const state = Buffer.from('all of the document');
  return [
    sealedRecord('a record with one delta', { seen, deltas: hello }),
    sealedRecord('a record of an author who has read nothing', { deltas: hello }),
    sealedRecord('a record that opens its producer’s count', { base: true, deltas: hello }),
    sealedRecord('a record with an empty delta', { seen, deltas: [{ codec: 1, payload: '' }] }),
    sealedRecord('a record with three deltas', {
      seen,
      deltas: [...hello, { codec: 4294967295, payload: '' }, { codec: 300, payload: hex('x'.repeat(200)) }],
    }),
    sealedRecord('a record with a compressed batch', { seen, deltas: typed, compressed: true }),
    sealedRecord('a record under another key, in a place with great numbers', {
      ...{ key: other, key_id: 4294967295, space: 's', document: 'd', deltas: hello },
      place: { producer: 'ff'.repeat(16), sequence: '9007199254740991' },
    }),
    vector({ ...here, kind: 'presence', name: 'presence', place: {} }, presence, {
      ...{ producer, clock: '1750000000123456', data: hex('who is here') },
    }),
    vector({ ...snapshotHere, name: 'a snapshot' }, Buffer.concat([varuint(0), state]), { codec: 0, bytes: state.toString('hex') }),
    vector({ ...snapshotHere, name: 'a snapshot with a base', place: { offset: '99', chain, base: '42' } }, Buffer.concat([varuint(300), state]), {
      ...{ codec: 300, bytes: state.toString('hex') },
    }),
  ];
}

/** What must be refused as tampered with, and why. */
function unsound() {
  const good = record(0, seen, batchBytes(hello));
  const bytes = (name, about, plaintext, change = (sealed) => sealed) => {
    const { kind, key, key_id, space, document, place } = about;
    const sealed = change(seal({ ...about, name }, plaintext).sealed);
    return { name, kind, key, key_id, space, document, place, sealed: sealed.toString('hex'), error: 'tampered' };
  };
  const flipped = (at) => (sealed) => {
    const copy = Buffer.from(sealed);
    copy[at < 0 ? copy.length + at : at] ^= 1;
    return copy;
  };
  const moved = (name, elsewhere) => ({ ...bytes(name, recordHere, good), ...elsewhere });
  const holding = (name, plaintext) => bytes(name, recordHere, plaintext);
  const many = (count) => batchBytes(Array.from({ length: count }, () => ({ codec: 0, payload: '' })));
  const bomb = deflateRawSync(Buffer.concat([varuint(0), varuint(17 * 2 ** 20), Buffer.alloc(17 * 2 ** 20)]), { level: 9 });
  return [
    bytes('a wrong tag', recordHere, good, flipped(-1)),
    bytes('a changed byte', recordHere, good, flipped(20)),
    bytes('a changed nonce', recordHere, good, flipped(8)),
    bytes('a changed version', recordHere, good, flipped(0)),
    bytes('a version that there is not', { ...recordHere, version: 2 }, good),
    bytes('the last byte is missing', recordHere, good, (sealed) => sealed.subarray(0, -1)),
    bytes('a byte too many', recordHere, good, (sealed) => Buffer.concat([sealed, u8(0)])),
    bytes('less than a tag', recordHere, good, (sealed) => sealed.subarray(0, 32)),
    bytes('nothing', recordHere, good, () => Buffer.alloc(0)),
    moved('the next sequence', { place: { producer, sequence: '13' } }),
    moved('another producer', { place: { producer: 'ff'.repeat(16), sequence: '12' } }),
    moved('another document', { document: 'plans' }),
    moved('another space', { space: 'acme' }),
    moved('letters moved from the space to the document', { space: 'acme-note', document: 's' + here.document }),
    moved('another key under the same id', { key: other }),
    holding('unknown flags', record(4, seen, batchBytes(hello))),
    holding('all flags', record(255, seen, batchBytes(hello))),
    holding('no flags', Buffer.alloc(0)),
    holding('half of what was seen', good.subarray(0, 20)),
    holding('no delta', record(0, seen, Buffer.alloc(0))),
    holding('no delta, compressed', record(1, seen, deflateRawSync(Buffer.alloc(0)))),
    holding('a delta that claims more than there is', record(0, seen, Buffer.concat([varuint(0), varuint(6), Buffer.from('hello')]))),
    holding('a delta that claims 2^63 bytes', record(0, seen, Buffer.concat([varuint(0), varuint(2n ** 63n), Buffer.from('hello')]))),
    holding('a delta without a length', record(0, seen, varuint(0))),
    holding('a codec above 32 bits', record(0, seen, Buffer.concat([varuint(2n ** 32n), varuint(0)]))),
    holding('a number without end', record(0, seen, Buffer.alloc(40, 0x80))),
    holding('half a delta behind a whole one', record(0, seen, Buffer.concat([batchBytes(hello), varuint(0)]))),
    holding('4097 deltas', record(0, seen, many(4097))),
    holding('compressed bytes that are none', record(1, seen, Buffer.from('ffffffff', 'hex'))),
    holding('compressed bytes that end early', record(1, seen, deflateRawSync(batchBytes(typed)).subarray(0, 30))),
    holding('compressed bytes that become 17 MiB', record(1, seen, bomb)),
    { ...bytes('presence in the place of a record', { ...here, kind: 'presence', place: {} }, good), kind: 'record', place: recordHere.place },
    bytes('presence without a clock', { ...here, kind: 'presence', place: {} }, Buffer.from(producer, 'hex')),
    { ...bytes('a snapshot of another history', snapshotHere, Buffer.from([0, 1])), place: { ...snapshotHere.place, chain: '00'.repeat(32) } },
    { ...bytes('a snapshot of another offset', snapshotHere, Buffer.from([0, 1])), place: { ...snapshotHere.place, offset: '43' } },
    { ...bytes('a snapshot on another base', snapshotHere, Buffer.from([0, 1])), place: { ...snapshotHere.place, base: '1' } },
    bytes('a snapshot without a codec', snapshotHere, Buffer.alloc(0)),
    bytes('a snapshot with half a codec', snapshotHere, Buffer.from([0x80])),
  ];
}

process.stdout.write(JSON.stringify([...sound(), ...unsound()], null, 1) + '\n');
