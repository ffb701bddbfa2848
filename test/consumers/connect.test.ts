import { expect } from 'chai';
import { Project } from './support/project';
import { behaves, type Running, signingSecret, start } from './support/running';

describe('Connect', () => {
  let project: Project;
  let running: Running | undefined;
  before(async () => {
    project = await Project.install('example/connect');
    running = await start(project, 'server.js', { CRITEO_SIGNING_SECRET: signingSecret });
  });
  after(() => running?.stop());

  behaves(() => running);

  it('is told what is missing, where it gives the strategy no session or no response', async () => {
    const told = await project.probe('connect');
    expect(told['no session']).to.match(/no req\.session: mount session middleware/);
    expect(told['no res']).to.match(/Connect .*`req\.res = res` before passport\.authenticate/);
  });
});
