import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL server of a test's own. */
export interface Postgres {
  /** Where it is, as clients want it: `postgres://postgres@127.0.0.1:…/postgres`. */
  url: string;
  /** Ends it and forgets its data. */
  stop(): Promise<void>;
}

const missing = 'PostgreSQL is not here: apt-get install -y --no-install-recommends postgresql';

/** Starts a PostgreSQL server (Debian's package `postgresql`) on a free port of this machine. */
export async function startPostgres(): Promise<Postgres> {
  const programs = await findPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-postgres-'));
  const data = join(folder, 'data');
  const user = await unprivileged(folder);
  const setUp = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(programs, 'initdb'), setUp, { ...user, stdio: 'ignore', cwd: folder });
  const port = await freePort();
  const options = ['-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-k', folder, '-F'];
  const server = spawn(join(programs, 'postgres'), options, {
    ...user,
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
  });
  // Whatever ends the tests ends their server.
  const kill = (): void => {
    server.kill('SIGQUIT');
  };
  process.once('exit', kill);
  await ready(server);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      process.removeListener('exit', kill);
      const ended = once(server, 'exit');
      kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** Debian keeps the programs of each version in a folder of its own, outside of the PATH. */
async function findPrograms(): Promise<string> {
  const versions = await readdir('/usr/lib/postgresql').catch((cause: unknown) => {
    throw new Error(missing, { cause });
  });
  const [newest] = versions.sort((a, b) => Number(b) - Number(a));
  if (!newest) throw new Error(missing);
  return join('/usr/lib/postgresql', newest, 'bin');
}

/** PostgreSQL refuses to run as root: the package has a user for it. */
export async function unprivileged(folder: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string): number => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  const user = { uid: id('-u'), gid: id('-g') };
  await chown(folder, user.uid, user.gid);
  return user;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('ready to accept connections')) resolve();
    });
    server.once('close', () => reject(new Error(`postgres ended: ${output}`)));
  });
}
