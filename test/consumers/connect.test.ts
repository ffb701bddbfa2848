import { Project } from './support/project';
import { behaves, type Running, signingSecret, start } from './support/running';

describe('Connect', () => {
  let running: Running | undefined;
  before(async () => {
    const project = await Project.install('example/connect');
    running = await start(project, 'server.js', { CRITEO_SIGNING_SECRET: signingSecret });
  });
  after(() => running?.stop());

  behaves(() => running);
});
