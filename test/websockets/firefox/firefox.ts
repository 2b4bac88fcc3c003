/** Firefox as it is installed, for vitest's browser mode: it is given the address of the page, and needs no driver. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { defineBrowserProvider } from '@vitest/browser';

/** The one named in SYSTOLE_FIREFOX, else one where they usually are. */
export function findFirefox(): string | undefined {
  const chosen = process.env['SYSTOLE_FIREFOX'];
  const usual = ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'];
  return (chosen === undefined ? usual : [chosen]).find((path) => existsSync(path));
}

/** Nobody but this machine is spoken to: what it would say to the world at its start goes to a proxy that there is not. */
export const preferences = {
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'network.proxy.no_proxies_on': 'localhost, 127.0.0.1',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'app.update.auto': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.aboutwelcome.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
};

export function firefox(executablePath: string): ReturnType<typeof defineBrowserProvider> {
  return defineBrowserProvider({
    name: 'firefox',
    supportedBrowser: ['firefox'],
    options: {},
    providerFactory: () => new Firefox(executablePath),
  });
}

class Firefox {
  readonly name = 'firefox';
  readonly supportsParallelism = false;
  readonly #executablePath: string;
  readonly #profile = mkdtempSync(join(tmpdir(), 'systole-firefox-'));
  #process: ChildProcess | undefined;

  constructor(executablePath: string) {
    this.#executablePath = executablePath;
    const lines = Object.entries(preferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    );
    writeFileSync(join(this.#profile, 'user.js'), lines.join('\n'));
  }

  getCommandsContext(): Record<string, unknown> {
    return {};
  }

  async openPage(_: string, url: string): Promise<void> {
    await this.#quit();
    this.#process = spawn(this.#executablePath, ['--headless', '--no-remote', '--profile', this.#profile, url], {
      stdio: 'ignore',
      env: { ...process.env, HOME: this.#profile, MOZ_CRASHREPORTER_DISABLE: '1' },
    });
    await once(this.#process, 'spawn');
  }

  async close(): Promise<void> {
    await this.#quit();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #quit(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }
}
