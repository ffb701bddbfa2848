import { Project } from './support/project';
import { behaves, type Running, signingSecret, start } from './support/running';

describe('Koa 3', () => {
  let running: Running | undefined;
  before(async () => {
    const project = await Project.install('example/koa');
    await project.bin('tsc');
    running = await start(project, 'build/server.js', { CRITEO_SIGNING_SECRET: signingSecret });
  });
  after(() => running?.stop());

  behaves(() => running);
});
