/**
 * The picture of the machine, drawn from the machine: Mermaid, as GitHub shows it.
 *
 * It shows what `Connection.state` shows. A limit is drawn as if it led straight to where its `draining` leads, a loss as if it led straight to
 * what it is judged to be. What is the same everywhere is left to the text: `close()`, `reconnect()`, a peer that tells us to go, a world that
 * suspends us.
 */
import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';

import { connectionMachine } from '../../machines/connection.ts';

interface Arrow {
  from: string;
  to: string;
  label: string;
}

export function diagram(): string {
  const { root } = connectionMachine;
  const { reconnecting, lost, closed, socket } = root.states as Record<string, AnyStateNode>;
  if (!reconnecting || !lost || !closed || !socket)
    throw new Error('the machine has other states than the picture knows');
  const visits = Object.values(socket.states).filter(({ key }) => key !== 'closing');
  const arrows = [
    ...visits.flatMap((state) => [...arrowsOf(state, within(state)), ...arrowsOf(state, transitionsOf(socket))]),
    ...arrowsOf(reconnecting, transitionsOf(reconnecting)),
    ...(lost.always ?? [])
      .filter(({ target }) => target?.[0] === closed)
      .map(({ guard }) => ({
        from: 'reconnecting',
        to: 'closed',
        label: typeof guard === 'string' ? guard : 'otherwise',
      })),
  ];
  return [
    'stateDiagram-v2',
    '  state "awaiting-id" as awaiting_id',
    '  [*] --> connecting',
    ...joined(arrows).map(({ from, to, label }) => `  ${id(from)} --> ${id(to)}: ${label}`),
    '  closed --> [*]',
    '',
  ].join('\n');
}

/** The transitions of a state and of all that is in it. */
function within(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...transitionsOf(node), ...Object.values(node.states).flatMap(within)];
}

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...node.transitions.values()].flat();
}

/** What leads out of a state; and, within one, what makes its heart beat. */
function arrowsOf({ key: from }: AnyStateNode, transitions: AnyTransitionDefinition[]): Arrow[] {
  return transitions.flatMap(({ eventType, source, target }) => {
    const to = target?.[0] && boxOf(target[0]);
    const isBeat = eventType.includes('heartbeatInterval');
    const isShown =
      to !== undefined &&
      to !== 'closing' &&
      !/^user\.|^peer\.refused|^world\.suspended|^xstate\.error/.test(eventType);
    return isShown && (to !== from || isBeat) ? [{ from, to, label: labelOf(eventType, source) }] : [];
  });
}

/** The state, as `Connection.state` says it, that a state is or is in. A loss that is not the end is `reconnecting`. */
function boxOf(node: AnyStateNode): string {
  if (node.key === 'lost') return 'reconnecting';
  if (node.key === 'socket') return 'connecting';
  return node.parent === undefined || ['socket', 'connection'].includes(node.parent.key)
    ? node.key
    : boxOf(node.parent);
}

function labelOf(eventType: string, source: AnyStateNode): string {
  if (!eventType.startsWith('xstate.after.')) return eventType;
  const delay = eventType.split('.')[2];
  if (delay !== 'drain') return `after ${delay}`;
  const limits = Object.values(source.parent?.states ?? {}).flatMap(({ after }) =>
    after.map((each) => String(each.delay)),
  );
  return `after ${limits.find((limit) => limit !== 'drain')}`;
}

/** One arrow for all that leads the same way. */
function joined(arrows: Arrow[]): Arrow[] {
  const labels = new Map<string, Set<string>>();
  for (const { from, to, label } of arrows) {
    const key = `${from} ${to}`;
    labels.set(key, (labels.get(key) ?? new Set()).add(label));
  }
  return [...labels].map(([key, each]) => {
    const [from = '', to = ''] = key.split(' ');
    return { from, to, label: [...each].join('<br/>') };
  });
}

function id(state: string): string {
  return state.replace('-', '_');
}
