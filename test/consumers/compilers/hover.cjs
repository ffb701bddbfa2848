// Prints what an editor shows of names in a file: node hover.cjs <project> <file> <name…>
const { resolve } = require('node:path');
const ts = require('typescript-5');

const [project, name, ...wanted] = process.argv.slice(2);
const file = resolve(project, name);
const settings = { strict: true, module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: ['node'] };
const service = ts.createLanguageService({
  ...ts.sys,
  useCaseSensitiveFileNames: () => true,
  getCurrentDirectory: () => project,
  getScriptFileNames: () => [file],
  getScriptVersion: () => '1',
  getScriptSnapshot: (path) => ts.ScriptSnapshot.fromString(ts.sys.readFile(path) ?? ''),
  getCompilationSettings: () => settings,
  getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
});
const text = ts.sys.readFile(file);
const shown = wanted.map((each) => {
  const { documentation = [], tags = [] } = service.getQuickInfoAtPosition(file, text.lastIndexOf(each)) ?? {};
  const tagged = tags.map((tag) => `@${tag.name} ${ts.displayPartsToString(tag.text)}`);
  return [each, [ts.displayPartsToString(documentation), ...tagged].join('\n')];
});
console.log(JSON.stringify(Object.fromEntries(shown)));
