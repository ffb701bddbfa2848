import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// The working directory, because coverage runs a compiled copy of this file in another folder.
const root = process.cwd();

/** Returns the text of a file, by its path in the repository. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Returns the paths of all files under a folder whose name fits. */
export function filesUnder(folder: string, name: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => name.test(path) && !path.includes('node_modules'))
    .sort();
}

/** Returns the pages that are written by hand. A program writes the others, the API reference. */
export function handWritten(): string[] {
  const atTheTop = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
  return [...atTheTop, ...filesUnder('docs', /\.md$/).filter((path) => !path.startsWith('docs/api/'))];
}

/** Returns the fenced blocks of a page. */
export function blocks(text: string): { language: string; code: string }[] {
  return [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```$/gms)].map(([, language = '', code = '']) => ({
    language,
    code: dedent(code),
  }));
}

/** Returns code without empty lines and without its common indentation. */
export function dedent(code: string): string {
  const lines = code.split('\n').filter((line) => line.trim() !== '');
  const margin = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(margin)).join('\n');
}

/** Returns a page without its fenced blocks. */
export function prose(text: string): string {
  return text.replace(/^ *```.*?^ *```$/gms, '');
}

/** Returns the anchors of a page, as GitHub makes them from its headings. */
export function anchors(text: string): string[] {
  const seen = new Map<string, number>();
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
}
