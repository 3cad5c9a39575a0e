// Light, dark, or as the system says. theme.js applies the choice before the first paint; this changes it.
import { setIcon } from './dom';
import { readSetting, writeSetting } from './storage';

const order = ['system', 'light', 'dark'] as const;
type Appearance = (typeof order)[number];
const words: Record<Appearance, string> = { system: 'automatic', light: 'light', dark: 'dark' };

function current(): Appearance {
  const chosen = readSetting('appearance');
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

function show(appearance: Appearance): void {
  if (appearance === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = appearance;
  const metas = document.querySelectorAll<HTMLMetaElement>('meta[name=theme-color]');
  metas.forEach((meta, index) => {
    const own = index === 0 ? 'light' : 'dark';
    meta.media = appearance === 'system' ? `(prefers-color-scheme: ${own})` : own === appearance ? 'all' : 'not all';
  });
  for (const element of document.querySelectorAll('[data-appearance-button]')) {
    const title = `Appearance: ${words[appearance]}`;
    const label = element.querySelector('.label');
    if (label) label.textContent = title;
    else element.setAttribute('title', title);
    element.setAttribute('aria-label', title);
    const svg = element.querySelector('svg');
    if (svg) setIcon(svg, appearance);
  }
}

export function setUpAppearance(): void {
  show(current());
  for (const element of document.querySelectorAll('[data-appearance-button]')) {
    element.addEventListener('click', () => {
      const next = order[(order.indexOf(current()) + 1) % order.length] ?? 'system';
      writeSetting('appearance', next === 'system' ? null : next);
      show(next);
    });
  }
}
