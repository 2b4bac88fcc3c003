/**
 * A definition as a graph: boxes within boxes, and one arrow for all that leads the same way. Pure, and knows neither sizes nor places.
 *
 * Nothing is dropped: what leads nowhere, and (unless `loops` are drawn) what leads back to where it began, are lines in their box.
 */
import type { Definition, StateValue, Transition } from '../../entry.ts';

export interface Graph {
  /** Parents before their children. */
  boxes: Box[];
  edges: Edge[];
}

export interface Box {
  /** As in `#ID` of a transition's target; that of an initial marker ends in `:initial`. */
  id: string;
  parent: string | undefined;
  key: string;
  /** Its key, shortened where it is very long. */
  name: string;
  kind: Definition['type'] | 'initial';
  tags: string[];
  /** What runs while it is active. */
  runs: string[];
  /** What happens in it, without an arrow. */
  lines: TextLine[];
  /** Of a history state: how much it remembers. */
  history?: Definition['history'];
  entry: string[];
  exit: string[];
}

export interface Edge {
  id: string;
  from: string;
  to: string;
  /** Empty: the arrow of an initial marker. */
  lines: TextLine[];
}

/** One transition, in words. */
export interface TextLine {
  event: string;
  kind: 'arrow' | 'internal' | 'loop';
  words: Word[];
  /** All of it in words, where some were shortened. */
  whole?: string;
  actions: string[];
}

export interface Word {
  role: 'event' | 'delay' | 'guard' | 'soft';
  text: string;
}

export interface GraphOptions {
  /** What leads back to where it began: as lines in its box, or as arrows. */
  loops?: 'listed' | 'drawn';
}

export function graphOf(definition: Definition, { loops = 'listed' }: GraphOptions = {}): Graph {
  const boxes: Box[] = [];
  const edges = new Map<string, Edge>();
  // A frame around everything says nothing, unless something begins at it or runs in it.
  const ids = new Set<string>();
  const targets = new Set<string>();
  const note = (node: Definition) => {
    ids.add(node.id);
    for (const { target } of node.transitions) for (const each of target) targets.add(idOf(each));
    for (const child of Object.values(node.states)) note(child);
  };
  note(definition);
  const isFramed =
    targets.has(definition.id) ||
    definition.type === 'parallel' ||
    definition.transitions.length > 0 ||
    definition.invoke.length > 0 ||
    Object.keys(definition.states).length === 0;
  visit(definition, undefined, undefined, isFramed);
  return { boxes, edges: [...edges.values()] };

  function visit(node: Definition, parent: string | undefined, outer: Definition | undefined, isShown = true) {
    const box: Box = {
      id: node.id,
      parent,
      key: node.key,
      name: shortened(node.key),
      kind: node.type,
      tags: node.tags ?? [],
      runs: node.invoke.map(nameOf),
      lines: [],
      entry: node.entry.map(({ type }) => type),
      exit: node.exit.map(({ type }) => type),
      ...(node.type === 'history' && { history: node.history ?? 'shallow' }),
    };
    if (isShown) boxes.push(box);
    const within = isShown ? node.id : undefined;
    const first = node.initial === undefined ? undefined : node.states[node.initial];
    if (node.type === 'compound' && first !== undefined) {
      const id = `${node.id}:initial`;
      boxes.push({
        ...box,
        id,
        parent: within,
        key: '',
        name: '',
        kind: 'initial',
        tags: [],
        runs: [],
        lines: [],
        entry: [],
        exit: [],
      });
      connect(id, first.id);
    }
    for (const child of Object.values(node.states)) visit(child, within, node);
    // Where it has never been, it begins as its parent does.
    const beginning = outer?.initial === undefined ? undefined : outer.states[outer.initial];
    if (node.type === 'history' && node.transitions.length === 0 && beginning !== undefined)
      connect(node.id, beginning.id, { event: '', kind: 'arrow', words: [atFirst], actions: [] });
    for (const transition of node.transitions) {
      const words = wordsOf(transition, node);
      const line = (kind: TextLine['kind'], ...more: Word[]): TextLine => ({
        event: transition.eventType,
        kind,
        ...wordsIn([...words, ...more]),
        actions: transition.actions.map(({ type }) => type),
      });
      if (transition.target.length === 0) box.lines.push(line('internal'));
      for (const target of transition.target.map(idOf)) {
        if (target === node.id && loops === 'listed') box.lines.push(line('loop'));
        else if (ids.has(target)) connect(node.id, target, line('arrow'));
        else box.lines.push(line('internal', { role: 'soft', text: `→ ${target}` }));
      }
    }
  }

  function connect(from: string, to: string, line?: TextLine) {
    const id = `${from} → ${to}`;
    const edge = edges.get(id) ?? { id, from, to, lines: [] };
    if (line !== undefined) edge.lines.push(line);
    edges.set(id, edge);
  }
}

function wordsIn(words: Word[]): Pick<TextLine, 'words' | 'whole'> {
  const short = words.map((word) => ({ ...word, text: shortened(word.text) }));
  const whole = textOf({ words });
  return { words: short, ...(whole !== textOf({ words: short }) && { whole }) };
}

/** Longer names are cut in the middle: how they begin and how they end tells most of them apart. */
const longest = 34;

export function shortened(text: string): string {
  if (text.length <= longest) return text;
  // Code points: what is cut must not be half a letter.
  const letters = Array.from(text);
  const half = Math.floor((longest - 1) / 2);
  return letters.length <= longest ? text : `${letters.slice(0, half).join('')}…${letters.slice(-half).join('')}`;
}

function idOf(target: string): string {
  return target.replace(/^#/, '');
}

/** Ids of all that is active, outermost first. */
export function activeIn(definition: Definition, value: StateValue | undefined): Set<string> {
  const ids = new Set<string>();
  if (value !== undefined) enter(definition, value);
  return ids;

  function enter(node: Definition, inner: StateValue | undefined) {
    ids.add(node.id);
    const children = typeof inner === 'string' ? { [inner]: {} } : (inner ?? {});
    for (const [key, each] of Object.entries(children)) {
      const child = Object.hasOwn(node.states, key) ? node.states[key] : undefined;
      if (child !== undefined) enter(child, each);
    }
  }
}

/**
 * The arrows that lead from what was active to what is, in order: the one of the event, and those that are taken at once from where it led.
 * None where the event led nowhere.
 */
export function arrowsTaken(
  graph: Graph,
  event: string,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): Edge[] {
  const parents = new Map(graph.boxes.map(({ id, parent }) => [id, parent]));
  const remembering = new Set(graph.boxes.filter(({ kind }) => kind === 'history').map(({ id }) => id));
  const depth = (id: string): number => (id === undefined ? 0 : 1 + depth(parents.get(id) as string));
  const candidates = graph.edges
    .filter(({ from, lines }) => before.has(from) && lines.some((line) => line.event === event))
    .toSorted((a, b) => depth(b.from) - depth(a.from));
  for (const edge of candidates) {
    const path = onward(edge, [edge]);
    if (path !== undefined) return path;
  }
  return [];

  function onward({ to }: Edge, path: Edge[]): Edge[] | undefined {
    if (after.has(to) || (remembering.has(to) && after.has(parents.get(to) ?? ''))) return path;
    if (path.length > 8) return undefined;
    for (const next of graph.edges) {
      if (next.from !== to || path.includes(next) || !next.lines.some((line) => line.event === '')) continue;
      const found = onward(next, [...path, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** `backoff` of `xstate.after(backoff)#connection.reconnecting`. */
export function delayOf(eventType: string): string | undefined {
  return /^xstate\.after\((.*?)\)/.exec(eventType)?.[1];
}

/** After the name of a state. */
export function besidesOf({ runs }: Pick<Box, 'runs'>): string {
  if (runs.length === 0) return '';
  return shortened(runs.length === 1 ? `runs actor: ${runs[0]}` : `runs actors: ${runs.join(', ')}`);
}

/** Above words that are beside the states they are about. */
export function besideCaption({ name }: Pick<Box, 'name'>): string {
  return `anywhere in ${name}`;
}

export function textOf({ words }: Pick<TextLine, 'words'>): string {
  return words.map(({ text }) => text).join(' ');
}

const atFirst: Word = { role: 'soft', text: 'at first' };

function wordsOf({ eventType, cond }: Transition, { type, transitions, invoke }: Definition): Word[] {
  if (type === 'history') return [atFirst];
  const rivals = transitions.filter((each) => each.eventType === eventType);
  const isElse = cond === undefined && rivals.some((each) => each.cond !== undefined);
  const words: Word[] = [];
  if (eventType !== '') words.push(...eventWords(eventType, invoke));
  if (cond !== undefined) words.push({ role: 'guard', text: `[${cond.name}]` });
  else if (isElse) words.push({ role: 'soft', text: 'else' });
  else if (eventType === '') words.push({ role: 'soft', text: 'always' });
  return words;
}

function eventWords(eventType: string, invoke: Definition['invoke']): Word[] {
  const delay = delayOf(eventType);
  if (delay !== undefined) {
    const text = /^\d+$/.test(delay) ? duration(Number(delay)) : delay;
    return [
      { role: 'soft', text: 'after' },
      { role: 'delay', text },
    ];
  }
  const [, end, of] = /^(done|error)\.(?:invoke|platform|state)\.(.*)$/.exec(eventType) ?? [];
  if (end !== undefined && eventType.startsWith('done.state')) return [{ role: 'event', text: 'done' }];
  if (end !== undefined && of !== undefined) {
    const actor = invoke.find(({ id }) => id === of);
    return [
      { role: 'event', text: end },
      { role: 'soft', text: `of ${actor === undefined ? of : nameOf(actor)}` },
    ];
  }
  return [{ role: 'event', text: eventType === '*' ? 'any event' : eventType }];
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${ms / 1_000} s`;
  return `${Math.round(ms / 6_000) / 10} min`;
}

/** XState calls an unnamed actor by its place. */
function nameOf({ id, src }: Definition['invoke'][number]): string {
  return /^\d+\.|:invocation\[/.test(id) ? src : id;
}
