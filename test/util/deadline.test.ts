import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Deadline, within } from '../../lib/util/deadline';

/** Keeps the event loop from doing anything. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('Deadline', () => {
  it('does not pass at once if it is longer than a timer of node can hold', async () => {
    let isLate = false;
    const deadline = new Deadline(2 ** 31, () => {
      isLate = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    deadline.cancel();
    expect(isLate).to.equal(false);
  });

  it('passes once, after its time', async () => {
    const start = performance.now();
    let calls = 0;
    await new Promise<void>((resolve) => {
      new Deadline(30, () => {
        calls += 1;
        resolve();
      });
    });
    expect(performance.now() - start).to.be.at.least(29);
    await sleep(40);
    expect(calls).to.equal(1);
  });

  it('does not pass after it was cancelled, even if its timer has run', async () => {
    let calls = 0;
    const late = (): void => {
      calls += 1;
    };
    new Deadline(1, late).cancel();
    const second: Deadline = new Deadline(1, late, () => {
      // Cancelled between the timer and the turn of the loop that follows it.
      queueMicrotask(() => second.cancel());
      return 0;
    });
    await sleep(20);
    expect(calls).to.equal(0);
  });

  it('can be restarted', async () => {
    let deadline: Deadline | undefined;
    const called = new Promise<number>((resolve) => {
      deadline = new Deadline(150, () => resolve(performance.now()));
    });
    await sleep(20);
    deadline?.restart();
    const start = performance.now();
    expect((await called) - start).to.be.at.least(149);
  });

  it('waits, after a pause of the process, until no more bytes arrive', async () => {
    let arrived = 0;
    const arriving = (): void => {
      arrived += 1;
      if (arrived < 5) setImmediate(arriving);
    };
    const seen = new Promise<number>((resolve) => {
      new Deadline(
        10,
        () => resolve(arrived),
        () => arrived,
      );
    });
    setImmediate(() => {
      setTimeout(arriving, 0);
      block(20);
    });
    expect(await seen).to.equal(5);
  });

  it('does not wait if no bytes can have arrived', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      const late = (): void => void order.push('late');
      new Deadline(10, late, () => {
        setImmediate(() => {
          order.push('turn');
          resolve();
        });
        return undefined;
      });
    });
    expect(order).to.eql(['late', 'turn']);
  });

  for (const [what, later] of [
    ['no more bytes arrived', 0],
    ['no bytes can arrive any more', undefined],
  ] as const) {
    it(`waits for one turn of the event loop only, if ${what} in it`, async () => {
      const order: string[] = [];
      await new Promise<void>((resolve) => {
        let reads = 0;
        const received = (): number | undefined => {
          reads += 1;
          if (reads > 1) return later;
          setImmediate(() => {
            order.push('turn');
            setImmediate(() => {
              order.push('next turn');
              resolve();
            });
          });
          return 0;
        };
        new Deadline(1, () => order.push('late'), received);
      });
      expect(order).to.eql(['turn', 'late', 'next turn']);
    });
  }

  it('does not wait forever for a peer that keeps sending', async () => {
    let arrived = 0;
    const start = performance.now();
    await new Promise<void>((resolve) => {
      new Deadline(10, resolve, () => {
        arrived += 1;
        return arrived;
      });
    });
    expect(performance.now() - start).to.be.within(200, 1000);
  });
});

describe('within', () => {
  const late = (): never => {
    throw new Error('late');
  };

  it('returns the result or the error of the work', async () => {
    expect(await within(1000, Promise.resolve(1), late)).to.equal(1);
    const boom = new Error('boom');
    const failed = await within(1000, Promise.reject(boom), late).catch((error: unknown) => error);
    expect(failed).to.equal(boom);
  });

  it("returns the value, promise or error of the deadline's function", async () => {
    const never = new Promise<number>(() => {});
    expect(await within(5, never, () => 2)).to.equal(2);
    expect(await within(5, never, async () => 3)).to.equal(3);
    const failed = await within(5, never, late).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error).and.have.property('message', 'late');
  });

  it('returns a result that arrived during a pause of the process', async () => {
    const server = createServer((socket) => {
      // The response is in the kernel when the process stops.
      socket.once('data', () => socket.write('done', () => block(150)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('go');
    try {
      const [chunk] = await within(100, once(socket, 'data'), late);
      expect(String(chunk)).to.equal('done');
    } finally {
      socket.destroy();
      server.close();
    }
  });

  it('uses the clock of the caller', async () => {
    const asked: number[] = [];
    let cancelled = 0;
    const after = (milliseconds: number, run: () => void) => {
      asked.push(milliseconds);
      if (milliseconds === 1) run();
      return () => {
        cancelled += 1;
      };
    };
    expect(await within(60_000, Promise.resolve('work'), late, after)).to.equal('work');
    expect(cancelled).to.equal(1);
    expect(await within(1, new Promise<string>(() => {}), () => 'late', after)).to.equal('late');
    expect(asked).to.deep.equal([60_000, 1]);
  });

  it('leaves no timers running', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    for (let i = 0; i < 50; i += 1) await within(60_000, Promise.resolve(1), late);
    // The test runner has timers of its own.
    expect(timers() - before).to.be.below(10);
  });
});
