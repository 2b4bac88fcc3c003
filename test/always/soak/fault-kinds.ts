/**
 * All that can go wrong, by name. What lasts answers with its undoing; where two overlap, what was said last holds, and the first to end ends both.
 */
import type { FaultProxy, TcpFaults } from '../../kit/fault-proxy.ts';
import type { Direction } from '../../kit/faults.ts';
import type { Manners } from '../../kit/manners.ts';
import { absurdAnswers, rubbish, wrongNames } from '../../kit/rubbish.ts';
import type { SoakClient } from './clients.ts';
import { type Fault, pickOf } from './plan.ts';
import type { SoakPage } from './platform.ts';
import type { SoakGuest, SoakServer } from './servers.ts';
import type { World } from './world.ts';

/** Clients that share a proxy and a platform. Groups may share a server. */
export interface Group {
  readonly index: number;
  readonly proxy: FaultProxy;
  readonly server: SoakServer;
  readonly platform: SoakPage;
  readonly clients: readonly SoakClient[];
  readonly world: World;
}

interface Recipe {
  weight: number;
  /** At servers of which kind. */
  at: 'any' | 'real' | 'rude';
  /** How often it befalls one link or client, and not all: 0 ≤ x ≤ 1. */
  alone: number;
  begin(group: Group, fault: Fault): (() => void) | void;
}

const line = (
  weight: number,
  begin: (line: TcpFaults, fault: Fault, proxy: FaultProxy) => (() => void) | void,
  alone = 0.75,
): Recipe => ({
  weight,
  at: 'any',
  alone,
  begin: ({ proxy }, fault) => begin((fault.one ? pickOf(proxy.links, fault.pick) : undefined) ?? proxy, fault, proxy),
});

const silence = (weight: number, direction: Direction): Recipe =>
  line(weight, (of) => {
    of.silence(direction);
    return () => of.silence('none');
  });

/** What is done to the server's ends of the lines. */
const guests = (
  weight: number,
  begin: (guest: SoakGuest, fault: Fault, client: SoakClient) => (() => void) | void,
  alone = 0.8,
  at: Recipe['at'] = 'any',
): Recipe => ({
  weight,
  at,
  alone,
  begin: ({ server, clients }, fault) => {
    const mine = [...server.guests].filter(({ client }) => clients.some(({ index }) => index === client));
    const met = fault.one ? [pickOf(mine, fault.pick)].filter((guest) => guest !== undefined) : mine;
    const undo = met.map((guest) =>
      begin(
        guest,
        fault,
        clients.find(({ index }) => index === guest.client)!,
      ),
    );
    return () => undo.forEach((each) => each?.());
  },
});

const closeWith = (weight: number, code: number, alone?: number): Recipe =>
  guests(weight, (guest) => guest.close(code), alone);

const manners = (weight: number, choose: (fault: Fault) => Partial<Manners>, lies = false): Recipe => ({
  weight,
  at: 'rude',
  alone: 0.6,
  begin: ({ server, world }, fault) => {
    const chosen = choose(fault);
    const guest = fault.one ? pickOf([...server.guests], fault.pick) : undefined;
    if (lies) for (const each of guest === undefined ? server.guests : [guest]) world.accountOf(each).lies(each.dial);
    if (guest !== undefined) {
      guest.behave?.(chosen);
      return () => guest.behave?.();
    }
    server.behave?.(chosen);
    if (lies) world.liars.add(server);
    return () => {
      server.behave?.();
      world.liars.delete(server);
    };
  },
});

const own = (weight: number, begin: (client: SoakClient) => (() => void) | void): Recipe => ({
  weight,
  at: 'any',
  alone: 0.9,
  begin: ({ clients }, fault) => {
    const undo = (fault.one ? [pickOf(clients, fault.pick)] : clients).map(begin);
    return () => undo.forEach((each) => each?.());
  },
});

const platform = (weight: number, begin: (of: SoakPage) => (() => void) | void): Recipe => ({
  weight,
  at: 'any',
  alone: 0,
  begin: (group) => begin(group.platform),
});

const table = {
  silence: silence(8, 'both'),
  'silence to the server': silence(6, 'to-server'),
  'silence to the client': silence(6, 'to-client'),
  delay: line(8, (of, { amount }) => {
    of.delay(5 + 200 * amount, { jitter: 150 * amount });
    return () => of.delay(0);
  }),
  throttle: line(6, (of, { amount }) => {
    of.throttle(500 + Math.round(50_000 * amount ** 2));
    return () => of.throttle(Infinity);
  }),
  slice: line(5, (of, { amount }) => {
    of.slice(1 + Math.round(30 * amount));
    return () => of.slice(Infinity);
  }),
  reset: line(10, (of) => of.reset(), 0.9),
  'refused dials': line(2, (of, _, proxy) => {
    proxy.refuse();
    of.reset();
    return () => proxy.accept();
  }),
  'dials accepted and closed': line(2, (of, _, proxy) => {
    proxy.acceptAndClose();
    of.reset();
    return () => proxy.accept();
  }),
  'all healed': line(2, (_, __, proxy) => proxy.heal()),

  restart: {
    weight: 1.5,
    at: 'any',
    alone: 0,
    begin: ({ server, world }, { amount, pick }) => {
      world.while(server.restart(pickOf([1012, 1001, 1006], pick), 300 * amount));
    },
  },
  forgotten: closeWith(5, 1006),
  'closed with 1000': closeWith(2, 1000),
  'closed with 1001': closeWith(3, 1001),
  'closed with 1005': closeWith(1, 1005),
  'closed with 1011': closeWith(2, 1011),
  'closed with 1012': closeWith(3, 1012),
  // Its client is away for five seconds.
  'closed with 1013': closeWith(0.5, 1013, 1),
  'closed with 4000': closeWith(1, 4000),
  'refused with 503': refusing(2, 503),
  'refused with 500': refusing(1, 500),
  // In seconds, so no less.
  'refused with 503, Retry-After': refusing(0.7, 503, 1),
  stalled: guests(3, (guest) => guest.stall?.(), 0.7, 'real'),
  flooded: guests(3, (guest, { amount }, { world }) => {
    for (let left = 20 + 300 * amount; left > 0; left -= 1) world.push(guest, 'flood '.padEnd(1_024, 'x'));
  }),
  rubbish: guests(4, (guest, { amount }, { world }) => {
    // It holds answers that nobody asked for.
    world.accountOf(guest).lies(guest.dial);
    guest.say(pickOf(Object.values(rubbish), amount));
  }),
  'old answers': {
    weight: 1.5,
    at: 'any',
    alone: 0,
    begin: ({ server }) => {
      server.lag(120_000);
      return () => server.lag(0);
    },
  },

  mute: manners(4, () => ({ answers: 0 })),
  'late answers': manners(4, ({ amount }) => ({ answerAfter: 50 + 400 * amount })),
  'absurd answers': manners(3, ({ pick }) => ({ answer: pickOf(Object.values(absurdAnswers), pick) })),
  'answers from the future': manners(1, () => ({ answerAge: -120_000 })),
  'answers given twice': manners(2, () => ({ answers: 2 }), true),
  'answers without a question': manners(2, () => ({ beatEvery: 40 }), true),
  'noise before each word': manners(1, ({ pick }) => ({ noise: [pickOf(Object.values(rubbish), pick)] }), true),
  'a clock that stands': manners(1, () => ({ clockRate: 0 })),
  'a clock that runs backwards': manners(1, () => ({ clockRate: -1_000 })),
  'no name': meeting(1, () => ({ names: 0 })),
  'a late name': meeting(2, ({ amount }) => ({ nameAfter: 50 + 700 * amount })),
  'a name that is none': meeting(1, ({ pick }) => ({ name: pickOf(Object.values(wrongNames), pick) })),
  'two names': meeting(1, () => ({ names: 2 })),
  'dials that hang': meeting(0.7, () => ({ upgrade: 'hang' })),
  'closed as soon as welcome': meeting(1, ({ amount }) => ({ closeAfter: 100 * amount, closeCode: 1012 })),

  'reconnect()': own(6, (client) => client.reconnect()),
  'no URL': own(2, (client) => {
    client.hasUrl = false;
    client.reconnect();
    return () => (client.hasUrl = true);
  }),
  offline: platform(1.5, (of) => {
    of.setOnline(false);
    return () => of.setOnline(true);
  }),
  'into the page cache': platform(1, (of) => {
    of.suspend();
    return () => of.restore();
  }),
  hidden: platform(1.5, (of) => {
    of.setVisible(false);
    return () => of.setVisible(true);
  }),
  'another network': platform(1.5, (of) => of.changeNetwork()),
  sleep: platform(1, (of) => of.sleep(10_000)),
} satisfies Record<string, Recipe>;

export type FaultKind = keyof typeof table;

export const kinds: Readonly<Record<FaultKind, Recipe>> = table;

function refusing(weight: number, status: number, retryAfter?: number): Recipe {
  return {
    weight,
    at: 'any',
    alone: 0,
    begin: ({ server, proxy }) => {
      server.refuse(status, retryAfter);
      pickOf(proxy.links, 0)?.reset();
      return () => server.refuse();
    },
  };
}

/** What new clients meet: somebody is to be one. */
function meeting(weight: number, choose: (fault: Fault) => Partial<Manners>): Recipe {
  return {
    weight,
    at: 'rude',
    alone: 0,
    begin: ({ server, proxy }, fault) => {
      server.behave?.(choose(fault));
      for (const link of proxy.links.slice(0, 3)) link.reset();
      return () => server.behave?.();
    },
  };
}
