import { join } from 'node:path';
import { expect } from 'chai';
import { read } from './support';

interface Row {
  what: string;
  beside?: string;
  ratio?: number;
  spread?: [number, number];
}

describe('The chart of the benchmarks', () => {
  let chart: (rows: Row[], subtitle: string) => string;
  before(async () => {
    ({ chart } = await import(join(process.cwd(), 'test/bench/support/chart.mjs')));
  });
  const bars = (svg: string): { kind?: string; from: number; width: number }[] =>
    [...svg.matchAll(/<rect class="(\w)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(([, kind, from, width]) => ({
      ...(kind === undefined ? {} : { kind }),
      from: Number(from),
      width: Number(width),
    }));

  it('has a bar for each ratio, to the left for ratios below 1 and to the right above', () => {
    const [less, more] = bars(
      chart(
        [
          { what: 'redirect', beside: 'a peer', ratio: 0.5, spread: [0.4, 0.6] },
          { what: 'callback', beside: 'a peer', ratio: 2 },
          { what: 'size' },
        ],
        'a machine',
      ),
    );
    expect(less?.kind).to.equal('l');
    expect(more?.kind).to.equal('g');
    expect(Number(less?.from) + Number(less?.width)).to.be.closeTo(Number(more?.from), 0.2);
    expect(less?.width).to.be.closeTo(Number(more?.width), 0.2);
  });

  it('escapes names', () => {
    expect(chart([{ what: 'a & b', beside: '<c>', ratio: 1 }], '"d"'))
      .to.contain('a &amp; b')
      .and.not.contain('<c>');
  });

  it('is in the guide, next to the place where results are written', () => {
    expect(bars(read('docs/pictures/benchmarks.svg'))).to.have.lengthOf.above(5);
    const page = read('docs/benchmarks.md');
    expect(page.split('<!-- results: written by npm run bench -- --save -->')[1]).to.contain('<!-- end of results -->');
    expect(read('test/bench/support/save.mjs')).to.contain('<!-- results: written by npm run bench -- --save -->');
  });
});
