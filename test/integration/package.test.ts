import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { version } from '../../lib/util/version';

// Not by this file's place: coverage runs a compiled copy of it from elsewhere.
const root = process.cwd();
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

describe('the package', () => {
  it('tells Criteo the version that package.json has', () => {
    expect(version).to.equal((JSON.parse(read('package.json')) as { version: string }).version);
  });

  it('locks its dependencies without saying where they were downloaded', () => {
    expect(read('package-lock.json')).to.not.match(/"resolved"|https?:\/\/[^"]*\.tgz/);
  });
});
