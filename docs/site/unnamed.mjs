/** Types that public ones mention and nobody imports, each kind for a reason: TypeDoc warns of all others, and a warning is a failure. */
export const unnamed = [
  // The platform's own where it has them.
  ...from('adapters/dom.ts', 'Blob', 'URL', 'CustomEvent', 'ListenerOptions', 'EventListener'),
  ...from('adapters/drop-in.ts', 'BinaryType', 'ReadyState'),
  // A part of one type, shown where it is used.
  ...from('machines/events.ts', 'Failing'),
  ...from('adapters/dial.ts', 'Offer'),
  ...from('adapters/drop-in.events.ts', 'HandlerOf'),
  ...from('adapters/protocols/mqtt.ts', 'Bytes'),
  ...from('push/topic.ts', 'Message'),
  ...from('push/redis.ear.ts', 'RedisListener'),
  ...from('test/kit/paths.ts', 'ModelSnapshot'),
  // How the compiler finds what another type stands for.
  ...from('adapters/codec.ts', 'Coding', 'CodedLine'),
  ...from('adapters/connect.ts', 'Of'),
  ...from('adapters/json.ts', 'Schema', 'TypesOf', 'Validated'),
  // Between a hub and its own guests, the machine and its own actions, a virtual world and its own parts.
  ...from('push/guest.ts', 'House'),
  ...from('push/feed.ts', 'Feed'),
  ...from('machines/connection.ts', 'Limit'),
  ...from('test/kit/virtual-web-socket.ts', 'Handler', 'Surroundings', 'ServerEnd', 'SentFrame'),
  ...from('test/kit/virtual-link.ts', 'VirtualLane'),
  ...from('test/kit/faults.ts', 'FaultSettings'),
  ...from('test/kit/schedule.ts', 'Schedule'),
];

function from(file, ...names) {
  return names.map((name) => `${file}:${name}`);
}
