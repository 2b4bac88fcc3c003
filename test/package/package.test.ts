/** The package as its users get it: what is in it, and that it works. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'vite';
import { afterAll, expect, test } from 'vitest';

import { packed } from './packed.ts';

const { folder, installed, remove } = packed(['ws', 'xstate', 'worker-timers', 'react', 'vue']);

afterAll(remove);

function run(script: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, encoding: 'utf8' });
}

test('it holds what users need, and nothing else', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.\w+$|LICENSE/.test(file),
  );
  const strange = files.filter(
    (file) =>
      !/^(?:dist\/(?:machines|adapters|adapters\/protocols|push|bin|bin\/check|bin\/demo|test\/kit)\/[\w.-]+\.(?:js|d\.ts)|docs\/[A-Z-]+\.md|[\w.]+)$/.test(
        file,
      ) &&
      !/^dist\/visualizer\/(?:(?:inspect\.(?:node|browser)\.js|(?:inspect|entry)\.d\.ts|LICENSES\.md)|page\/(?:index\.html|LICENSES\.md|assets\/[\w.-]+\.(?:js|css)))$/.test(
        file,
      ),
  );
  expect(strange).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json']));
  expect(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))).toMatchObject({
    dependencies: { ws: expect.any(String) },
    peerDependencies: { xstate: expect.any(String) },
  });
});

test('every entry is there, with the names it promises', () => {
  const entries = {
    systole: ['connect', 'detectionBound'],
    'systole/machine': ['connectionMachine', 'detectionBound', 'stateOf'],
    'systole/websocket': ['webSocketActor', 'lineOf', 'connectionInput', 'HeartbeatWebSocket'],
    'systole/worker-clock': ['workerClock'],
    'systole/react': ['useConnection'],
    'systole/vue': ['useConnection'],
    'systole/protocols/id-heartbeat': ['idHeartbeat'],
    'systole/protocols/plain': ['plain'],
    'systole/protocols/native-ping': ['nativePing'],
    'systole/protocols/actioncable': ['actionCable'],
    'systole/protocols/silent': ['silent'],
    'systole/protocols/graphql-transport-ws': ['graphqlTransportWs'],
    'systole/protocols/trpc': ['trpc'],
    'systole/protocols/home-assistant': ['homeAssistant'],
    'systole/protocols/phoenix': ['phoenix'],
    'systole/protocols/pusher': ['pusher'],
    'systole/protocols/mqtt': ['mqtt'],
    'systole/protocols/nats': ['nats'],
    'systole/server': ['serveHeartbeats', 'isHeartbeat'],
    'systole/push': ['connectPush'],
    'systole/push/server': ['servePush', 'publisher', 'memoryLog', 'Hub', 'LogError'],
    'systole/push/redis': ['redisLog'],
    'systole/testing': ['connectionModel', 'faultProxy', 'faultServer', 'virtualWorld', 'steppedClock', 'rubbish'],
    'systole/inspect': ['inspect', 'observe', 'serveInspection'],
  };
  const names = run(`
    const entries = ${JSON.stringify(Object.keys(entries))};
    const names = await Promise.all(entries.map(async (entry) => [entry, Object.keys(await import(entry))]));
    console.log(JSON.stringify(Object.fromEntries(names)));
  `);
  for (const [entry, expected] of Object.entries(entries)) {
    expect((JSON.parse(names) as Record<string, string[]>)[entry]).toEqual(expect.arrayContaining(expected));
  }
});

/** A server that names its clients, and answers their first heartbeat only. */
const faulty = `
server.on('connection', (socket) => {
  let answered = false;
  socket.send(JSON.stringify({ id: 'a', now_time: Date.now() }));
  socket.on('message', (data) => {
    if (String(data) !== 'heartbeat' || answered) return;
    answered = true;
    socket.send(JSON.stringify({ heartbeat: Date.now() }));
  });
});`;

test('the kit finds a fault that was planted in a server, and none in one that has none', () => {
  const example = readFileSync('examples/check-server.test.mjs', 'utf8');
  const check = (name: string, script: string) => {
    writeFileSync(join(folder, name), script);
    return spawnSync(process.execPath, ['--test', name], { cwd: folder, encoding: 'utf8' });
  };
  const good = check('good.test.mjs', example);
  expect(good.stdout).toContain('# fail 0');
  expect(good.status).toBe(0);
  const planted = example.replace('serveHeartbeats(server);', faulty);
  expect(planted).not.toBe(example);
  const bad = check('bad.test.mjs', planted.replace('url:', 'patience: 500, url:'));
  expect(bad.status).not.toBe(0);
  expect(bad.stdout).toMatch(/The connection has left its path[\s\S]*alive/);
}, 300_000);

test('the machine needs nothing but xstate', () => {
  const without = join(folder, 'bare', 'node_modules');
  mkdirSync(without, { recursive: true });
  execFileSync('cp', ['-r', installed, without]);
  symlinkSync(resolve('node_modules/xstate'), join(without, 'xstate'));
  const script =
    "const { detectionBound } = await import('systole/machine'); console.log(detectionBound({ interval: 1, timeout: 2 }))";
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(folder, 'bare'),
    encoding: 'utf8',
  });
  expect(said).toBe('3\n');
});

/** A page: its size by gzip, in bytes, and the files that it is made of. */
async function bundled(source: string, external: string[] = []): Promise<{ size: number; files: string[] }> {
  writeFileSync(join(folder, 'page.js'), source);
  const output = await build({
    root: folder,
    logLevel: 'silent',
    configFile: false,
    build: {
      write: false,
      target: 'es2022',
      rollupOptions: { input: join(folder, 'page.js'), external },
    },
  });
  const chunks = [output].flat().flatMap((each) => ('output' in each ? each.output : []));
  const code = chunks.map((chunk) => ('code' in chunk ? chunk.code : '')).join('');
  expect(code).not.toMatch(/Sec-WebSocket|node:|EventEmitter|xstate\.inspecting/i);
  const modules = chunks.flatMap((chunk) => ('modules' in chunk ? Object.entries(chunk.modules) : []));
  const files = modules.filter(([, { renderedLength }]) => renderedLength > 0).map(([name]) => name);
  return { size: gzipSync(code).length, files };
}

test('in a browser bundle there is no ws, and little else', async () => {
  const size = async (source: string, external?: string[]) => (await bundled(source, external)).size;
  const all = await size("import { connect } from 'systole'; connect(location.hash);");
  const ours = await size("import { connect } from 'systole'; connect(location.hash);", ['xstate']);
  const dropIn = await size(
    "import { HeartbeatWebSocket } from 'systole/websocket'; new HeartbeatWebSocket(location.hash);",
  );
  console.log(`gzip: ${all} bytes with xstate, ${ours} without; the drop-in class ${dropIn} with xstate`);
  expect(ours).toBeLessThan(14_800);
  expect(all).toBeLessThan(28_000);
  expect(dropIn).toBeLessThan(30_900);
});

test('push weighs little, and nothing where there is only connect()', async () => {
  const alone = await bundled("import { connect } from 'systole'; connect(location.hash);");
  const pushed = await bundled("import { connectPush } from 'systole/push'; connectPush(location.hash).topic('news');");
  const itsFiles = ({ files }: { files: string[] }) =>
    files.flatMap((name) => /\/push\/([\w.-]+)\.js$/.exec(name)?.[1] ?? []).toSorted();
  expect(itsFiles(alone)).toEqual([]);
  // Nothing of a server's.
  expect(itsFiles(pushed)).toEqual(['dialect', 'frames', 'index', 'position', 'store', 'topic', 'topic-name']);
  console.log(`gzip: ${alone.size} bytes with connect() alone, and ${pushed.size - alone.size} more with push`);
  expect(pushed.size - alone.size).toBeLessThan(4_096);
});

test.each(['react', 'vue'])('%s weighs little, and nothing where there is only connect()', async (view) => {
  const alone = await bundled("import { connect } from 'systole'; connect(location.hash);", [view]);
  const viewed = await bundled(`import { useConnection } from 'systole/${view}'; useConnection(location.hash);`, [
    view,
  ]);
  const itsFiles = ({ files }: { files: string[] }) =>
    files.flatMap((name) => /\/adapters\/((?:react|vue|view)\.js)$/.exec(name)?.[1] ?? []);
  expect(itsFiles(alone)).toEqual([]);
  expect(itsFiles(viewed).toSorted()).toEqual([`${view}.js`, 'view.js'].toSorted());
  const [{ length }] = [readFileSync(`adapters/${view}.ts`, 'utf8').trimEnd().split('\n')];
  console.log(`gzip: ${viewed.size - alone.size} bytes more with systole/${view}, in ${length} lines`);
  expect(viewed.size - alone.size).toBeLessThan(400);
  expect(length).toBeLessThan(60);
});
