import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { withoutMark } from '../util/json';
import { UsageError } from './usage';

/** Reads a variable; an empty one counts as not set. */
export type Variables = (name: string) => string | undefined;

/**
 * Returns the variables of the environment and of a file. The environment wins, as with node's own `--env-file`;
 * neither is changed.
 *
 * @throws {UsageError} the file cannot be read.
 */
export function readVariables(env: Readonly<Record<string, string | undefined>>, file: string | undefined): Variables {
  const parsed = file === undefined ? {} : parse(file);
  return (name) => env[name] || parsed[name] || undefined;
}

function parse(file: string): Record<string, string | undefined> {
  try {
    const text = withoutMark(readFileSync(file, 'utf8'));
    // Windows PowerShell 5 writes UTF-16 with `>`.
    if (text.includes('\0')) throw new UsageError(`--env-file ${file}: it is not UTF-8 text. Save it as UTF-8.`);
    return parseEnv(text.replace(/\r\n?/g, '\n')) as Record<string, string>;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code ?? 'unknown error'})`;
    throw new UsageError(`--env-file ${file}: ${why}.`);
  }
}
