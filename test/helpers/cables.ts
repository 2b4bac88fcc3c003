/**
 * Real cables: two network namespaces, the client in one and the server in the other, joined by veth pairs. Linux, root and iproute2.
 */
import { execFileSync } from 'node:child_process';

export type End = 'client' | 'server';

const ends = ['client', 'server'] as const;

function ip(...words: string[]): string {
  return execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

/** Why there can be no namespaces here. */
export function obstacleToCables(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'this is not root';
  const trial = `systole-${process.pid}-trial`;
  try {
    ip('netns', 'add', trial);
    ip('netns', 'delete', trial);
    return undefined;
  } catch (error) {
    return `\`ip netns add\` fails: ${(error as Error).message}`;
  }
}

/** The two hosts, and what joins them. At the end of the process they are gone, whatever became of it. */
export class Hosts {
  /** At which the server is reached, by whatever cable. */
  readonly service = '10.99.255.1';
  readonly #remove = (): void => this.remove();
  #way: string | undefined;

  constructor() {
    process.once('exit', this.#remove);
    for (const end of ends) {
      ip('netns', 'add', this.#namespace(end));
      this.#at(end, 'link', 'set', 'lo', 'up');
    }
    this.#at('server', 'address', 'add', `${this.service}/32`, 'dev', 'lo');
  }

  /** What goes before a command that is to run at this end. */
  within(end: End): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace(end)];
  }

  /** Another cable, plugged in at both ends. */
  lay(cable: string): void {
    const pair = ['type', 'veth', 'peer', 'name', cable, 'netns', this.#namespace('server')];
    ip('link', 'add', cable, 'netns', this.#namespace('client'), ...pair);
    for (const end of ends) {
      this.#at(end, 'address', 'add', `${addressOf(cable, end)}/24`, 'dev', cable);
      this.plug(cable, end);
    }
  }

  /** No event fires at the other end, nor in any socket of this one. */
  pull(cable: string, end: End): void {
    this.#at(end, 'link', 'set', cable, 'down');
  }

  plug(cable: string, end: End): void {
    this.#at(end, 'link', 'set', cable, 'up');
    // The client forgets its routes with its cable.
    if (end === 'client' && this.#way === cable) this.route(cable);
  }

  /** From now on the client reaches the server by this cable. */
  route(cable: string): void {
    this.#way = cable;
    this.#at('client', 'route', 'replace', this.service, 'via', addressOf(cable, 'server'), 'dev', cable);
  }

  /** The client's address on this cable is gone: what was dialled from it is answered by nobody. */
  leave(cable: string): void {
    this.#at('client', 'address', 'flush', 'dev', cable);
  }

  /** As it was when it was laid. */
  mend(cable: string): void {
    for (const end of ends) {
      this.#at(end, 'address', 'replace', `${addressOf(cable, end)}/24`, 'dev', cable);
      this.plug(cable, end);
    }
    this.route(cable);
  }

  remove(): void {
    process.off('exit', this.#remove);
    for (const end of ends) {
      try {
        ip('netns', 'delete', this.#namespace(end));
      } catch {
        // It is not there.
      }
    }
  }

  #at(end: End, ...words: string[]): void {
    ip('-n', this.#namespace(end), ...words);
  }

  #namespace(end: End): string {
    return `systole-${process.pid}-${end}`;
  }
}

/** Each cable is a network of its own. */
function addressOf(cable: string, end: End): string {
  return `10.99.${cable.charCodeAt(0)}.${end === 'client' ? 1 : 2}`;
}
