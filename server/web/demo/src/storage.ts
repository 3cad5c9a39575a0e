// Small settings of this browser: name, colour, appearance. Where storage is blocked they last as long as the page.
const memory = new Map<string, string>();

export function readSetting(key: string): string | null {
  try {
    return localStorage.getItem(`weir.${key}`) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

/** `null` forgets the setting. */
export function writeSetting(key: string, value: string | null): void {
  if (value === null) memory.delete(key);
  else memory.set(key, value);
  try {
    if (value === null) localStorage.removeItem(`weir.${key}`);
    else localStorage.setItem(`weir.${key}`, value);
  } catch {
    // Blocked or full: the copy in memory serves.
  }
}
