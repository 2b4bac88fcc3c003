/** All figures of a run, in one table at its end. */
import type { Reporter, TestModule } from 'vitest/node';

import type { Measurement } from './measurement.ts';
import { aligned } from './text.ts';

export default class Table implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const figures = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => test.meta().figures ?? []),
    );
    if (figures.length === 0) return;
    const rows = [['', 'measured', '±', 'aim', 'fails above', ''], ...figures.map(rowOf)];
    console.log(`\n${aligned(rows, 1)}\n`);
  }
}

function rowOf({ what, value, unit, noise, aim, bound }: Measurement): string[] {
  const digits = Math.abs(aim) < 10 ? 3 : Math.abs(aim) < 100 ? 1 : 0;
  const show = (number: number) =>
    number.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const verdict = value > bound ? 'FAILED' : value > aim + (noise ?? 0) ? 'above its aim' : '';
  return [what, `${show(value)} ${unit}`, noise === undefined ? '' : show(noise), show(aim), show(bound), verdict];
}
