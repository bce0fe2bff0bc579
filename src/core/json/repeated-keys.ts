import { countMembers } from './scan.ts';

/**
 * Tells whether an object anywhere in a JSON text gives a key twice: then the text has more members than its value.
 *
 * @param value - what JSON.parse made of the text
 */
export function hasRepeatedKeys(text: string, value: unknown): boolean {
  return countMembers(text) !== countKeys(value);
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
