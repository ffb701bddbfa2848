import { expect } from 'chai';
import { Project } from './support/project';
import { behaves, Person, type Running, signingSecret, start } from './support/running';

const versions = {
  11: {},
  12: {
    dependencies: {
      '@nestjs/common': '^12.5.1',
      '@nestjs/core': '^12.5.1',
      '@nestjs/passport': '^12.0.0',
      '@nestjs/platform-express': '^12.5.1',
      '@nestjs/platform-fastify': '^12.5.0',
    },
  },
};

for (const [version, changes] of Object.entries(versions)) {
  // Nest 12 itself is of ES modules.
  for (const type of version === '11' ? (['commonjs'] as const) : (['commonjs', 'module'] as const)) {
    let built: Promise<Project> | undefined;
    const build = async (): Promise<Project> => {
      const project = await Project.install('example/nest', { ...changes, type });
      await project.bin('tsc');
      return project;
    };

    for (const adapter of ['express', 'fastify']) {
      describe(`Nest ${version} on ${adapter}, ${type === 'module' ? 'ES modules' : 'CommonJS'}`, () => {
        let running: Running | undefined;
        before(async () => {
          built ??= build();
          const environment = { ADAPTER: adapter, CRITEO_SIGNING_SECRET: signingSecret };
          running = await start(await built, 'build/main.js', environment);
        });
        after(() => running?.stop());

        it('is what is installed', async () => {
          const [core = ''] = await ((await built)?.versions('@nestjs/core') ?? []);
          expect(core.split('.')[0]).to.equal(version);
        });

        behaves(() => running);

        if (adapter === 'fastify') {
          it('would not redirect without the methods that the example gives to replies; with them, CookieStateStore works', async () => {
            const told = await (await built)?.probe('nest');
            expect(told?.['as it is']).to.equal('res.setHeader is not a function');
            expect(told?.['cookies']).to.match(/^sent to Criteo, with criteo-login/);
          });
        }

        it('takes the application’s own state along, and follows it to no other site', async () => {
          const person = new Person(running?.home ?? '');
          const decide = async (returnTo: string) =>
            (await person.decide(`/criteo-auth?returnTo=${encodeURIComponent(returnTo)}`)).location;
          expect(await decide('/reports?day=1')).to.equal(`${person.home}/reports?day=1`);
          expect(await decide('//evil.example')).to.equal(`${person.home}/`);
        });
      });
    }
  }
}
