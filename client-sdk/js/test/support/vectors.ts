// The golden vectors of proto/vectors, and the .proto itself by another implementation.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import protobuf from 'protobufjs';

import type { ClientEvent, ServerEvent } from '../../src/wire/events.js';

// The tests run in the package's folder.
const protoFolder = resolve('../../proto');

export interface FrameVector {
  name: string;
  from: 'client' | 'server';
  hex: string;
  events: { [field: string]: unknown; type: string }[];
}

export interface ChainVector {
  space: string;
  document: string;
  start: string;
  records: { producer: string; sequence: string; codec: number; payload: string; chain: string }[];
}

export function readVectors<Vector>(file: string): Vector[] {
  return JSON.parse(readFileSync(resolve(protoFolder, 'vectors', file), 'utf8')) as Vector[];
}

export function schema(): protobuf.Root {
  return protobuf.loadSync(resolve(protoFolder, 'weir/v1/sync.proto'));
}

const bytesFields = new Set(['producer', 'chain', 'payload', 'data', 'key', 'hash']);
const bigFields = new Set(['epoch', 'nonce', 'session']);
const textFields = new Set(['token', 'client', 'space', 'serverVersion', 'durability', 'message', 'address', 'reason']);

/** A vector's event in this library's shape: camel case, Uint8Array, number, bigint. */
export function fromVector(event: FrameVector['events'][number]): ClientEvent | ServerEvent {
  const { type, ...fields } = event;
  return { kind: kindOf(type), ...(convert(fields) as object) } as ClientEvent | ServerEvent;
}

function kindOf(type: string): string {
  return type === 'set_presence' ? 'presence' : camel(type);
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function convert(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => convert(item, name));
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, inner]) => [camel(key), convert(inner, camel(key))]);
    const object = Object.fromEntries(pairs) as { [field: string]: unknown };
    if (typeof object.type === 'string') {
      object.kind = kindOf(object.type);
      delete object.type;
    }
    return object;
  }
  if (typeof value !== 'string') return value;
  if (bytesFields.has(name)) return new Uint8Array(Buffer.from(value, 'hex'));
  if (bigFields.has(name)) return BigInt(value);
  return textFields.has(name) || !/^\d+$/.test(value) ? value : Number(value);
}

/** True when a vector holds a number that this library keeps as a number and cannot hold exactly. */
export function holdsTooLarge(value: unknown, name = ''): boolean {
  if (Array.isArray(value)) return value.some((item) => holdsTooLarge(item, name));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).some(([key, inner]) => holdsTooLarge(inner, camel(key)));
  if (typeof value !== 'string' || bytesFields.has(name) || bigFields.has(name) || textFields.has(name)) return false;
  return /^\d+$/.test(value) && BigInt(value) > BigInt(Number.MAX_SAFE_INTEGER);
}
