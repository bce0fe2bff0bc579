import { countMembers } from './scan.ts';

/**
 * Tells whether an object anywhere in a JSON text gives a key twice: then the text has more members than its value.
 *
 * @param value - what JSON.parse made of the text
 */
export function hasRepeatedKeys(text: string, value: unknown): boolean {
  return hasMoreMembers(text, countKeys(value));
}

/** Tells whether a JSON text has more members, at any depth, than so many. */
export function hasMoreMembers(text: string, members: number): boolean {
  // Each member has a colon behind its key; when there are no other colons there is no need to look which are in strings.
  return countColons(text) !== members && countMembers(text) !== members;
}

function countColons(text: string): number {
  let colons = 0;
  for (let index = text.indexOf(':'); index >= 0; index = text.indexOf(':', index + 1)) colons++;
  return colons;
}

/** Counts the object keys of a value at any depth, without recursion. */
function countKeys(value: unknown): number {
  let keys = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const current = open.pop();
    if (typeof current !== 'object' || current === null) continue;
    const inner = Object.values(current);
    if (!Array.isArray(current)) keys += inner.length;
    for (const part of inner) if (typeof part === 'object' && part !== null) open.push(part);
  }
  return keys;
}
