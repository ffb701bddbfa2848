import { expect } from 'chai';
import { filesUnder, read } from './support';

const { author, scripts, version } = JSON.parse(read('package.json')) as {
  author: string;
  version: string;
  scripts: Record<string, string>;
};

describe('The repository', () => {
  it('runs the same CI script on every supported Node.js version', () => {
    expect(read('.github/workflows/ci.yml')).to.contain('run: .ci/run').and.contain('node: [20, 22, 24, 26]');
    expect(read('.github/workflows/release.yml')).to.contain('uses: ./.github/workflows/ci.yml');
  });

  it('runs only scripts of package.json in CI', () => {
    const named = [...read('.ci/run').matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name);
    expect(named).to.include('docs:check');
    expect(Object.keys(scripts)).to.include.members(named);
  });

  it('publishes with provenance, without a token and without a registry’s name', () => {
    const release = read('.github/workflows/release.yml');
    expect(release).to.contain('npm publish --provenance').and.contain('id-token: write');
    for (const path of filesUnder('.github', /\.yml$/)) expect(read(path)).to.not.match(/secrets\.|registry\./i);
  });

  it('asks for code, traceId and versions in its issue templates', () => {
    for (const path of filesUnder('.github/ISSUE_TEMPLATE', /(mistake|criteo)\.yml$/)) {
      expect(read(path))
        .to.match(/label: code\b/)
        .and.match(/label: traceId\b/)
        .and.match(/label: Versions\b/);
    }
  });

  it('names one version in package.json, in the lock file and at the top of the changelog', () => {
    // A release is refused if the changelog lacks its version: .github/workflows/release.yml.
    const [, latest] = /^## (\S+)/m.exec(read('CHANGELOG.md')) ?? [];
    const lock = JSON.parse(read('package-lock.json')) as { version: string; packages: Record<string, typeof lock> };
    expect([latest, lock.version, lock.packages['']?.version]).to.deep.equal([version, version, version]);
  });

  it('names the authors in its licence', () => {
    expect(author).to.equal('the passport-criteo authors');
    expect(read('LICENSE')).to.contain(author);
  });
});
