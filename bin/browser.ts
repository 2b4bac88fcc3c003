/**
 * Shows a page to whoever sits in front of this machine.
 */
import { spawn } from 'node:child_process';

/** Where there is nobody to look, or nothing to look with, this does nothing. @param address one of ours: it becomes an argument of a command */
export function openInBrowser(address: string, { isTTY }: NodeJS.WriteStream = process.stdout): void {
  const opener = isTTY ? openerFor(process.platform, process.env) : undefined;
  if (opener === undefined) return;
  const child = spawn(opener, [address], { detached: true, stdio: 'ignore' });
  // The address is printed as well.
  child.on('error', () => {});
  child.unref();
}

/** The command that opens an address; undefined: there is no desktop. */
export function openerFor(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string | undefined {
  if (env['CI']) return undefined;
  if (platform === 'darwin') return 'open';
  const hasDesktop = Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
  return platform === 'linux' && hasDesktop ? 'xdg-open' : undefined;
}
