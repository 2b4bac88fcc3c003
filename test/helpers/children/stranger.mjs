/**
 * A process of somebody else's: a machine of XState 4, inspected with plain `@xstate/inspect`. `press` sends it an event.
 */
import { createRequire } from 'node:module';

import { WebSocketServer } from 'ws';

import { onCommand, say } from './say.mjs';

const require = createRequire(new URL('../../../visualizer/package.json', import.meta.url));
const { createMachine, interpret } = require('xstate');
const inspector = require('@xstate/inspect/lib/server');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
const machine = createMachine(
  {
    id: 'crossing',
    type: 'parallel',
    predictableActionArguments: true,
    states: {
      light: {
        initial: 'red',
        states: {
          red: { after: { 60_000: 'green' }, on: { PRESS: { target: 'green', cond: 'mayWalk' } } },
          green: { on: { STOP: 'red' } },
        },
      },
      voice: { initial: 'silent', states: { silent: { on: { PRESS: 'speaking' } }, speaking: {} } },
    },
  },
  { guards: { mayWalk: () => true } },
);
inspector.inspect({ server });
const service = interpret(machine, { devTools: true }).start();
server.on('listening', () => say('listening', { port: server.address().port }));
onCommand({ press: () => service.send({ type: 'PRESS' }) });
