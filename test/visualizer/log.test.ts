/** The event log in a real Chromium: nothing of a row is cut off, runs are folded, and it says what it does not show. */
import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';

import { connectionMachine } from '../../machines/index.ts';
import { translate } from '../../visualizer/bridge/translate.ts';
import type { Definition, StateValue } from '../../visualizer/entry.ts';
import { demo, openTab, patience, rowsIn, stateIn, useBrowser, visualize, word } from './stage.ts';

useBrowser();

/** A recording that is written line by line, a second each. */
function recordingOf(definition: Definition, value: StateValue, name = 'connection') {
  const session = 'x-1';
  const start = Date.UTC(2026, 0, 1, 12);
  const lines: object[] = [
    { systole: 'recording', version: 1 },
    { type: 'registered', at: start, session, seq: 0, name, definition, value, context: {} },
  ];
  let seq = 0;
  let here = value;
  let at = start;
  const next = () => ({ at, session, seq: (seq += 1) });
  return {
    tell(event: string | { type: string; [field: string]: unknown }, to: StateValue = here, context: object = {}) {
      here = to;
      at += 1_000;
      lines.push({ type: 'event', ...next(), event: typeof event === 'string' ? { type: event } : event });
      lines.push({ type: 'changed', ...next(), value: to, context, done: false });
    },
    skip: (count: number) => (seq += count),
    stop: () => lines.push({ type: 'stopped', ...next() }),
    text: () => lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  };
}

type Recorder = ReturnType<typeof recordingOf>;

const quiet: StateValue = { socket: { alive: 'quiet' } };
const probing: StateValue = { socket: { alive: 'probing' } };
const dialling: StateValue = { socket: { connecting: 'dialling' } };
const listening: StateValue = { socket: { 'awaiting-id': 'listening' } };
const after = (delay: string, of: string) => `xstate.after(${delay})#connection.${of}`;

function beat(recorder: Recorder, roundTripTime: number) {
  recorder.tell(after('heartbeatInterval', 'socket.alive.quiet'), probing);
  recorder.tell('peer.spoke', quiet);
  recorder.tell({ type: 'peer.beat', roundTripTime }, quiet);
}

const causes = [
  'silent',
  'outdated',
  'refused',
  'dial-timeout',
  'unnamed',
  'network-changed',
  'suspended',
  'peer-closed',
  'url-failed',
  'user-reconnected',
];

/** Every failure, and every way on from it. */
function troubled(): Recorder {
  const recorder = recordingOf(translate(connectionMachine), dialling);
  recorder.tell('socket.opened', listening, { attempt: 1 });
  recorder.tell('peer.named', quiet, { attempt: 1 });
  for (const trip of [1.24, 120, 3.4]) beat(recorder, trip);
  recorder.tell(after('stableAfter', 'socket.alive'));
  for (const cause of causes) {
    const context = { cause, attempt: 2 };
    recorder.tell(after('probeTimeout', 'socket.alive.probing'), { socket: { stale: { silent: 'asking' } } }, context);
    recorder.tell(
      after('staleTimeout', 'socket.stale.silent.asking'),
      { socket: { stale: { silent: 'draining' } } },
      context,
    );
    recorder.tell(after('drain', 'socket.stale.silent.draining'), 'reconnecting', context);
    recorder.tell('world.wentOffline', 'reconnecting', context);
    recorder.tell(after('backoff', 'reconnecting'), dialling, context);
    recorder.tell(
      after('connectTimeout', 'socket.connecting.dialling'),
      { socket: { connecting: 'draining' } },
      context,
    );
    recorder.tell('socket.opened', listening, context);
    recorder.tell('peer.named', quiet);
    for (const trip of [0.8, 1_400]) beat(recorder, trip);
  }
  recorder.skip(12_345);
  recorder.tell('user.closed', { socket: 'closing' }, { cause: 'user-closed' });
  recorder.tell('socket.lost', 'closed', { cause: 'retries-exhausted' });
  recorder.stop();
  return recorder;
}

/** Names as long as strangers may choose them, in both directions of writing. */
function wordy(): Recorder {
  const long = (name: string) => `${name}${'ThatIsCalledByAVeryLongNameIndeed'.repeat(3)}Of${name}`;
  const region = (name: string) => ({ initial: 'off', states: { off: {}, [long(name)]: {} } });
  const regions = ['light', 'voice', 'motor', 'brake', 'horn'];
  const machine = createMachine({
    id: 'm',
    type: 'parallel',
    states: Object.fromEntries(regions.map((name) => [name, region(name)])),
  });
  const off = Object.fromEntries(regions.map((name) => [name, 'off']));
  const recorder = recordingOf(translate(machine), off, 'm');
  recorder.tell(long('EVENT'), { ...off, light: long('light') }, { cause: long('cause') });
  recorder.tell('مرحبا بالعالم '.repeat(20), Object.fromEntries(regions.map((name) => [name, long(name)])));
  recorder.tell('two\nlines', off);
  for (let i = 0; i < 3; i += 1) recorder.tell(long('TICK'));
  recorder.stop();
  return recorder;
}

async function load(page: Page, recorder: Recorder) {
  const buffer = Buffer.from(recorder.text());
  await page.locator('input[type=file]').setInputFiles({ name: 'life.jsonl', mimeType: '', buffer });
  await expect.poll(() => page.locator('.rows .row').count(), { timeout: patience }).toBeGreaterThan(0);
}

/** What is not seen whole in any row of the log, from its top to its end; and how many rows there were. */
function faultsIn(page: Page) {
  return page.evaluate(async () => {
    const rows = document.querySelector<HTMLElement>('.rows')!;
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const faults: string[] = [];
    const seen = new Set<string>();
    if (rows.scrollWidth > rows.clientWidth) faults.push('the log is wider than there is room');
    for (let top = 0; ; top += rows.clientHeight / 2) {
      rows.scrollTop = top;
      await frame();
      for (const row of rows.querySelectorAll<HTMLElement>('.row')) {
        if (seen.has(row.id)) continue;
        seen.add(row.id);
        const name = row.textContent.slice(0, 60);
        const whole = row.getBoundingClientRect();
        if (row.scrollHeight > row.clientHeight) faults.push(`${name}: higher than its row`);
        const inner = [...row.querySelectorAll<HTMLElement>('p, p *, time, button')];
        for (const each of inner) {
          const box = each.getBoundingClientRect();
          if (each.scrollWidth > each.clientWidth && each.clientWidth > 0)
            faults.push(`${name}: ${each.className} is cut off`);
          if (box.right > whole.right + 0.5 || box.left < whole.left - 0.5)
            faults.push(`${name}: ${each.className} sticks out`);
          if (box.top < whole.top - 0.5 || box.bottom > whole.bottom + 0.5)
            faults.push(`${name}: ${each.className} is too high`);
        }
        // Texts beside one another.
        const spans = [...row.querySelectorAll<HTMLElement>('p > span, time')].map((span) =>
          span.getBoundingClientRect(),
        );
        for (const [i, a] of spans.entries())
          for (const b of spans.slice(i + 1))
            if (a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
              faults.push(`${name}: its texts overlap`);
      }
      if (rows.scrollTop + rows.clientHeight >= rows.scrollHeight - 1) break;
    }
    return { faults, rows: seen.size };
  });
}

const rooms = [
  { width: 1280, height: 720 },
  { width: 390, height: 844 },
];

describe.each(rooms)('at $width × $height', (room) => {
  test('nothing of a row is cut off in any failure: time, event, from and to, cause', async () => {
    const { page, errors } = await openTab(await visualize(), room);
    await load(page, troubled());
    const { faults, rows } = await faultsIn(page);
    expect(faults).toEqual([]);
    expect(rows).toBeGreaterThan(90);
    await page.locator('.rows').evaluate((log) => (log.scrollTop = 0));
    for (const cause of [...causes, 'user-closed', 'retries-exhausted']) {
      await page.getByLabel('Filter the log').fill(cause);
      const why = page.locator('.rows .row .why', { hasText: cause });
      await expect.poll(() => why.count(), { timeout: patience }).toBeGreaterThan(0);
    }
    await page.getByLabel('Filter the log').fill('after staleTimeout');
    await expect
      .poll(async () => (await rowsIn(page))[0]?.replaceAll(/\s+/g, ' '), { timeout: patience })
      .toMatch(/^\d\d:\d\d:\d\d\.000 after staleTimeout.* stale · silent · asking → draining$/);
    expect(errors).toEqual([]);
  });

  test('a name that is too long is shortened in its middle, and whole in the title and in the detail', async () => {
    const { page, errors } = await openTab(await visualize(), room);
    await load(page, wordy());
    const { faults } = await faultsIn(page);
    expect(faults).toEqual([]);
    await page.locator('.rows').evaluate((rows) => (rows.scrollTop = 0));
    const first = page.locator('.rows .row').first();
    const shown = await first.innerText();
    expect(shown).toMatch(/EVENT\w*…\w*EVENT/);
    expect(shown.replaceAll(/\s+/g, ' ')).toMatch(/light\S* · off → light\w*…\w*light/);
    expect(shown).not.toContain('voice');
    expect(await first.locator('p').first().getAttribute('title')).toContain('IndeedOfEVENT: cause');
    await first.click();
    await page.locator('.detail summary').click();
    expect(await page.locator('.detail pre').innerText()).toContain('NameIndeedOfEVENT"');
    // Five regions at once.
    await expect.poll(async () => (await rowsIn(page)).join(' '), { timeout: patience }).toContain('and 2 more');
    expect(errors).toEqual([]);
  });
});

describe('runs', () => {
  const rows = async (page: Page) =>
    (await rowsIn(page)).map((row) => row.replaceAll(/\s+/g, ' ').replace(/^\S+ /, ''));

  function healthy(): Recorder {
    const recorder = recordingOf(translate(connectionMachine), dialling);
    recorder.tell('socket.opened', listening);
    recorder.tell('peer.named', quiet);
    for (const trip of [1.2, 3.4, 2]) beat(recorder, trip);
    recorder.tell('socket.lost', 'reconnecting', { cause: 'peer-closed' });
    return recorder;
  }

  const folded = [
    'socket.opened connecting → awaiting-id',
    'peer.named awaiting-id → alive',
    expect.stringMatching(/^3 heartbeats, 1\.2–3\.4 ms until \d\d:\d\d:\d\d\.000$/) as string,
    'socket.lost peer-closed alive → reconnecting',
  ];

  test('heartbeats are one row, which a click unfolds and folds again', async () => {
    const { page, errors } = await openTab(await visualize());
    await load(page, healthy());
    expect(await rows(page)).toEqual(folded);
    await page.getByRole('button', { name: 'Unfold: 3 heartbeats' }).click();
    await expect.poll(() => page.locator('.rows .row.within').count(), { timeout: patience }).toBeGreaterThan(3);
    await page.locator('.rows .row.within', { hasText: 'heartbeatInterval' }).first().click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('alive · probing');
    await page.getByRole('button', { name: 'Fold: 3 heartbeats' }).click();
    await expect.poll(() => rows(page), { timeout: patience }).toEqual(folded);
    // What is looked at is in the run, which is marked; and it is not moved.
    expect(await page.locator('.rows .row.selected').innerText()).toContain('3 heartbeats');
    expect(await stateIn(page).textContent()).toBe('alive · probing');
    // A click on it looks at its end.
    await page.locator('.rows .row.fold').click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('alive · quiet');
    expect(errors).toEqual([]);
  });

  test('the keyboard does it as well', async () => {
    const { page, errors } = await openTab(await visualize());
    await load(page, healthy());
    const log = page.locator('.rows');
    const selected = async () => (await page.locator('.rows .row.selected').innerText()).replaceAll(/\s+/g, ' ');
    const within = page.locator('.rows .row.within');
    await log.press('Escape');
    for (let i = 0; i < 2; i += 1) await log.press('ArrowUp');
    expect(await selected()).toContain('3 heartbeats');
    for (const [open, close] of [
      ['ArrowRight', 'ArrowLeft'],
      ['Enter', 'Enter'],
    ] as const) {
      await log.press(open);
      await expect.poll(() => within.count(), { timeout: patience }).toBeGreaterThan(3);
      expect(await selected()).toContain('peer.beat');
      expect(await log.getAttribute('aria-activedescendant')).toBe(
        await page.locator('.row.selected').getAttribute('id'),
      );
      await log.press(close);
      await expect.poll(() => within.count(), { timeout: patience }).toBe(0);
      expect(await selected()).toContain('3 heartbeats');
    }
    await log.press('Enter');
    for (let i = 0; i < 8; i += 1) await log.press('ArrowUp');
    expect(await selected(), 'the first of the run').toContain('after heartbeatInterval');
    await log.press('ArrowUp');
    expect(await selected(), 'past its head').toContain('peer.named');
    await log.press('ArrowDown');
    expect(await selected()).toContain('after heartbeatInterval');
    for (let i = 0; i < 9; i += 1) await log.press('ArrowDown');
    expect(await selected()).toContain('socket.lost');
    await log.press('ArrowDown');
    expect(await page.locator('.rows .row.selected').count(), 'back to now').toBe(0);
    expect(errors).toEqual([]);
  });

  test('a filter shows what matches, unfolded; one without hits says so; transitions hide what changes nothing', async () => {
    const { page, errors } = await openTab(await visualize());
    await load(page, healthy());
    const filter = page.getByLabel('Filter the log');
    await filter.fill('peer.beat');
    await expect.poll(() => rows(page), { timeout: patience }).toEqual(['peer.beat', 'peer.beat', 'peer.beat']);
    await filter.fill('zebra');
    const none = page.locator('.log .none');
    await expect
      .poll(() => none.innerText(), { timeout: patience })
      .toMatch(/^Nothing matches “zebra”; 12 rows are hidden\. clear$/);
    await none.getByRole('button', { name: 'clear' }).click();
    await expect.poll(() => rows(page), { timeout: patience }).toEqual(folded);
    expect(await filter.inputValue()).toBe('');
    await page.getByLabel('transitions').check();
    await expect.poll(() => rows(page), { timeout: patience }).toEqual([folded[0], folded[1], folded[3]]);
    await filter.fill('beat');
    await expect.poll(() => none.innerText(), { timeout: patience }).toContain('“beat” among transitions; 12 rows');
    expect(errors).toEqual([]);
  });

  test("equal events of others' machines, and what is not kept", async () => {
    const counter = createMachine({ id: 'counter', initial: 'a', states: { a: { on: { TICK: {} } } } });
    const recorder = recordingOf(translate(counter), 'a', 'counter');
    for (let i = 0; i < 312; i += 1) recorder.tell('TICK');
    recorder.skip(214);
    recorder.stop();
    const { page, errors } = await openTab(await visualize());
    await load(page, recorder);
    await expect
      .poll(() => rows(page), { timeout: patience })
      .toEqual([expect.stringMatching(/^312 × TICK until/), '… 214 entries are not kept here', 'stopped']);
    expect(errors).toEqual([]);
  });
});

test('live: a run grows in its place, and what nobody answers leaves it', async () => {
  const { address } = await demo({ interval: 300, timeout: 1_000 });
  const { page, errors } = await openTab(address);
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
  const beats = async () =>
    Math.max(0, ...(await rowsIn(page)).map((row) => Number(/(\d+) heartbeats/.exec(row)?.[1] ?? 0)));
  await expect.poll(beats, { timeout: patience }).toBeGreaterThan(2);
  const before = await beats();
  await expect.poll(beats, { timeout: patience }).toBeGreaterThan(before);
  await page.getByRole('button', { name: 'Pull the cable' }).click();
  await expect
    .poll(async () => (await rowsIn(page)).join(' ').replaceAll(/\s+/g, ' '), { timeout: patience })
    .toMatch(
      /heartbeats?,? .*after heartbeatInterval alive · quiet → probing .*after probeTimeout silent alive → stale/,
    );
  expect(errors).toEqual([]);
});
