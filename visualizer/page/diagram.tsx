/** The statechart of the machine that is shown. */
import { useEffect, useState } from 'preact/hooks';

import { Chart } from './chart/chart.tsx';
import type { Layout } from './chart/shapes.ts';
import { type Machine, moment, time } from './store.ts';

export function Diagram({ machine }: { machine: Machine }) {
  const layout = useLayout(machine);
  const here = moment.value;
  if (here === undefined || layout === undefined) return <p class="waits">Laying the chart out …</p>;
  return (
    <Chart
      definition={machine.life.definition}
      layout={layout}
      value={here.value}
      previous={here.previous}
      taken={here.led && { event: here.led.event.type, at: here.led.at }}
      delays={here.delays}
      now={time.value}
    />
  );
}

function useLayout({ life }: Machine): Layout | undefined {
  const [layout, setLayout] = useState<Layout | undefined>(undefined);
  useEffect(() => {
    let isWanted = true;
    setLayout(undefined);
    const find = async () => {
      // The layout engine comes when it is needed, which it is not for our own machine.
      const { layoutFor } = await import('./layouts.ts');
      const found = await layoutFor(life.definition);
      if (isWanted) setLayout(found);
    };
    void find();
    return () => {
      isWanted = false;
    };
  }, [life.definition]);
  return layout;
}
