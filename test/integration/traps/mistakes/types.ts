import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mistake } from './mistake';

/** Returns what the compiler says, under `strict`, to a verify of the app’s own. */
const compiling = (options: string) => async (): Promise<string> => {
  const root = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'passport-criteo-types-'));
  try {
    const source = `import { CriteoStrategy } from 'passport-criteo';
const registered = { clientID: 'id', clientSecret: 'secret', callbackURL: 'https://app.example.com/callback' };
new CriteoStrategy({ ...registered, ${options} });
`;
    await writeFile(join(folder, 'app.ts'), source);
    const compilerOptions = {
      rootDir: '/',
      noEmit: true,
      skipLibCheck: true,
      typeRoots: [join(root, 'node_modules/@types')],
    };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, files: ['app.ts'], include: [] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    return await new Promise((resolve) => {
      execFile(process.execPath, [tsc, '-p', folder], (_error, stdout) => resolve(stdout));
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const typeMistakes: Mistake[] = [
  {
    mistake: 'reading `profile.email` (TypeScript)',
    says: "Property 'email' does not exist on type 'CriteoProfile'",
    fix: 'Criteo names [a portfolio, no person](sign-in.md#the-profile)',
    make: compiling('requireUserProfile: true, verify: ({ profile }) => ({ id: profile.email })'),
  },
  {
    mistake: 'reading `profile.id` of a profile that is not required (TypeScript)',
    says: "'profile' is possibly 'undefined'",
    fix: '`requireUserProfile: true`, or [keep the tokens without it](connect.md#what-to-store)',
    make: compiling('verify: ({ profile }) => ({ id: profile.id })'),
  },
  {
    mistake: 'a `verify` that returns nothing (TypeScript)',
    says: "Type 'Promise<void>' is not assignable to type",
    fix: 'return the user, or `false`',
    make: compiling('verify: async ({ tokens }) => { console.log(tokens.expiresAt); }'),
  },
];
