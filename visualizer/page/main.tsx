/** The page. */
// oxlint-disable-next-line no-unassigned-import -- a style sheet has no names
import 'uplot/dist/uPlot.min.css';
import { render } from 'preact';

import { takeControl } from './control.ts';
import { Controls, Teller } from './controls.tsx';
import { Diagram } from './diagram.tsx';
import { Header, open, trouble } from './header.tsx';
import { Cross } from './icons.tsx';
import { Log } from './log.tsx';
import { Nothing } from './nothing.tsx';
import { Overview } from './overview.tsx';
import { Panel } from './panel.tsx';
import { listenTo, listenToApp } from './sources.ts';
import { news, shown, view } from './store.ts';
import { Timeline } from './timeline.tsx';
import { Trace } from './trace.tsx';
import { chooseView, leaveByEscape } from './views.ts';

function Page() {
  const machine = shown.value;
  void news.value;
  return (
    <>
      <Header />
      {trouble.value === '' ? null : (
        <p class="trouble" role="alert">
          {trouble}
          <button type="button" aria-label="Dismiss" onClick={() => (trouble.value = '')}>
            <Cross />
          </button>
        </p>
      )}
      {machine === undefined ? (
        <Nothing />
      ) : view.value === 'all' ? (
        <Overview />
      ) : (
        <main class={machine.lostAt === undefined ? '' : 'asof'}>
          <div class="left">
            <section class="chart panel" aria-label="Statechart">
              <Diagram machine={machine} />
            </section>
            <section class="heart panel" aria-label="Heart trace">
              <Trace />
              <Timeline />
            </section>
          </div>
          <div class="right">
            <Panel machine={machine} key={machine.key} />
            <Controls />
            <Teller />
            <Log />
          </div>
        </main>
      )}
    </>
  );
}

render(<Page />, document.getElementById('page')!);

addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer?.files ?? [];
  if (file !== undefined) void open(file);
});

/** What the server of this page knows of where to look. */
interface Config {
  sources: string[];
  control: string | null;
}

chooseView();
leaveByEscape();
listenToApp();
try {
  const { sources, control } = (await (await fetch('./config.json')).json()) as Config;
  for (const url of sources) listenTo(url);
  if (control !== null) takeControl(control);
} catch {
  trouble.value = 'The server of this page is gone; recordings can still be loaded.';
}
