import { expect } from 'chai';
import { Project } from './support/project';
import { behaves, type Running, signingSecret, start } from './support/running';

describe('Express 4', () => {
  let project: Project;
  let running: Running | undefined;
  before(async () => {
    project = await Project.install('example/express4');
    running = await start(project, 'server.js', { CRITEO_SIGNING_SECRET: signingSecret });
  });
  after(() => running?.stop());

  it('is what is installed', async () => {
    const [version, ...others] = await project.versions('express');
    expect(version).to.match(/^4\./);
    expect(others).to.deep.equal([]);
  });

  behaves(() => running);

  it('speaks with Criteo once there are credentials', async () => {
    const real = await start(project, 'server.js', { CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret' });
    const { headers } = await fetch(`${real.home}/criteo-auth`, { redirect: 'manual' });
    await real.stop();
    expect(headers.get('location')).to.match(/^https:\/\/consent\.criteo\.com\/request\?.*client_id=id/);
  });
});
