import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, unprivileged } from './postgres';

/** Starts pgbouncer (Debian's package `pgbouncer`) in transaction mode, with few connections, before a PostgreSQL. */
export async function startPgbouncer(postgresURL: string): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-pgbouncer-'));
  const user = await unprivileged(folder);
  const port = await freePort();
  const target = new URL(postgresURL);
  const users = join(folder, 'users.txt');
  await writeFile(users, '"postgres" ""\n');
  const settings = join(folder, 'pgbouncer.ini');
  await writeFile(
    settings,
    [
      '[databases]',
      `postgres = host=127.0.0.1 port=${target.port} dbname=postgres user=postgres`,
      '[pgbouncer]',
      `listen_addr = 127.0.0.1\nlisten_port = ${port}`,
      `auth_type = trust\nauth_file = ${users}`,
      'pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 200',
      'unix_socket_dir =',
    ].join('\n'),
  );
  for (const file of [users, settings]) if (user.uid !== undefined) await chown(file, user.uid, user.gid ?? user.uid);
  const server = spawn('/usr/sbin/pgbouncer', [settings], {
    ...user,
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
  });
  const kill = (): void => {
    server.kill('SIGKILL');
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

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('process up')) resolve();
    });
    server.once('error', (cause) => {
      reject(new Error('pgbouncer does not run: apt-get install -y --no-install-recommends pgbouncer', { cause }));
    });
    server.once('close', () => reject(new Error(`pgbouncer ended: ${output}`)));
  });
}
