import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { apiExample } from './support/api-example';
import { Project, root } from './support/project';

describe('The types of Criteo’s API', () => {
  it('are what openapi-typescript makes of the excerpt', async () => {
    const project = await Project.install('example/api/types');
    await project.bin('openapi-typescript', 'criteo.openapi.json', '--output', 'criteo-api.d.ts');
    const generated = await readFile(join(project.path, 'criteo-api.d.ts'), 'utf8');
    expect(await readFile(join(root, 'example/api/criteo-api.d.ts'), 'utf8')).to.equal(generated);
  });

  it('find a wrong path, parameter or property before the program runs', async () => {
    const { project } = await apiExample();
    const lines = [
      "import createClient from 'openapi-fetch';",
      "import type { paths } from './criteo-api.js';",
      'const criteo = createClient<paths>();',
      '// @ts-expect-error',
      "criteo.GET('/2026-07/advertisers/mee');",
      '// @ts-expect-error',
      "criteo.GET('/2026-07/retail-media/accounts', { params: { query: { pageIndex: 'first' } } });",
      "const { data } = await criteo.GET('/2026-07/advertisers/me');",
      'export const name: string | null | undefined = data?.data?.[0]?.attributes?.advertiserName;',
      '// @ts-expect-error',
      'data?.data?.[0]?.attributes?.name;',
    ];
    await writeFile(join(project.path, 'misuse.ts'), lines.join('\n'));
    await project.bin('tsc', '--noEmit');
  });
});
