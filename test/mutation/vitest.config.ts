/**
 * The tests that judge `machines/` and `adapters/` inside one process: for run.mjs, which names some of them, and for the coverage.
 */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification, type Vitest } from 'vitest/node';

import { isUnexpected, onNode } from '../helpers/setup/on-node.ts';

const all = [
  'machine/backoff',
  'machine/table',
  'machine/machine',
  'machine/lives',
  'machine/paths',
  'line/options',
  'line/outbox',
  'line/proof',
  'line/departure',
  'line/aborts',
  'line/realms',
  'line/unsendable',
  'line/inbox',
  'line/socket',
  'line/gate',
  'line/visit',
  'line/dial',
  'line/line',
  'line/buffer',
  'line/confirmed',
  'line/conservation',
  'machine/embedding',
  'line/lifecycle',
  'line/server',
  'cli/loopback',
  'cli/guests',
  'cli/inspected',
  'line/fuzz',
  'line/dialects',
  'line/protocols',
  'line/hostile',
  'drop-in/turns',
  'drop-in/drop-in-steps',
  'drop-in/failing',
  'drop-in/event-family',
  'drop-in/dismissed',
  'drop-in/drop-in',
  'websockets/node/standard',
  'websockets/node/ws',
];

/** In this order, so that the quick ones speak first. */
const files = (process.env['SYSTOLE_JUDGES']?.split(' ') ?? all).map((name) => `test/${name}.test.ts`);

class InOrder extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => files.findIndex((file) => moduleId.endsWith(file));
    return specs.toSorted((a, b) => place(a) - place(b));
  }
}

/** A file that cannot even be loaded has no test to fail: Stryker would take it for one that passed. */
class LoadErrors implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors()) this.#vitest?.state.catchError(error, 'Load Error');
  }
}

export default defineConfig({
  resolve: onNode,
  test: {
    include: files,
    globalSetup: files.some((file) => file.includes('/websockets/')) ? ['test/websockets/rig/start-rig.ts'] : [],
    // One module graph for all files: loading XState anew for each would take longer than the tests.
    isolate: false,
    sequence: { sequencer: InOrder },
    reporters: process.env['SYSTOLE_JUDGES'] === undefined ? ['default'] : ['default', new LoadErrors()],
    // What is broken mostly leaves a test waiting. Unbroken, the longest of these takes three seconds.
    testTimeout: 5_000,
    hookTimeout: 5_000,
    onUnhandledError: isUnexpected,
    coverage: {
      include: ['machines/**/*.ts', 'adapters/**/*.ts'],
      // What only a page runs, and what there is nothing to run of.
      exclude: [
        'adapters/platform.ts',
        'adapters/worker-clock.ts',
        '**/index*.ts',
        'machines/events.ts',
        'adapters/web-socket.ts',
        'adapters/dom.ts',
      ],
      reporter: ['text'],
      thresholds: { lines: 98, statements: 97, functions: 97, branches: 93 },
    },
  },
});
