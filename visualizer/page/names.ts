/**
 * What people call machines: by names that they can tell apart. Plain data; no signals here.
 */
import { dayTimeOf } from './figures.ts';
import type { Machine } from './store.ts';

type Named = Pick<Machine, 'key' | 'source' | 'life' | 'lostAt'>;

/**
 * By key: its name; behind it, only where two would look the same, when it began, and where that is the same as well, its session. Those of several
 * sources are told apart by their source, which stands elsewhere, and one that is gone from the one that came in its place by its state.
 */
export function namesOf(machines: readonly Named[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const alike of groupsOf(machines, lookOf)) {
    for (const twins of groupsOf(alike, beginningOf)) {
      for (const each of twins) {
        const { name, session } = each.life;
        const parts = [name, alike.length > 1 && beginningOf(each), twins.length > 1 && session];
        names.set(each.key, parts.filter((part) => part !== false).join(', '));
      }
    }
  }
  return names;
}

/** How it ended, for where that is not seen otherwise; '': it has not. */
export function endOf({ life, lostAt }: Named): string {
  if (life.isOver) return 'ended';
  return lostAt === undefined ? '' : 'lost';
}

/** In no more characters than there is room for: its beginning and its end, where numbers are. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 3);
  return `${text.slice(0, most - 1 - end)}…${text.slice(-end)}`;
}

function lookOf(machine: Named): string {
  return JSON.stringify([machine.source.name, machine.life.name, endOf(machine)]);
}

/** Its first entry always stays. */
function beginningOf({ life }: Named): string {
  return dayTimeOf(life.entries[0]?.at ?? 0);
}

function groupsOf(machines: readonly Named[], lookAs: (machine: Named) => string): Iterable<Named[]> {
  const groups = new Map<string, Named[]>();
  for (const each of machines) {
    const look = lookAs(each);
    const group = groups.get(look);
    if (group === undefined) groups.set(look, [each]);
    else group.push(each);
  }
  return groups.values();
}
