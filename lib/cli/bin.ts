#!/usr/bin/env node
import { run } from './main';
import { processTerminal } from './terminal';

const terminal = processTerminal();
void run(process.argv.slice(2), terminal).then((status) => {
  process.exitCode = status;
  // After Ctrl-C or SIGTERM, a reader that does not read must not keep the process alive.
  if (terminal.signal.aborted) setTimeout(() => process.exit(), 1_000);
  // Sockets of a check that was stopped would keep the process alive; the empty write waits for what is printed.
  process.stdout.write('', () => process.exit());
});
