/** Collects the warnings of this process during each test. The list is empty at the start of a test. */
export function collectWarnings(): (Error & { code?: string })[] {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  before(() => process.on('warning', listen));
  after(() => process.off('warning', listen));
  beforeEach(() => warnings.splice(0));
  return warnings;
}
