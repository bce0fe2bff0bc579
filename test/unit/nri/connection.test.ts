import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CreateContainerResponseSchema } from '../../../src/generated/nri-messages.ts';
import { keepConnected, waitBefore } from '../../../src/nri/connection.ts';
import { watchForSocket } from '../../../src/nri/runtime-socket.ts';

describe('waitBefore', () => {
  it('doubles from a tenth of a second to one second, less by chance at most a half', () => {
    expect([0, 1, 2, 5, 6, 100].map((failures) => waitBefore(failures, 0))).toEqual([100, 200, 400, 1000, 1000, 1000]);
    expect(waitBefore(100, 1)).toBe(500);
  });
});

describe('keepConnected', () => {
  // A failed attempt right behind the appearance: a socket is there before anybody listens at it.
  it('tries at once when the runtime appears, and soon again when it does not listen yet', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const stop = new AbortController();
    const attempt = vi.fn(() => Promise.reject(new Error('ENOENT')));
    let appeared = (): void => undefined;
    const kept = keepConnected({
      open: attempt,
      identity: { name: 'a', index: '10' },
      handlers: {
        configure: () => Promise.resolve(),
        createContainer: () => create(CreateContainerResponseSchema),
        synchronize: () => undefined,
      },
      isOnlyOne: false,
      signal: stop.signal,
      told: () => undefined,
      watchForRuntime: (tell) => {
        appeared = tell;
        return () => undefined;
      },
    });
    await vi.advanceTimersByTimeAsync(60_000);
    const before = attempt.mock.calls.length;
    appeared();
    await vi.advanceTimersByTimeAsync(0);
    expect(attempt.mock.calls.length).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(200);
    expect(attempt.mock.calls.length).toBeGreaterThan(before + 1);
    stop.abort();
    await kept;
  });
});

describe('watchForSocket', () => {
  it('tells of a socket whose directory was missing, and of one made anew', async () => {
    const work = mkdtempSync('/tmp/hooks-socket-');
    const path = join(work, 'run/nri/nri.sock');
    const told = vi.fn();
    const unwatch = watchForSocket(path, told);
    onTestFinished(() => {
      unwatch();
      rmSync(work, { recursive: true });
    });
    mkdirSync(join(work, 'run'));
    mkdirSync(join(work, 'run/nri'));
    for (const times of [1, 2]) {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(path, resolve));
      await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(times));
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
