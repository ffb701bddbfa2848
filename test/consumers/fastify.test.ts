import { expect } from 'chai';
import { Project } from './support/project';
import { behaves, type Running, signingSecret, start } from './support/running';

let built: Promise<Project> | undefined;
async function build(): Promise<Project> {
  const project = await Project.install('example/fastify');
  await project.bin('tsc');
  return project;
}

for (const [sessions, plugin] of [
  ['server', '@fastify/session'],
  ['cookie', '@fastify/secure-session'],
] as const) {
  describe(`Fastify 5 with ${plugin}`, () => {
    let running: Running | undefined;
    before(async () => {
      built ??= build();
      const environment = { SESSIONS: sessions, CRITEO_SIGNING_SECRET: signingSecret };
      running = await start(await built, 'build/server.js', environment);
    });
    after(() => running?.stop());

    behaves(() => running);
  });
}

describe('Fastify 5 with CookieStateStore', () => {
  it('is told what is missing, and works with it', async () => {
    built ??= build();
    const told = await (await built).probe('fastify');
    expect(told['no res']).to.match(/Fastify, `fastify\.addHook\("onRequest", .*request\.res = reply/);
    expect(told['with res']).to.equal('sent to Criteo, with __Host-criteo-login');
  });
});
