import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readVariables } from '../../lib/cli/env-file';
import { UsageError } from '../../lib/cli/usage';

describe('The variables', () => {
  const folder = mkdtempSync(join(tmpdir(), 'passport-criteo-'));
  const file = join(folder, '.env');
  after(() => rmSync(folder, { recursive: true }));

  it('come from the file and from the environment, which takes precedence', () => {
    writeFileSync(file, 'FROM_FILE=file\nBOTH=file\nQUOTED="a # b"\n# COMMENT=1\nEMPTY=\n');
    const read = readVariables({ BOTH: 'environment', EMPTY_HERE: '' }, file);
    const names = ['FROM_FILE', 'BOTH', 'QUOTED', 'COMMENT', 'EMPTY', 'EMPTY_HERE', 'ABSENT'];
    const none = undefined;
    expect(names.map(read)).to.deep.equal(['file', 'environment', 'a # b', none, none, none, none]);
  });

  it('may come from a file with line ends of Windows', () => {
    writeFileSync(file, '\uFEFFFIRST=1\r\nSECOND=two words\r\n');
    const read = readVariables({}, file);
    expect([read('FIRST'), read('SECOND')]).to.deep.equal(['1', 'two words']);
  });

  it('may come from a file with line ends of old Macs', () => {
    writeFileSync(file, 'FIRST=1\rSECOND=two words\r');
    const read = readVariables({}, file);
    expect([read('FIRST'), read('SECOND')]).to.deep.equal(['1', 'two words']);
  });

  it('cannot come from a file in UTF-16, as Windows PowerShell writes it', () => {
    writeFileSync(file, Buffer.from('\uFEFFFIRST=1\r\n', 'utf16le'));
    expect(() => readVariables({}, file)).to.throw(UsageError, /it is not UTF-8 text. Save it as UTF-8.$/);
  });

  it('do not change the environment', () => {
    writeFileSync(file, 'PASSPORT_CRITEO_TEST=1\n');
    const env = {};
    expect(readVariables(env, file)('PASSPORT_CRITEO_TEST')).to.equal('1');
    expect(env).to.deep.equal({});
    expect(process.env['PASSPORT_CRITEO_TEST']).to.equal(undefined);
  });
});
