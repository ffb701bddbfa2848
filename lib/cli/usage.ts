import { parseArgs } from 'node:util';

/** The user made a mistake on the command line or in the environment. The message names the flag or the variable. */
export class UsageError extends Error {}

/** A flag: with a value or without, given once or several times. */
interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
}

/** The values of flags, as the user gave them. */
export type FlagValues<T extends Readonly<Record<string, Flag>>> = {
  readonly [Name in keyof T]?:
    | (T[Name]['type'] extends 'boolean' ? boolean : T[Name] extends { multiple: true } ? string[] : string)
    | undefined;
};

/**
 * Reads the flags of a command.
 *
 * @throws {UsageError} naming the flag that is wrong.
 */
export function readFlags<const T extends Readonly<Record<string, Flag>>>(
  args: readonly string[],
  options: T,
): FlagValues<T> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values as FlagValues<T>;
  } catch (error) {
    const { message } = error as Error;
    // What follows the first sentence is about positional arguments, of which there are none here.
    throw new UsageError(message.split(/\. |\n/, 1)[0]?.replace(/\.?$/, '.'));
  }
}

/**
 * Reads a whole number.
 *
 * @throws {UsageError} naming the flag.
 */
export function wholeNumber(flag: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  throw new UsageError(`${flag} is "${text}": it must be a whole number from ${least} to ${most}.`);
}
