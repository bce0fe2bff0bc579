import { readBoundedFile } from '../host/file.ts';
import { JSON_DEFINITION_LIMIT } from '../host/hook-directories.ts';

/** Gives a reader of files for excerpts in messages: each is read once, and one that cannot be read has no excerpt. */
export function excerptReader(): (path: string) => string | undefined {
  const texts = new Map<string, string | undefined>();
  return (path) => {
    if (!texts.has(path)) {
      const content = readBoundedFile(path, JSON_DEFINITION_LIMIT);
      texts.set(path, content.kind === 'content' ? content.bytes.toString() : undefined);
    }
    return texts.get(path);
  };
}
