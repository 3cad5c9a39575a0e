// The saved mark and the offline switch, at the foot of the page.
import type { Connection, ConnectionState } from './connection';
import { announce, byId } from './dom';

/** "saved" may be late, never early: it waits out the pauses between keystrokes. */
const savedDelayMs = 200;

const waitingWords = (count: number): string => (count === 1 ? '1 edit waiting' : `${count} edits waiting`);

export function statusWords({ phase, saved, loaded, pendingCount, problem }: ConnectionState): string {
  const waiting = pendingCount > 0 ? `, ${waitingWords(pendingCount)}` : '';
  switch (phase) {
    case 'connecting':
      return 'Connecting…';
    case 'connected':
      if (!loaded) return 'Fetching the text…';
      return saved ? 'Saved on the relay' : 'Saving…';
    case 'reconnecting':
    case 'away':
      return `Reconnecting…${waiting}`.replace('…,', ',');
    case 'offline':
      return `Offline${waiting}`;
    case 'stopped':
      return problem?.kind === 'deleted' ? 'Document deleted' : `Not connected${waiting}`;
  }
}

/** How high the water stands behind the weir: at its crest when nothing waits, at the top of the raised gate at some forty edits. */
const level = (pendingCount: number): number => Math.min(1, 0.5 + 0.5 * (Math.log2(1 + pendingCount) / Math.log2(41)));

export function setUpStatus(connection: Connection): { flash(): void } {
  const root = byId('status');
  const text = byId('status-text');
  const offline = byId<HTMLButtonElement>('offline');
  let shown = '';
  let timer = 0;

  const show = (state: ConnectionState): void => {
    const words = statusWords(state);
    root.dataset['phase'] = state.phase;
    root.dataset['saved'] = String(state.saved && state.loaded);
    root.dataset['pending'] = String(state.pendingCount);
    root.style.setProperty('--level', level(state.pendingCount).toFixed(3));
    if (words === shown) return;
    shown = words;
    text.textContent = words;
    announce(words);
  };

  connection.onChange((state) => {
    clearTimeout(timer);
    offline.setAttribute('aria-checked', String(state.phase === 'offline'));
    offline.disabled = state.phase === 'stopped';
    const becomesSaved = state.saved && state.loaded && state.phase === 'connected' && root.dataset['saved'] !== 'true';
    if (becomesSaved) timer = window.setTimeout(() => show(state), savedDelayMs);
    else show(state);
  });
  offline.addEventListener('click', () => connection.setOffline(offline.getAttribute('aria-checked') !== 'true'));
  return { flash: () => announce(shown) };
}

export function showWordCount(text: string): void {
  const count = text.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu)?.length ?? 0;
  byId('words').textContent = count === 1 ? '1 word' : `${count.toLocaleString()} words`;
}
