/** A warning of the process, with its code. */
export type Warning = Error & { code?: string };

/** Returns the process warnings that come while something is done. */
export async function warningsOf(act: () => unknown): Promise<Warning[]> {
  const warnings: Warning[] = [];
  const listen = (warning: Warning): number => warnings.push(warning);
  process.on('warning', listen);
  try {
    await act();
    // Node emits them on the next tick.
    await new Promise(setImmediate);
  } finally {
    process.off('warning', listen);
  }
  return warnings;
}
