// Who is here: the avatars in the header, and the panel with everybody's name and my own to change.
import type { Awareness } from 'y-protocols/awareness';
import { byId } from './dom';
import { announceMe, cleanName, initials, loadMe, palette, type Person, peopleIn, saveColour, saveName, textOn } from './presence';

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

function swatches(onPick: (colour: string) => void): HTMLElement[] {
  return palette.map(({ name, value }) => {
    const label = document.createElement('label');
    label.className = 'swatch';
    label.title = name;
    const input = document.createElement('input');
    input.type = 'radio';
    input.name = 'colour';
    input.value = value;
    input.setAttribute('aria-label', name);
    input.addEventListener('change', () => onPick(value));
    const dot = document.createElement('i');
    dot.style.setProperty('--who', value);
    label.append(input, dot);
    return label;
  });
}

/** A colour nobody here has, when mine is also that of somebody who has it by right: the one with the smaller id. */
function freeColour(people: Person[], mine: Person): string | null {
  if (!people.some(({ clientId, colour }) => colour === mine.colour && clientId < mine.clientId)) return null;
  return palette.find(({ value }) => people.every(({ colour }) => colour !== value))?.value ?? null;
}

export function setUpPeople(awareness: Awareness): void {
  const me = loadMe();
  let hasChosen = false;
  const name = byId<HTMLInputElement>('me-name');
  name.value = me.name;
  name.addEventListener('input', () => {
    const wanted = cleanName(name.value);
    if (wanted === '' || wanted === me.name) return;
    me.name = wanted;
    saveName(me.name);
    announceMe(awareness, me);
  });
  name.addEventListener('change', () => (name.value = me.name));
  const colours = byId('me-colours');
  const showColour = (): void => {
    for (const input of colours.querySelectorAll('input')) input.checked = input.value === me.colour;
  };
  colours.replaceChildren(
    ...swatches((colour) => {
      me.colour = colour;
      hasChosen = true;
      saveColour(me.colour);
      announceMe(awareness, me);
    }),
  );
  byId('me').addEventListener('submit', (event) => {
    event.preventDefault();
    byId('people').hidePopover();
  });
  const refresh = (): void => {
    const people = peopleIn(awareness);
    show(people);
    // Two windows of one browser begin alike: one steps aside for as long as it is open.
    const mine = people.find(({ isMe }) => isMe);
    const free = mine && !hasChosen ? freeColour(people, mine) : null;
    if (free === null) return;
    me.colour = free;
    showColour();
    announceMe(awareness, me);
  };
  awareness.on('change', refresh);
  matchMedia('(max-width: 40rem)').addEventListener('change', refresh);
  announceMe(awareness, me);
  showColour();
  refresh();
}
