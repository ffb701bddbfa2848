import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { Project, root, run, tarball } from './support/project';
import { freePort } from './support/running';

const testing = 'example/testing';
const chromium = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const projects: Record<string, { args?: string[]; env?: Record<string, string>; passed: RegExp }> = {
  mocha: { passed: /5 passing/ },
  node: { passed: /pass 5\n/ },
  // At the same time, each file in a worker of its own.
  vitest: { args: ['--maxWorkers=2'], passed: /Test Files {2}2 passed.*\n.*Tests {2}5 passed/ },
  jest: { args: ['--maxWorkers=2', '--ci', '--json'], passed: /"numPassedTests":5,/ },
  playwright: { args: ['--workers=2'], env: { CHROMIUM: chromium, CI: '1' }, passed: /4 passed/ },
  python: { passed: /6 passed/ },
};

for (const [name, { args = [], env = {}, passed }] of Object.entries(projects)) {
  describe(`Testing with ${name}`, () => {
    it('works as the guide shows it', async () => {
      const project = await Project.install(`${testing}/${name}`);
      const port = String(await freePort());
      const command = ['--silent', 'test', '--', ...args];
      expect(await run(project.path, 'npm', command, { ...process.env, ...env, SANDBOX_PORT: port })).to.match(passed);
    });
  });
}

describe('The sandbox as a service', () => {
  const folder = join(root, testing, 'service');
  let project: Project;
  before(async () => {
    project = await Project.install(`${testing}/service`);
  });

  const running: ChildProcess[] = [];
  after(() => {
    for (const child of running) child.kill('SIGKILL');
  });

  /** Runs a command line as `sh` does, with the port that `sandbox.json` has. */
  const shell = (line: string, env: Record<string, string> = {}) =>
    run(project.path, 'bash', ['-e', '-c', line], { ...process.env, ...env });

  /** Moves the sandbox to a port that is free here; returns its address. */
  async function ownPort(): Promise<string> {
    const port = await freePort();
    const config = JSON.parse(await readFile(join(folder, 'sandbox.json'), 'utf8')) as object;
    await writeFile(join(project.path, 'sandbox.json'), JSON.stringify({ ...config, port }));
    return `http://127.0.0.1:${port}`;
  }

  it('runs in a CI workflow, whose steps are run here', async () => {
    const url = await ownPort();
    const workflow = await readFile(join(folder, 'workflow.yml'), 'utf8');
    const [install, begin, test, log] = steps(workflow);
    expect(install).to.equal('npm install --no-save passport-criteo');
    // The runner ends what a step has left in the background when the job is over.
    const lines = `set -m\n${begin}\ntrap 'kill -- -$!' EXIT\n${test}\n${log}`;
    const printed = await shell(lines, { CRITEO_API_URL: url, SANDBOX_URL: url });
    expect(printed).to.contain('"status":"ok"');
    expect(told(printed)).to.deep.equal(['200', '401', '200', '503', '403']);
    expect(printed).to.match(/Refresh: 200 {2}\(POST \/oauth2\/token, Reports\)/);
  });

  it('runs in a container, whose steps are run here', async () => {
    const url = await ownPort();
    const dockerfile = await readFile(join(folder, 'Dockerfile'), 'utf8');
    const lines = dockerfile.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const of = (word: string) =>
      lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
    expect(of('RUN')).to.deep.equal(['npm install passport-criteo']);
    await rm(join(project.path, 'node_modules'), { recursive: true });
    await shell(`npm install --silent --no-save --prefer-offline ${await tarball()}`);
    for (const file of of('COPY')) expect(file).to.equal('sandbox.json .');
    const [entry, command] = [...of('ENTRYPOINT'), ...of('CMD')].map((list) => JSON.parse(list) as string[]);
    const [program = '', ...args] = [...(entry ?? []), ...(command ?? [])];
    const container = spawn(program, args, { cwd: project.path, stdio: ['ignore', 'pipe', 'ignore'] });
    running.push(container);
    await once(container.stdout, 'data');
    const { port } = new URL(url);
    // As from another container, where the name leads here.
    const named = ['--connect-to', `criteo-sandbox:4300:127.0.0.1:${port}`];
    const health = await run(project.path, 'curl', [...named, 'http://criteo-sandbox:4300/sandbox/api/health']);
    expect(health).to.equal('{"status":"ok","url":"http://criteo-sandbox:4300"}');
    expect(told(await shell('./story.sh', { SANDBOX_URL: url }))).to.deep.equal(['200', '401', '200', '503', '403']);
    // As `docker stop` does.
    container.kill('SIGTERM');
    expect(await once(container, 'exit')).to.deep.equal([0, null]);
  });

  it('stops when npx is stopped, which passes no signal on', async () => {
    const url = await ownPort();
    const npx = spawn('npx', ['--no-install', 'passport-criteo', 'sandbox', '--config', 'sandbox.json'], {
      cwd: project.path,
    });
    await once(npx.stdout, 'data');
    running.push(npx);
    npx.kill('SIGTERM');
    const isThere = () => fetch(url).then(Boolean, () => false);
    while (await isThere()) await pause(50);
  });
});

/** The statuses that the story prints, in its order. */
function told(printed: string): string[] {
  return [...printed.matchAll(/(?:^|\} )(\d{3})$/gm)].map(([, status = '']) => status);
}

/** The command lines of a workflow's steps: of one line or of a block. */
function steps(workflow: string): string[] {
  return [...workflow.matchAll(/^ +run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/gm)].map(([, block, line = '']) =>
    (block ?? line).replace(/^ {10}/gm, '').trim(),
  );
}
