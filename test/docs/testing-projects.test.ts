import { expect } from 'chai';
import { read } from './support';

describe('the projects that show how to test an app', () => {
  const app = (project: string): string => read(`example/testing/${project}/app.js`);

  // Each is complete, as a user would have it; so the app is there several times.
  for (const project of ['mocha', 'node', 'playwright']) {
    it(`have the same app: ${project} and vitest`, () => {
      expect(app(project)).to.equal(app('vitest'));
    });
  }

  it('have the same app with require: jest and vitest', () => {
    const commonJS = app('vitest')
      .replace(/^import (.*) from '(.*)';$/gm, "const $1 = require('$2');")
      .replace('export async function', 'async function');
    expect(app('jest')).to.equal(`${commonJS}\nmodule.exports = { startApp };\n`);
  });
});
