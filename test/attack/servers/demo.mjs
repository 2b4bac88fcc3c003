/** `systole demo` with its keys and its page, as in a terminal. SIGINT ends it, as ctrl-C does. */
import { demo } from '../../../dist/bin/demo/demo.js';
import { terminalOn } from '../../../dist/bin/terminal.js';

process.stdin.isTTY = true;
process.stdin.setRawMode = () => process.stdin;
process.exitCode = await demo(['--no-open'], terminalOn(process.stdout, process.env));
