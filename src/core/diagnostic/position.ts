/** A place in a text: line and column from 1, offset from 0; columns and offsets in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** Gives the positions of offsets in one text; its lines are looked for once, at the first call. */
export function positionsIn(text: string): (offset: number) => Position {
  let lineStarts: readonly number[] | undefined;
  return (offset) => {
    lineStarts ??= findLineStarts(text);
    const end = Math.min(Math.max(offset, 0), text.length);
    let line = 0;
    for (let beyond = lineStarts.length; beyond - line > 1; ) {
      const middle = (line + beyond) >> 1;
      if ((lineStarts[middle] ?? 0) <= end) line = middle;
      else beyond = middle;
    }
    return { line: line + 1, column: end - (lineStarts[line] ?? 0) + 1, offset: end };
  };
}

function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0x0a || (unit === 0x0d && text.charCodeAt(index + 1) !== 0x0a)) starts.push(index + 1);
  }
  return starts;
}

/** Gives the position of an offset; CRLF, LF and a lone CR each end one line. */
export function positionAt(text: string, offset: number): Position {
  const end = Math.min(Math.max(offset, 0), text.length);
  let line = 1;
  let lineStart = 0;
  for (let index = 0; index < end; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0x0a || (unit === 0x0d && text.charCodeAt(index + 1) !== 0x0a)) {
      line++;
      lineStart = index + 1;
    }
  }
  return { line, column: end - lineStart + 1, offset: end };
}
