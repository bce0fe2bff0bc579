import type { Random } from './random.ts';

/** A member of an object: its name, and its value as JSON text. */
export type Member = readonly [name: string, valueText: string];

const SPACES = ['', '', '', ' ', '\n', '\r\n', '\t', '  \n\t'];
const VALUES = [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '1.5',
  '1e3',
  '""',
  '"text"',
  '[]',
  '{}',
  '[null]',
  '["a"]',
  '[1]',
  '{"a":"b"}',
  '{"path":"/bin/sh"}',
  '[[]]',
];

/** Gives any JSON value, of a type that is likely to be wrong. */
export function oddValue(random: Random): string {
  return random.pick(VALUES);
}

/** Writes an object; when `odd`, with spacing and escapes that JSON allows and few writers use. */
export function objectText(random: Random, members: readonly Member[], odd: boolean): string {
  const space = (): string => (odd ? random.pick(SPACES) : '');
  return `${space()}{${members
    .map(([name, value]) => `${space()}${stringText(random, name, odd)}${space()}:${space()}${value}${space()}`)
    .join(',')}${space()}}${space()}`;
}

/** Writes a string; when `odd`, some characters as escapes, and now and then a lone surrogate or a byte not UTF-8. */
export function stringText(random: Random, text: string, odd: boolean): string {
  const plain = JSON.stringify(text);
  if (!odd || !random.chance(0.3)) return plain;
  const written = [...text].map((character) => {
    if (!random.chance(0.3)) return JSON.stringify(character).slice(1, -1);
    if (character === '/') return '\\/';
    return [...Array(character.length).keys()].map((index) => unitEscape(random, character.charCodeAt(index))).join('');
  });
  if (random.chance(0.04))
    written.splice(
      random.below(written.length + 1),
      0,
      random.pick(['\\ud800', '\\udc00', '\ue000', '\\uD83D\\u0041']),
    );
  return `"${written.join('')}"`;
}

/** Encodes a text for a file; U+E000 stands for the byte FF, which is never UTF-8. */
export function fileBytes(text: string): Buffer {
  return Buffer.concat(
    text
      .split('\ue000')
      .flatMap((part, index) => (index === 0 ? [Buffer.from(part)] : [Buffer.of(0xff), Buffer.from(part)])),
  );
}

function unitEscape(random: Random, unit: number): string {
  const hexadecimal = unit.toString(16).padStart(4, '0');
  return `\\u${random.chance(0.5) ? hexadecimal : hexadecimal.toUpperCase()}`;
}
