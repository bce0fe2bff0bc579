const ENCODER = new TextEncoder();
// A text that begins with U+FEFF keeps it: it is part of a path or an argument.
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Gives a text as C takes it: its bytes, ended by NUL. */
export function terminatedText(text: string): Uint8Array {
  return ENCODER.encode(`${text}\0`);
}

/** Gives bytes as text; those that are no UTF-8 become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}
