// One process at a time has a store: a file beside it that only one can create, with the name of its owner inside. A lock
// whose owner is dead is taken over; whether one on another machine is dead cannot be known, so it stays.

import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';

import { StoreLockedError } from '../store/errors.js';

interface Owner {
  host: string;
  pid: number;
  /** When that process was started, as far as the system tells: a pid is used again. */
  started: string;
  id: string;
}

/** Resolves to what gives the lock back; rejects with StoreLockedError. */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const mine: Owner = { host: hostname(), pid: process.pid, started: await startOf(process.pid), id: randomUUID() };
  const draft = `${path}.${mine.id}`;
  await writeDurably(draft, JSON.stringify(mine));
  try {
    // Linking fails when the name is there, and the file appears with its contents.
    while (!(await made(link(draft, path)))) await removeDead(path, draft);
  } finally {
    await rm(draft, { force: true });
  }
  return async () => {
    if ((await ownerOf(path))?.id === mine.id) await rm(path, { force: true });
  };
}

/** A power failure must not leave a lock of which nobody can tell whose it was. */
async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function removeDead(path: string, draft: string): Promise<void> {
  const owner = await ownerOf(path);
  if (owner === null) return; // given back just now
  if (await isAlive(owner)) {
    const where = owner.host === hostname() ? `process ${owner.pid}` : `process ${owner.pid} on ${owner.host}`;
    throw new StoreLockedError(
      `${path}: ${where} has this store open; remove the file if that process is gone for good`,
    );
  }
  // Of several that see a dead owner one gets the file away. If it was a new owner's by then, that one gets it back.
  const aside = `${draft}.dead`;
  if (!(await made(rename(path, aside)))) return;
  if ((await ownerOf(aside))?.id !== owner.id) await made(link(aside, path));
  await rm(aside, { force: true });
}

async function isAlive(owner: Owner): Promise<boolean> {
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = await startOf(owner.pid);
  if (started === dead) return false;
  return started === '' || owner.started === '' || started === owner.started;
}

/** Null when there is none. One that cannot be read counts as somebody's. */
async function ownerOf(path: string): Promise<Owner | null> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    if (typeof owner.pid === 'number' && typeof owner.id === 'string' && typeof owner.host === 'string')
      return { host: owner.host, pid: owner.pid, id: owner.id, started: owner.started ?? '' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  }
  throw new StoreLockedError(`${path}: this lock cannot be read; remove it if no process has the store open`);
}

const dead = 'dead';

/** The system's mark of when a process began; `dead` for one that has ended and waits for its parent; empty where it tells none. */
async function startOf(pid: number): Promise<string> {
  try {
    const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).replace(/^.*\)/s, '').trim().split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return dead;
    return fields[19] ?? ''; // starttime, the 22nd of all
  } catch {
    return '';
  }
}

/** False when the name was taken, or was gone. */
async function made(attempt: Promise<void>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
