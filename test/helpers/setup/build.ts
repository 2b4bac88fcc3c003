import { execFileSync } from 'node:child_process';

/** Some tests run what users run: the built package, in processes of its own. */
export default function build(): void {
  execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  execFileSync(process.execPath, ['visualizer/build.mjs'], { stdio: 'inherit' });
}
