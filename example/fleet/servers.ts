// Redis and PostgreSQL of one's own, from Debian's packages, for a trial on one machine and for tests.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server on a free port of this machine, with its data in a folder of its own. */
export interface LocalServer {
  /** Where it is, as clients want it. */
  url: string;
  /** Kills it, and starts it again at the same address after some milliseconds. It keeps its data. */
  restart(milliseconds?: number): Promise<void>;
  /** Ends it and forgets its data. */
  stop(): Promise<void>;
}

/** How to start a server, and how it says that it is ready. */
interface Program {
  command: string;
  args(port: number): string[];
  user?: { uid?: number; gid?: number };
  ready: string;
  /** Ends it at once. */
  signal: NodeJS.Signals;
  missing: string;
}

/** Starts Redis; what it holds outlives a restart. */
export async function startRedis(): Promise<LocalServer> {
  const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-redis-'));
  const persistent = ['--save', '', '--appendonly', 'yes'];
  const { port, ...server } = await start(folder, {
    command: 'redis-server',
    args: (port) => ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, ...persistent],
    ready: 'Ready to accept connections',
    signal: 'SIGKILL',
    missing: 'redis-server does not run: apt-get install -y --no-install-recommends redis-server',
  });
  return { url: `redis://127.0.0.1:${port}`, ...server };
}

/** Starts PostgreSQL. */
export async function startPostgres(): Promise<LocalServer> {
  const programs = await findPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-postgres-'));
  const data = join(folder, 'data');
  const user = await unprivileged(folder);
  const setUp = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(programs, 'initdb'), setUp, { ...user, stdio: 'ignore', cwd: folder });
  const { port, ...server } = await start(folder, {
    command: join(programs, 'postgres'),
    args: (port) => ['-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-k', folder, '-F'],
    user,
    ready: 'ready to accept connections',
    signal: 'SIGQUIT',
    missing,
  });
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, ...server };
}

const missing = 'PostgreSQL is not here: apt-get install -y --no-install-recommends postgresql';

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

async function start(folder: string, program: Program): Promise<Omit<LocalServer, 'url'> & { port: number }> {
  let server: ChildProcess;
  let port = 0;
  // A free port may be taken a moment later.
  for (let attempt = 1; port === 0; attempt += 1) {
    const free = await freePort();
    try {
      server = await launch(folder, program, free);
      port = free;
    } catch (error) {
      if (attempt < 5 && /already in use/i.test(String(error))) continue;
      await rm(folder, { recursive: true });
      throw error;
    }
  }
  const end = async (): Promise<void> => {
    const ended = once(server, 'exit');
    server.kill(program.signal);
    await ended;
  };
  // Whatever ends this process ends its servers.
  const kill = (): void => {
    server.kill(program.signal);
  };
  process.once('exit', kill);
  return {
    port,
    async restart(milliseconds = 0) {
      await end();
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      server = await launch(folder, program, port);
    },
    async stop() {
      process.removeListener('exit', kill);
      await end();
      await rm(folder, { recursive: true });
    },
  };
}

function launch(folder: string, program: Program, port: number): Promise<ChildProcess> {
  const { command, args, user, ready, missing } = program;
  // In a process group of its own: Ctrl-C in a terminal is for the fleet, which ends its servers last.
  const options = { ...user, cwd: folder, detached: true };
  const server = spawn(command, args(port), { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let output = '';
    let isReady = false;
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (isReady) return;
        output += text;
        isReady = output.includes(ready);
        if (isReady) resolve(server);
      });
    }
    server.once('error', (cause) => reject(new Error(missing, { cause })));
    server.once('close', () => reject(new Error(`${command} ended: ${output}`)));
  });
}
