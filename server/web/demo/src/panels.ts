// Sharing, and what weir is.
import { type Address, pathOf, socketOrigin, yjsSnippet } from './address';
import { byId, makeCopyButton } from './dom';

function setUpShare(address: Address): void {
  const link = new URL(pathOf(address), location.origin).href;
  const field = byId<HTMLInputElement>('share-link');
  field.value = link;
  field.addEventListener('focus', () => field.select());
  makeCopyButton(byId<HTMLButtonElement>('share-copy'), () => link);
  byId('share-local').hidden = !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);
  const data: ShareData = { title: address.document, text: 'Write with me', url: link };
  const system = byId<HTMLButtonElement>('share-system');
  system.hidden = typeof navigator.share !== 'function';
  system.addEventListener('click', () => {
    navigator.share(data).catch(() => undefined); // Closing the system's sheet is an answer, too.
  });
}

function setUpAbout(address: Address): void {
  const snippet = yjsSnippet(socketOrigin(location), address);
  byId('snippet').textContent = snippet;
  makeCopyButton(byId<HTMLButtonElement>('snippet-copy'), () => snippet);
  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    for (const key of document.querySelectorAll('[data-mod]')) key.textContent = '⌘';
  }
}

/** A menu closes when one of its items has been chosen; opening a panel from it moves on to that panel. */
function setUpMenu(): void {
  const menu = byId('menu');
  for (const item of menu.querySelectorAll('[popovertarget]')) {
    item.addEventListener('click', () => menu.hidePopover());
  }
}

export function setUpPanels(address: Address): void {
  setUpShare(address);
  setUpAbout(address);
  setUpMenu();
}
