/**
 * A page that uses a library, as a bundler makes it for browsers: what it weighs, and which files it is of.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'vite';

import { packed } from '../test/package/packed.ts';

export interface Page {
  /** Minified, by gzip. */
  bytes: number;
  /** What is left of each file before it is minified, in characters, by its path. */
  files: ReadonlyMap<string, number>;
}

/** A place where pages are bundled, with systole as its users get it, and its peers. */
export class Bundler {
  readonly #packed = packed();

  constructor() {
    const { folder } = this.#packed;
    for (const name of peerPackages()) {
      const path = join(folder, 'node_modules', name);
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(join(peers, 'node_modules', name), path);
    }
  }

  /** @param external packages that are left out */
  async page(source: string, external: string[] = []): Promise<Page> {
    const { folder: root } = this.#packed;
    const input = join(root, 'page.js');
    writeFileSync(input, source);
    const output = await inProduction(() =>
      build({
        root,
        logLevel: 'silent',
        configFile: false,
        build: { write: false, target: 'es2022', rollupOptions: { input, external } },
      }),
    );
    const chunks = [output]
      .flat()
      .flatMap((each) => ('output' in each ? each.output : []))
      .flatMap((chunk) => ('code' in chunk ? [chunk] : []));
    return {
      bytes: gzipSync(chunks.map(({ code }) => code).join('')).length,
      files: new Map(
        chunks.flatMap(({ modules }) =>
          Object.entries(modules).map(([path, { renderedLength }]) => [path, renderedLength] as const),
        ),
      ),
    };
  }

  remove(): void {
    this.#packed.remove();
  }
}

/** Vitest says it is a test, where Vite takes what packages have for development: of XState and socket.io that is more. */
async function inProduction<Result>(work: () => Promise<Result>): Promise<Result> {
  const { NODE_ENV } = process.env;
  process.env['NODE_ENV'] = 'production';
  try {
    return await work();
  } finally {
    process.env['NODE_ENV'] = NODE_ENV;
  }
}

const peers = resolve('bench/peers');

function peerPackages(): string[] {
  const { devDependencies } = JSON.parse(readFileSync(join(peers, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  return Object.keys(devDependencies);
}
