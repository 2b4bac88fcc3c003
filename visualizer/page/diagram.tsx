/** The statechart of the machine that is shown. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { excessOf } from './chart/bounds.ts';
import { Chart } from './chart/chart.tsx';
import type { Layout } from './chart/shapes.ts';
import { layoutFor } from './layouts.ts';
import { isConnection, isOutage, stateWord } from './life.ts';
import { type Machine, moment, time } from './store.ts';

export function Diagram({ machine }: { machine: Machine }) {
  const { definition } = machine.life;
  const holder = useRef<HTMLDivElement>(null);
  const layout = useLayout(machine, holder);
  const here = moment.value;
  const isReady = here !== undefined && (typeof layout === 'object' || excessOf(definition) !== undefined);
  return (
    <div ref={holder} class="diagram">
      {isReady ? (
        <Chart
          definition={definition}
          layout={typeof layout === 'object' ? layout : undefined}
          value={here.value}
          previous={here.previous}
          taken={here.led && { event: here.led.event.type, at: here.led.at }}
          delays={here.delays}
          now={time.value}
          isOutage={isConnection(machine.life) && isOutage(stateWord(here.value), here.context)}
        />
      ) : (
        <p class="waits">
          {layout === 'unreachable'
            ? 'This chart cannot be laid out: the server of this page is gone. Load the page again when it is back.'
            : 'Laying the chart out …'}
        </p>
      )}
    </div>
  );
}

/** `unreachable`: what lays charts out comes when it is needed, and whoever serves it is gone. */
type Found = Layout | 'unreachable' | undefined;

function useLayout({ life }: Machine, holder: { readonly current: HTMLElement | null }): Found {
  const [layout, setLayout] = useState<{ of: unknown; layout: Found } | undefined>(undefined);
  const isTall = useTall(holder);
  const { definition } = life;
  useEffect(() => {
    if (isTall === undefined || excessOf(definition) !== undefined) return undefined;
    let isWanted = true;
    const find = async () => {
      const found = await layoutFor(definition, isTall);
      if (isWanted) setLayout({ of: definition, layout: found ?? 'unreachable' });
    };
    void find();
    return () => {
      isWanted = false;
    };
  }, [definition, isTall]);
  return layout?.of === definition ? layout.layout : undefined;
}

/** Whether the room is higher than it is wide; undefined: it is not known yet. */
function useTall(holder: { readonly current: HTMLElement | null }): boolean | undefined {
  const [isTall, setTall] = useState<boolean | undefined>(undefined);
  useEffect(() => {
    if (holder.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setTall(entry.contentRect.height > entry.contentRect.width);
    });
    observer.observe(holder.current);
    return () => observer.disconnect();
  }, [holder]);
  return isTall;
}
