import { createRequire } from 'node:module';
import * as imported from 'passport-criteo';
import * as sandbox from 'passport-criteo/sandbox';

const require = createRequire(import.meta.url);
const wrong = [];
for (const [entry, namespace] of [
  ['passport-criteo', imported],
  ['passport-criteo/sandbox', sandbox],
]) {
  const required = require(entry);
  for (const name of Object.keys(required)) {
    if (namespace[name] !== required[name]) wrong.push(`import { ${name} } from '${entry}'`);
    // Errors, logs and `inspect` show them.
    const named = typeof required[name] !== 'function' || required[name].name === name;
    if (!named && name !== 'Strategy') wrong.push(`${entry}: ${name} is ${required[name].name}`);
  }
}
console.log(wrong.length === 0 ? 'right' : wrong.join('\n'));
