// C0 and C1 controls, line separators and direction overrides: what could move a terminal's cursor or hide text.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const SHOWN_AT_MOST = 160;

/** Gives a text from outside in double quotes, shortened in the middle, with nothing a terminal would obey. */
export function quote(text: string): string {
  const shown = text.length > SHOWN_AT_MOST ? `${text.slice(0, SHOWN_AT_MOST - 40)} … ${text.slice(-20)}` : text;
  return escapeControls(JSON.stringify(shown.toWellFormed()));
}

/** Gives a text with its control characters written as `\u....`; a path stays readable, a terminal stays safe. */
export function escapeControls(text: string): string {
  return text.replace(UNPRINTABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Gives a text as one word of a shell command; a person may paste it, so nothing in it is obeyed. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
