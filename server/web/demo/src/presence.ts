// Who is here. What others say about themselves comes from the network: it is read as unknown and cut to size.
import type { Awareness } from 'y-protocols/awareness';
import { randomPersonName } from './address';
import { readSetting, writeSetting } from './storage';

export interface Colour {
  name: string;
  value: string;
}

/** Each carries white text at 4.5:1 or better. */
export const palette: readonly Colour[] = [
  { name: 'Teal', value: '#0f766e' },
  { name: 'Blue', value: '#2461c7' },
  { name: 'Violet', value: '#7748b8' },
  { name: 'Magenta', value: '#b02f78' },
  { name: 'Red', value: '#bf3b27' },
  { name: 'Amber', value: '#935e08' },
  { name: 'Green', value: '#3b751b' },
  { name: 'Slate', value: '#4f5f77' },
];

export interface Person {
  clientId: number;
  name: string;
  colour: string;
  isMe: boolean;
}

export const nameLengthMax = 32;

const colourOf = (index: number): string => palette[index % palette.length]?.value ?? '#0f766e';

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** One line, no control or direction-changing characters, of bearable length. */
export function cleanName(value: unknown): string {
  if (typeof value !== 'string') return '';
  return Array.from(value.slice(0, 200).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim())
    .slice(0, nameLengthMax)
    .join('');
}

export function readPerson(clientId: number, state: unknown, isMe: boolean): Person {
  const user = field(state, 'user');
  const colour = field(user, 'color');
  return {
    clientId,
    name: cleanName(field(user, 'name')) || 'Someone',
    colour: typeof colour === 'string' && /^#[0-9a-f]{6}$/i.test(colour) ? colour : colourOf(clientId),
    isMe,
  };
}

/** Me first, then the others by name. */
export function peopleIn(awareness: Awareness): Person[] {
  const people = [...awareness.getStates()].map(([clientId, state]) =>
    readPerson(clientId, state, clientId === awareness.clientID),
  );
  return people.sort(
    (left, right) =>
      Number(right.isMe) - Number(left.isMe) || left.name.localeCompare(right.name) || left.clientId - right.clientId,
  );
}

export interface Me {
  name: string;
  colour: string;
}

/** My name and colour: kept in this browser, told to those who are here, stored nowhere else. */
export function loadMe(): Me {
  const colour = readSetting('colour');
  const me = {
    name: cleanName(readSetting('name')) || randomPersonName(),
    colour: palette.some(({ value }) => value === colour) ? (colour as string) : colourOf(Math.floor(Math.random() * 8)),
  };
  saveName(me.name);
  saveColour(me.colour);
  return me;
}

export const saveName = (name: string): void => writeSetting('name', name);
export const saveColour = (colour: string): void => writeSetting('colour', colour);

export function announceMe(awareness: Awareness, me: Me): void {
  awareness.setLocalStateField('user', { name: me.name, color: me.colour, colorLight: `${me.colour}33` });
}

export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0] ?? '?'];
  return letters.map((word) => (Array.from(word ?? '')[0] ?? '').toLocaleUpperCase()).join('') || '?';
}

/** Black or white, whichever reads better on `colour` (#rrggbb). */
export function textOn(colour: string): string {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#ffffff' : '#000000';
}
