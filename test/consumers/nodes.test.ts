import { join } from 'node:path';
import { expect } from 'chai';
import { Project, run } from './support/project';

// As the registry has them, each in a package of its own.
const others = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) ? [22, 24, 26] : [];
const binary = `node-linux-${process.arch}`;
const flags = ['--pending-deprecation', '--throw-deprecation'];

for (const version of [Number(process.versions.node.split('.')[0]), ...others]) {
  describe(`Node ${version}, where deprecations are errors`, () => {
    let project: Project;
    let node = process.execPath;
    before(async () => {
      const bring = others.includes(version) ? { [`node-${version}`]: `npm:${binary}@${version}` } : {};
      project = await Project.install('test/consumers/project', { dependencies: bring });
      if (others.includes(version)) node = join(project.path, `node_modules/node-${version}/bin/node`);
    });

    it('is what runs', async () => {
      expect(await run(project.path, node, ['-p', 'process.version'])).to.match(new RegExp(`^v${version}\\.`));
    });

    for (const file of ['login.cjs', 'login.mjs']) {
      it(`signs a person in: ${file}`, async () => {
        const printed = await run(project.path, node, [...flags, 'print.cjs', `./${file}`]);
        expect(printed).to.equal('signed in as Northwind Outdoor and 4 more\n');
      });
    }

    it('gets tokens, refreshes, fetches and takes consents', async () => {
      expect(await run(project.path, node, [...flags, 'tokens.mjs'])).to.equal(
        'refreshed 2, fetched 200, granted 13\n',
      );
    });
  });
}
