import { type ExecFileException, execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import './summary';

export const root = resolve(__dirname, '../../..');

/** Runs a program to its end and gives what it printed; an error with all of it where it fails. */
export function run(cwd: string, command: string, args: readonly string[], env = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    // The variables of `npm run` would make the npm within believe that it is at home here.
    const clean = Object.entries(env).filter(([name]) => !/^npm_(?!config_cache|config_registry)/.test(name));
    const options = { cwd, env: { ...Object.fromEntries(clean), NO_COLOR: '1' }, maxBuffer: 2 ** 26 };
    execFile(command, args, options, (error: ExecFileException | null, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const how = error.signal ?? error.code;
      reject(new Error(`${command} ${args.join(' ')} failed (${how}):\n${stdout}\n${stderr}`));
    });
  });
}

let packed: Promise<string> | undefined;

/** The tarball as it would be published, packed once a run (`PASSPORT_CRITEO_TARBALL` names one that is there). */
export function tarball(): Promise<string> {
  packed ??= pack();
  return packed;
}

async function pack(): Promise<string> {
  const { PASSPORT_CRITEO_TARBALL: given } = process.env;
  if (given) return resolve(given);
  const folder = await temporary();
  // Builds too, by the script prepack, whose output comes first.
  const printed = await run(root, 'npm', ['pack', '--json', '--silent', '--pack-destination', folder]);
  const [{ filename }] = JSON.parse(printed.slice(printed.indexOf('['))) as [{ filename: string }];
  return join(folder, filename);
}

const folders: string[] = [];

/** A folder that goes when the tests are through. */
async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-'));
  folders.push(folder);
  return folder;
}
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A project of somebody else's. */
export class Project {
  private constructor(readonly path: string) {}

  /**
   * Copies a folder of this repository to where nothing of it is in reach, and installs what its package.json names.
   *
   * @param folder with a package.json; its passport-criteo is replaced by the tarball.
   * @param changes versions of dependencies, or other fields of package.json, to use instead.
   */
  static async install(folder: string, changes: Manifest = {}): Promise<Project> {
    const path = await temporary();
    await cp(join(root, folder), path, {
      recursive: true,
      filter: (source) => !/\/(node_modules|build)$/.test(source),
    });
    const file = join(path, 'package.json');
    const { dependencies, devDependencies = {}, ...manifest } = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    const versions: Record<string, string> = { ...dependencies, ...changes.dependencies };
    for (const each of [versions, devDependencies]) {
      if ('passport-criteo' in each) each['passport-criteo'] = `file:${await tarball()}`;
    }
    await writeFile(file, JSON.stringify({ ...manifest, ...changes, dependencies: versions, devDependencies }));
    const flags = ['--silent', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
    await run(path, 'npm', ['install', ...flags]);
    return new Project(path);
  }

  /** Runs node on a file of the project. */
  node(...args: string[]): Promise<string> {
    return run(this.path, process.execPath, args);
  }

  /** Runs one of the probes, and gives what it printed as JSON. */
  async probe(name: string, ...args: string[]): Promise<Record<string, string>> {
    await this.add('test/consumers/probes', (source) => source.endsWith(`/${name}.mjs`) || source.endsWith('/probes'));
    return JSON.parse(await this.node(`${name}.mjs`, ...args));
  }

  /** Runs a program that the project has installed. */
  bin(name: string, ...args: string[]): Promise<string> {
    return run(this.path, join(this.path, 'node_modules/.bin', name), args);
  }

  /** The versions in which a package is installed, wherever in the tree. */
  async versions(name: string): Promise<string[]> {
    const lock = await readFile(join(this.path, 'package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: Record<string, { version: string }> };
    return Object.entries(packages)
      .filter(([path]) => path.endsWith(`node_modules/${name}`))
      .map(([, { version }]) => version);
  }

  /** Copies more of this repository into the project. */
  async add(folder: string, filter: (source: string) => boolean = () => true): Promise<void> {
    await cp(join(root, folder), this.path, { recursive: true, filter });
  }
}

interface Manifest {
  type?: 'module' | 'commonjs';
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}
