import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Project, run } from './support/project';

// Module systems; node10 is the resolution of old that knows no `exports`.
const modes = {
  nodenext: ['--module', 'nodenext'],
  node16: ['--module', 'node16', '--lib', 'es2022'],
  node20: ['--module', 'node20', '--lib', 'es2022'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022'],
  node10: ['--module', 'commonjs', '--moduleResolution', 'node10', '--esModuleInterop', '--lib', 'es2022'],
};
type Mode = keyof typeof modes;
const old: Mode[] = ['nodenext', 'node16', 'node20', 'bundler', 'node10'];
const compilers: { version: string; modes: Mode[]; flags?: string[] }[] = [
  { version: '5.9', modes: old },
  { version: '6.0', modes: old, flags: ['--ignoreDeprecations', '6.0'] },
  // Without node10.
  { version: '7.0', modes: ['nodenext', 'node16', 'node20', 'bundler'] },
];
const strict = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node'];

/** Does so many of the tasks at a time; gives a way to wait for each. */
function atMost(limit: number, tasks: readonly (() => Promise<unknown>)[]): Promise<unknown>[] {
  const ends: Promise<unknown>[] = [];
  for (const [index, task] of tasks.entries()) {
    const before = index < limit ? Promise.resolve() : Promise.allSettled(ends.slice(0, index - limit + 1));
    const end = before.then(task);
    // Whoever waits for it is told.
    end.catch(() => {});
    ends.push(end);
  }
  return ends;
}

let installed: Promise<Project> | undefined;
function installCompilers(): Promise<Project> {
  installed ??= Project.install('test/consumers/compilers');
  return installed;
}

for (const express of [5, 4]) {
  describe(`TypeScript with @types/express ${express}`, () => {
    let project: Project;
    let ends: Promise<unknown>[];
    before(async () => {
      project = await Project.install(`test/consumers/types${express}`);
      const copies = { cts: 'usage|misuse', mts: 'usage|misuse', ts: 'usage|misuse|own-user' };
      for (const [extension, names] of Object.entries(copies)) {
        await project.add('test/consumers/project', (source) => !/\.\w+$/.test(source) || source.endsWith('.ts'));
        if (extension === 'ts') continue;
        for (const name of names.split('|')) {
          await rename(join(project.path, `${name}.ts`), join(project.path, `${name}.${extension}`));
        }
      }
      const tasks = plan.map(({ compile }) => compile);
      ends = atMost(2, tasks);
    });

    const both = ['usage.cts', 'usage.mts', 'misuse.cts', 'misuse.mts'];
    const plan = compilers.flatMap(({ version, flags = [], modes: all }) => {
      // What differs with the types of Express does not differ with each of node's module systems.
      const chosen = express === 5 ? all : all.filter((mode) => mode === 'nodenext' || mode === 'bundler');
      const compile = (mode: Mode, files: readonly string[]) => async (): Promise<void> => {
        const tools = await installCompilers();
        const tsc = join(tools.path, 'node_modules', `typescript-${version.charAt(0)}`, 'bin/tsc');
        await run(project.path, process.execPath, [tsc, ...strict, ...flags, ...modes[mode], ...files]);
      };
      return [
        ...chosen.map((mode) => ({
          title: `${version} checks uses and misuses, libraries included, with ${mode}`,
          compile: compile(mode, mode === 'node10' ? ['usage.ts', 'misuse.ts'] : both),
        })),
        {
          title: `${version} holds verify to the application’s own kind of user`,
          compile: compile('bundler', ['own-user.ts']),
        },
      ];
    });
    it('installs no second version of the types of Express', async () => {
      const versions = await project.versions('@types/express');
      expect(versions.map((version) => version.split('.')[0])).to.deep.equal([String(express)]);
    });

    for (const [index, { title }] of plan.entries()) {
      it(title, async () => {
        await ends[index];
      });
    }
  });
}

describe('Editors', () => {
  it('show each name’s documentation: unit, default, error, source', async () => {
    const tools = await installCompilers();
    const project = await Project.install('test/consumers/types5');
    await project.add('test/consumers/project', (source) => !/\.\w+$/.test(source) || source.endsWith('/usage.ts'));
    const names = ['requireUserProfile', 'maxAge', 'bindTo', 'refresh(', 'CriteoStrategy({', 'Strategy(options'];
    const shown = JSON.parse(await tools.node('hover.cjs', project.path, 'usage.ts', ...names));
    expect(shown['requireUserProfile']).to.match(/@default true for `passport\.authenticate`/);
    expect(shown['maxAge']).to.match(/Milliseconds .*@default 600_000/s);
    expect(shown['bindTo']).to.match(/`user_changed`/);
    expect(shown['refresh(']).to.match(/@throws .*CriteoTokenError/);
    expect(shown['CriteoStrategy({'])
      .to.match(/The modern form/)
      .and.match(/@throws .*TypeError/);
    expect(shown['Strategy(options'])
      .to.match(/The classic form/)
      .and.match(/@param verify/);
  });
});
