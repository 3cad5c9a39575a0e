// Who is here: the avatars in the header, and the panel with everybody's name and my own to change.
import type { Awareness } from 'y-protocols/awareness';
import { byId } from './dom';
import { announceMe, cleanName, initials, loadMe, type Me, palette, type Person, peopleIn, saveMe, textOn } from './presence';

const avatarsMax = 4;

function avatar(person: Person): HTMLElement {
  const element = document.createElement('span');
  element.className = 'avatar';
  element.style.setProperty('--who', person.colour);
  element.style.setProperty('--on-who', textOn(person.colour));
  element.textContent = initials(person.name);
  element.setAttribute('aria-hidden', 'true');
  return element;
}

function moreAvatar(count: number): HTMLElement {
  const element = document.createElement('span');
  element.className = 'avatar avatar-more';
  element.textContent = `+${count}`;
  element.setAttribute('aria-hidden', 'true');
  return element;
}

function listItem(person: Person): HTMLElement {
  const item = document.createElement('li');
  const name = document.createElement('span');
  name.className = 'name';
  name.textContent = person.name;
  item.append(avatar(person), name);
  if (person.isMe) {
    const you = document.createElement('span');
    you.className = 'you';
    you.textContent = '(you)';
    item.append(you);
  }
  return item;
}

function show(people: Person[]): void {
  // On a phone two avatars fit; the width is looked at each time, which is rarely.
  const room = matchMedia('(max-width: 40rem)').matches ? 2 : avatarsMax;
  const shown = people.length > room ? people.slice(0, room - 1) : people;
  const hidden = people.length - shown.length;
  byId('avatars').replaceChildren(...shown.map(avatar), ...(hidden > 0 ? [moreAvatar(hidden)] : []));
  byId('people-list').replaceChildren(...people.map(listItem));
  const others = people.filter(({ isMe }) => !isMe).map(({ name }) => name);
  const words = others.length === 0 ? 'Only you are here' : `Here: you, ${others.join(', ')}`;
  byId('people-button').setAttribute('aria-label', `${words}. Change your name or colour`);
  byId('people-button').title = words;
}

function swatches(me: Me, onPick: (colour: string) => void): HTMLElement[] {
  return palette.map(({ name, value }) => {
    const label = document.createElement('label');
    label.className = 'swatch';
    label.title = name;
    const input = document.createElement('input');
    input.type = 'radio';
    input.name = 'colour';
    input.value = value;
    input.checked = value === me.colour;
    input.setAttribute('aria-label', name);
    input.addEventListener('change', () => onPick(value));
    const dot = document.createElement('i');
    dot.style.setProperty('--who', value);
    label.append(input, dot);
    return label;
  });
}

export function setUpPeople(awareness: Awareness): void {
  const me = loadMe();
  const tell = (): void => {
    saveMe(me);
    announceMe(awareness, me);
  };
  const name = byId<HTMLInputElement>('me-name');
  name.value = me.name;
  name.addEventListener('input', () => {
    const wanted = cleanName(name.value);
    if (wanted === '' || wanted === me.name) return;
    me.name = wanted;
    tell();
  });
  name.addEventListener('change', () => (name.value = me.name));
  byId('me-colours').replaceChildren(
    ...swatches(me, (colour) => {
      me.colour = colour;
      tell();
    }),
  );
  byId('me').addEventListener('submit', (event) => {
    event.preventDefault();
    byId('people').hidePopover();
  });
  const refresh = (): void => show(peopleIn(awareness));
  awareness.on('change', refresh);
  matchMedia('(max-width: 40rem)').addEventListener('change', refresh);
  announceMe(awareness, me);
  refresh();
}
