// npm run docs:api [-- --check]: writes the API reference, docs/api/*.md, from the docstrings of what the package exports.
// With --check nothing is written: it fails if a page is out of date. An exported name without a docstring always fails.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const lib = join(root, 'lib');
const ts = loadCompiler();

const pages = [
  {
    file: 'docs/api/index.md',
    entry: 'lib/index.ts',
    title: 'API reference',
    about: 'Everything that `passport-criteo` exports. The sandbox has a [page of its own](sandbox.md).',
  },
  {
    file: 'docs/api/sandbox.md',
    entry: 'lib/sandbox/index.ts',
    title: 'API reference: the sandbox',
    about: 'Everything that `passport-criteo/sandbox` exports. The rest of the package is [here](index.md).',
  },
];

// A folder of lib/ is a section of the page. A folder that is not named here comes last, under its own name.
const sections = {
  '.': 'The strategy',
  login: 'The strategy',
  state: 'Pending logins',
  tokens: 'Tokens',
  criteo: 'Criteo’s token endpoint and portfolio',
  consent: 'Consent beyond login',
  errors: 'Errors',
  http: 'What can be observed',
  sandbox: 'Sandbox',
};

const undocumented = [];
const outdated = [];
const check = process.argv.includes('--check');
for (const page of pages) {
  const text = render(page);
  const path = join(root, page.file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (check) {
    outdated.push(page.file);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`Wrote ${page.file}`);
  }
}
for (const name of undocumented) console.error(`${name} has no docstring`);
for (const file of outdated) console.error(`${file} is out of date: run npm run docs:api`);
process.exitCode = undocumented.length + outdated.length > 0 ? 1 : 0;

function loadCompiler() {
  const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  const require = createRequire(import.meta.url);
  const installed = join(here, 'node_modules/typescript/package.json');
  if (!existsSync(installed) || JSON.parse(readFileSync(installed, 'utf8')).version !== dependencies.typescript) {
    const quiet = ['--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
    execFileSync('npm', ['install', ...quiet], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return require('typescript');
}

/** Returns one page as Markdown. */
function render({ entry, title, about }) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([join(root, entry)], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, entry)));

  // One entry for each thing; a second name of the same thing is an alias.
  const things = new Map();
  for (const exported of checker.getExportsOfModule(module)) {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
    const thing = things.get(symbol) ?? { symbol, names: [] };
    thing.names.push(exported.name);
    things.set(symbol, thing);
  }
  const known = new Map();
  for (const thing of things.values()) {
    thing.name = thing.names.includes(thing.symbol.name) ? thing.symbol.name : thing.names[0];
    for (const name of thing.names) known.set(name, thing.name.toLowerCase());
    if (docOf(thing.symbol) === '') undocumented.push(`${entry}: ${thing.name}`);
  }

  const bySection = new Map([...Object.values(sections)].map((name) => [name, []]));
  for (const thing of things.values()) {
    const section = sectionOf(thing.symbol);
    if (!bySection.has(section)) bySection.set(section, []);
    bySection.get(section).push(thing);
  }
  // Of the type aliases so far.
  const tables = [];
  const filled = [...bySection].filter(([, list]) => list.length > 0);
  const lines = [
    `# ${title}`,
    '',
    `<!-- Written by npm run docs:api from the docstrings in lib/. Do not edit. -->`,
    '',
    about,
    '',
  ];
  for (const [section, list] of filled) {
    const heads = list.filter(({ symbol }) => rank(symbol) === 0).map(({ name }) => name);
    list.sort((a, b) => place(a, heads) - place(b, heads) || (a.name < b.name ? -1 : 1));
    lines.push(`**${section}:** ${list.map(({ name }) => `[${name}](#${known.get(name)})`).join(' · ')}`, '');
  }
  for (const [section, list] of filled) {
    lines.push(`## ${section}`, '');
    for (const thing of list) lines.push(...describe(thing));
  }
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`;

  function describe({ symbol, name, names }) {
    const out = [`### ${name}`, ''];
    const others = names.filter((other) => other !== name);
    if (others.length > 0) out.push(`Also exported as ${others.map((other) => `\`${other}\``).join(', ')}.`, '');
    out.push(docOf(symbol), '');
    const [declaration] = symbol.declarations;
    if (ts.isClassDeclaration(declaration)) out.push(...describeClass(declaration, name));
    else if (ts.isFunctionDeclaration(declaration)) out.push(...describeFunctions(symbol.declarations, name));
    else if (ts.isInterfaceDeclaration(declaration)) out.push(...describeProperties(symbol, declaration));
    else if (ts.isTypeAliasDeclaration(declaration)) out.push(...describeAlias(symbol, declaration));
    if (ts.isClassDeclaration(declaration)) return out;
    return [...out, ...tagsOf(symbol.declarations), ''];
  }

  function describeClass(declaration, name) {
    const out = [];
    const heritage = (declaration.heritageClauses ?? []).map((clause) => oneLine(clause)).join(' ');
    if (heritage) out.push(`\`class ${name} ${heritage}\``, '');
    const members = declaration.members.filter(isPublic);
    const constructors = members.filter(ts.isConstructorDeclaration);
    // Users catch errors, they do not make them.
    const isError = /\bCriteoError\b|\bError$/.test(heritage);
    const overloads = constructors.length > 1 ? constructors.filter((each) => !each.body) : constructors;
    for (const each of isError ? [] : overloads) {
      out.push('```text', `new ${name}${parametersOf(each)}`, '```', '', textOf(each), '', ...tagsOf([each]), '');
    }
    const properties = members.filter((member) => ts.isPropertyDeclaration(member) || ts.isGetAccessor(member));
    // An error's properties are those of the interface that it implements.
    const listed = /\bCriteoError\b/.test(heritage) ? [] : properties;
    out.push(...table(listed.map((member) => row(checker.getSymbolAtLocation(member.name)))));
    const inherited = new Set();
    for (const method of members.filter(ts.isMethodDeclaration)) {
      const title = method.name.getText();
      if (inherited.has(title) || title === 'toString' || title === 'toJSON') continue;
      inherited.add(title);
      const all = members.filter((member) => ts.isMethodDeclaration(member) && member.name.getText() === title);
      out.push(`#### ${name}.${title}`, '', ...describeFunctions(all, title));
      const methodSymbol = checker.getSymbolAtLocation(method.name);
      out.push(docOf(methodSymbol), '', ...tagsOf(all), '');
    }
    return out;
  }

  function describeFunctions(declarations, name) {
    const signatures = declarations.length > 1 ? declarations.filter((each) => !each.body) : declarations;
    const lines = signatures.map((each) => {
      const type = each.type ? `: ${oneLine(each.type)}` : '';
      return `${name}${parametersOf(each)}${type}`;
    });
    return ['```text', ...lines, '```', ''];
  }

  function describeProperties(symbol, declaration) {
    const out = [];
    const heritage = (declaration.heritageClauses ?? []).map((clause) => oneLine(clause)).join(' ');
    if (heritage) out.push(`\`interface ${symbol.name} ${heritage}\``, '');
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const own = type.getProperties().filter((property) => property.declarations?.some(isOurs));
    const methods = own.filter((property) => property.declarations.some(ts.isMethodSignature));
    out.push(...table(own.filter((property) => !methods.includes(property)).map(row)));
    for (const method of methods) {
      out.push(`#### ${symbol.name}.${method.name}`, '', ...describeFunctions(method.declarations, method.name));
      out.push(docOf(method), '', ...tagsOf(method.declarations), '');
    }
    return out;
  }

  function describeAlias(symbol, declaration) {
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const own = checker.getPropertiesOfType(type).filter((property) => property.declarations?.some(isOurs));
    const isObject = own.length > 0 && type.getCallSignatures().length === 0;
    if (isObject) {
      const rows = own.map(row);
      const twin = tables.find((each) => each.rows.length === rows.length && differing(rows, each.rows).length === 1);
      if (twin)
        return [`As [\`${twin.name}\`](#${known.get(twin.name)}), but:`, '', ...table(differing(rows, twin.rows))];
      tables.push({ name: symbol.name, rows });
      return table(rows);
    }
    return ['```text', declaration.getText().replace(/^export /, ''), '```', ''];
  }

  /** Returns one line of a table: name, type, description. */
  function row(property) {
    const declarations = property.declarations.filter(isOurs);
    // Of several declarations, each is for one way to use the thing.
    const optional = declarations.some((each) => each.questionToken || each.initializer);
    const types = new Set(
      declarations.map((each) =>
        (each.type ? oneLine(each.type) : checker.typeToString(checker.getTypeOfSymbol(property))).replace(
          / \| undefined$/,
          '',
        ),
      ),
    );
    const type = types.has('boolean') ? 'boolean' : [...types].join(' | ');
    const texts = new Set(declarations.map((each) => [textOf(each), ...tagsOf([each])].join(' ').trim()));
    return [`\`${property.name}${optional ? '?' : ''}\``, `\`${type}\``, [...texts].filter(Boolean).join(' ')];
  }

  function table(rows) {
    if (rows.length === 0) return [];
    const cell = (text) => text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
    return ['| name | type | |', '|---|---|---|', ...rows.map((cells) => `| ${cells.map(cell).join(' | ')} |`), ''];
  }

  function parametersOf(declaration) {
    return `(${declaration.parameters.map((each) => oneLine(each).replace(/ \| undefined(?=,|$)/, '')).join(', ')})`;
  }

  function docOf(symbol) {
    // Overloads share one docstring: the first that has one.
    return symbol.declarations?.map(textOf).find(Boolean) ?? '';
  }

  /** Returns the text of a docstring, as Markdown. */
  function textOf(declaration) {
    const doc = ts.getJSDocCommentsAndTags(declaration).findLast(ts.isJSDoc);
    return doc ? markdown(doc.comment) : '';
  }

  function tagsOf(declarations) {
    const [declaration] = declarations;
    const out = [];
    for (const tag of ts.getJSDocTags(declaration)) {
      const text = markdown(tag.comment);
      switch (tag.tagName.text) {
        case 'default':
          out.push(`Default: \`${text.replaceAll('`', '')}\`.`);
          break;
        case 'param':
          out.push(`- \`${tag.name.getText()}\`: ${text.replace(/^- /, '')}`);
          break;
        case 'returns':
          out.push(`- returns ${text}`);
          break;
        case 'throws': {
          const [name] = /\{(\w+)\}/.exec(tag.getText()) ?? [];
          const type = tag.typeExpression?.type.getText() ?? name?.slice(1, -1) ?? '';
          const link = known.has(type) ? `[\`${type}\`](#${known.get(type)})` : `\`${type}\``;
          out.push(`- throws ${type ? `${link}${text ? `: ${text}` : ''}` : text}`);
          break;
        }
        case 'see':
          // Its first word is parsed as a name, and is not in the comment.
          out.push(`- see ${/@see\s+([^\n]*)/.exec(tag.getText())?.[1] ?? text}`);
          break;
        default:
      }
    }
    return out;
  }

  function markdown(comment) {
    const parts = typeof comment === 'string' || !comment ? [comment ?? ''] : [...comment];
    const text = parts
      .map((part) => {
        if (typeof part === 'string') return part;
        if (!ts.isJSDocLink(part)) return part.text ?? '';
        const name = part.name?.getText() ?? '';
        const [head] = name.split('.');
        const label = `\`${part.text.trim().replace(/^\|\s*/, '') || name}\``;
        return known.has(head) ? `[${label}](#${anchor(name)})` : label;
      })
      .join('');
    // Line breaks in a docstring mean nothing, blank lines and lists do.
    return text.replace(/(?<!\n)\n(?!\n|- )/g, ' ').trim();
  }

  /** Only methods have a heading of their own. */
  function anchor(name) {
    const [head, member] = name.split('.');
    const owner = [...things.values()].find((thing) => thing.names.includes(head));
    const symbol = member && owner.symbol.members?.get(member);
    const isMethod = symbol && (symbol.flags & ts.SymbolFlags.Method) !== 0;
    return isMethod ? `${known.get(head)}${member.toLowerCase()}` : known.get(head);
  }
}

function sectionOf(symbol) {
  const path = relative(lib, symbol.declarations[0].getSourceFile().fileName);
  if (/^errors\b/.test(path)) return sections.errors;
  const [folder] = dirname(path).split('/');
  return sections[folder] ?? folder;
}

/** Classes and functions first, then types. */
function rank(symbol) {
  const [declaration] = symbol.declarations;
  return ts.isClassDeclaration(declaration) ? 0 : ts.isFunctionDeclaration(declaration) ? 1 : 2;
}

/** As `rank`, and among the types those first that are named after one of the classes `heads`. */
function place({ symbol, name }, heads) {
  const isNamedAfter = heads.some((head) => name.startsWith(head));
  return rank(symbol) === 2 && !isNamedAfter ? 3 : rank(symbol);
}

/** The rows that are not among `known`. */
function differing(rows, known) {
  return rows.filter((row) => !known.some((each) => each.join() === row.join()));
}

function isOurs(declaration) {
  return declaration.getSourceFile().fileName.startsWith(`${lib}/`);
}

function isPublic(member) {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  if ((ts.getCombinedModifierFlags(member) & hidden) !== 0) return false;
  if (ts.getJSDocTags(member).some((tag) => tag.tagName.text === 'internal')) return false;
  if (!member.name) return true;
  return ts.isIdentifier(member.name) && !member.name.text.startsWith('_');
}

function oneLine(node) {
  return node
    .getText()
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    .replace(/\s+/g, ' ')
    .replace(/^\| /, '')
    .replace(/([([{<]) /g, '$1')
    .replace(/,? ([)\]}>])/g, '$1')
    .replace(/([{])(?=\S)/g, '$1 ')
    .replace(/(\S)([}])/g, '$1 $2')
    .replace(/\{ \}/g, '{}')
    .trim();
}
