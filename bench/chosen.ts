/** What of the benchmarks is to run, as `run.mjs` was told. */

/** Fewer repetitions: enough to see that everything works, and that nothing is far off. What it finds is not kept. */
export const isQuick = process.env['BENCH_QUICK'] === '1';

const only = process.env['BENCH_ONLY']?.split(',');

/** Everything is measured, so the results may be kept. */
export const isWhole = !isQuick && only === undefined && process.env['BENCH_PART'] === undefined;

/** Those of `names` that were asked for with `--only`, in their order; ours is compared with nobody else where it is left out. */
export function chosen<Name extends string>(names: readonly Name[]): Name[] {
  return only === undefined ? [...names] : names.filter((name) => only.includes(name));
}

/** How often, or how long: `whole`, or less where it is to be quick. */
export function quickOr<Value>(whole: Value, quick: Value): Value {
  return isQuick ? quick : whole;
}
