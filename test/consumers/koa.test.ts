import { expect } from 'chai';
import { CookieClient } from '../support/cookie-client';
import { Project } from './support/project';
import { behaves, decide, type Running, signedIn, signingSecret, start } from './support/running';

describe('Koa 3', () => {
  let project: Project;
  let running: Running | undefined;
  before(async () => {
    project = await Project.install('example/koa');
    await project.bin('tsc');
    running = await start(project, 'build/server.js', { CRITEO_SIGNING_SECRET: signingSecret });
  });
  after(() => running?.stop());

  behaves(() => running);

  it('keeps nothing of the session before in the session of the user who signs in', async () => {
    const client = new CookieClient(running?.home);
    await decide(client, '/criteo-connect');
    await decide(client, '/criteo-auth');
    expect(await signedIn(client)).to.deep.include({ connected: [] });
  });

  it('is told what is missing, where there is no session; a CookieStateStore misses nothing', async () => {
    const told = await project.probe('koa');
    expect(told['no session']).to.match(/no req\.session: mount session middleware/);
    expect(told['cookies']).to.equal('sent to Criteo, with __Host-criteo-login');
  });
});
