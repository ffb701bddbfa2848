import { version } from '../util/version';
import { checkCommand } from './check-command';
import { generalHelp } from './help';
import { sandboxCommand } from './sandbox/sandbox-command';
import type { Terminal } from './terminal';
import { UsageError } from './usage';

const commands = { check: checkCommand, sandbox: sandboxCommand };

/**
 * Runs one command.
 *
 * @param args what follows the program's name.
 * @returns the exit status: 0, 1 (something is wrong) or 2 (wrong usage).
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out(generalHelp);
    return 0;
  }
  if (name === '--version') {
    terminal.out(`${version}\n`);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) {
    terminal.err(name === '' ? generalHelp : `passport-criteo: there is no command "${name}".\n\n${generalHelp}`);
    return 2;
  }
  try {
    return await commands[name as keyof typeof commands](rest, terminal);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    terminal.err(`passport-criteo ${name}: ${message}\n`);
    if (!(error instanceof UsageError)) return 1;
    terminal.err(`See: passport-criteo ${name} --help\n`);
    return 2;
  }
}
