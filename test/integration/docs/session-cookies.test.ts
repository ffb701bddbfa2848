import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

// The working directory, because coverage runs a compiled copy of this file in another folder.
const root = process.cwd();
const mounts = /\b(?:use|register)\(\s*(?:session|cookieSession|secureSession)\b/;

function sources(folder: string): [string, string][] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js)$/.test(name) && !/node_modules|\.test\.ts$/.test(name))
    .map((name) => [join(folder, name), readFileSync(join(root, folder, name), 'utf8')]);
}

describe('Session cookies in examples and documentation', () => {
  const files = [...sources('example'), ...sources('test/integration/docs')].filter(([, text]) => mounts.test(text));

  it('are found in at least ten files', () => {
    expect(files.map(([name]) => name)).to.have.length.of.at.least(10);
  });

  for (const [name, text] of files) {
    it(`are httpOnly, have sameSite, and are secure in production: ${name}`, () => {
      const cookies =
        text.match(/cookieSession\(\{[^}]*\}|cookie(?:: | = )\{[^}]*\}|session\(\{ httpOnly[^}]*\}/g) ?? [];
      expect(cookies).not.to.deep.equal([]);
      for (const cookie of cookies) {
        expect(cookie)
          .to.include('httpOnly: true')
          .and.match(/sameSite: '(lax|strict)'/);
        if (!text.includes('and not secure:')) expect(cookie).to.match(/\bsecure\b/);
      }
    });
  }
});
