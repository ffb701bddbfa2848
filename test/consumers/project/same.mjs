import { createRequire } from 'node:module';
import { CriteoStrategy, Strategy } from 'passport-criteo';

const required = createRequire(import.meta.url)('passport-criteo');
const imported = await import('passport-criteo');
const all = [Strategy, required.CriteoStrategy, required.Strategy, imported.CriteoStrategy, imported.Strategy];
console.log(all.every((one) => one === CriteoStrategy) ? 'same' : 'different');
