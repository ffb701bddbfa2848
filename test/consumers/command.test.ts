import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { Project, run } from './support/project';

describe('The packed command', () => {
  let project: Project;
  let sandbox: Sandbox;
  before(async () => {
    project = await Project.install('test/consumers/bare');
    sandbox = await createSandbox();
  });
  after(() => sandbox.close());

  const npx = (...args: string[]): Promise<string> =>
    run(project.path, 'npx', ['--no-install', 'passport-criteo', ...args]);

  it('is there after an installation, and says its version', async () => {
    expect(await npx('--version')).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it('checks an app whose variables are in a file', async () => {
    const { clientID, clientSecret } = sandbox.app;
    const lines = [
      `CRITEO_CLIENT_ID=${clientID}`,
      `CRITEO_CLIENT_SECRET='${clientSecret}'`,
      `CRITEO_API_URL=${sandbox.url}`,
    ];
    await writeFile(join(project.path, '.env'), lines.join('\n'));
    expect(await npx('check', '--env-file', '.env')).to.match(/^ok {7}Client id and secret: /m);
  });

  it('starts a sandbox, with the schema of its configuration beside it', async () => {
    const config = { $schema: './node_modules/passport-criteo/dist/sandbox/config.schema.json', port: 0, seed: 'a' };
    await writeFile(join(project.path, 'sandbox.json'), JSON.stringify(config));
    const schema = await project.node(
      '--print',
      "typeof require('passport-criteo/sandbox/config.schema.json').properties",
    );
    expect(schema).to.equal('object\n');
    const command = join(project.path, 'node_modules/.bin/passport-criteo');
    const child = spawn(command, ['sandbox', '--json', '--config', 'sandbox.json'], { cwd: project.path });
    const [text] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const { url } = JSON.parse(text) as { url: string };
    expect((await fetch(`${url}/2026-07/advertisers/me`)).status).to.equal(401);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });

  it('brings no declarations of its inside', async () => {
    const files = await project.node(
      '--print',
      "require('fs').readdirSync('node_modules/passport-criteo/dist/cli').join()",
    );
    expect(files).to.equal('bin.js\n');
  });
});
