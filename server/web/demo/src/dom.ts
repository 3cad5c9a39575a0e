// Small helpers for the page's own elements.

/** The element with this id; its absence is a mistake in index.html. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element as Element as T;
}

export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.classList.add('icon');
  svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'use'));
  setIcon(svg, name);
  return svg;
}

export function setIcon(svg: Element, name: string): void {
  svg.querySelector('use')?.setAttribute('href', `#icon-${name}`);
}

export function button(label: string, onClick: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'button';
  element.textContent = label;
  element.addEventListener('click', onClick);
  return element;
}

/** Says `words` to screen readers, once things have been quiet for a moment. */
let announcement = 0;
export function announce(words: string): void {
  clearTimeout(announcement);
  announcement = window.setTimeout(() => {
    byId('announcer').textContent = words;
  }, 800);
}

/** True when the text is on the clipboard. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not a secure context, or not allowed: the old way works from a click.
    const area = document.createElement('textarea');
    area.value = text;
    area.readOnly = true;
    area.className = 'visually-hidden';
    const dialog = document.querySelector(':popover-open') ?? document.body;
    const focused = document.activeElement;
    dialog.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return copied;
  }
}

/** Copies on click, and says so on the button for a while. */
export function makeCopyButton(element: HTMLButtonElement, what: () => string): void {
  const label = element.querySelector('.label');
  const words = label?.textContent ?? '';
  const name = element.getAttribute('aria-label');
  const svg = element.querySelector('svg');
  let timer = 0;
  const show = (copied: boolean | null): void => {
    element.dataset['copied'] = String(copied === true);
    if (svg) setIcon(svg, copied ? 'check' : 'copy');
    if (label) label.textContent = copied === null ? words : copied ? 'Copied' : 'Press Ctrl+C';
    if (name !== null) element.setAttribute('aria-label', copied ? 'Copied' : name);
  };
  element.addEventListener('click', async () => {
    const copied = await copyText(what());
    clearTimeout(timer);
    show(copied);
    announce(copied ? 'Copied' : 'Copying is blocked here: select the text and copy it with the keyboard.');
    timer = window.setTimeout(() => show(null), 2400);
  });
}
