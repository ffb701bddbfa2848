import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { version } from '../../lib/util/version';

// The working directory, because coverage runs a compiled copy of this file in another folder.
const root = process.cwd();
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

describe('The package', () => {
  it('sends Criteo the version in package.json', () => {
    expect(version).to.equal((JSON.parse(read('package.json')) as { version: string }).version);
  });

  it('has a lock file without download addresses', () => {
    expect(read('package-lock.json')).to.not.match(/"resolved"|https?:\/\/[^"]*\.tgz/);
  });
});
