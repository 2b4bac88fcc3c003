/**
 * What Redis does by itself, so that nothing comes between. A topic has two keys: a hash (`epoch`, `replid`, `at`) and a stream, whose ids are `AT-0`; both
 * expire. Its numbers have no holes, since a read from where a stream was trimmed is no error in Redis: whoever reads sees that the first number is not the next.
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly source: string;
  /** What EVALSHA calls it. */
  readonly sha: string;
}

/**
 * An epoch is one life of one log on one master. `master_replid` is another one after each restart and failover; the hash is gone after FLUSHALL, eviction, or a
 * day without use. Then history may be, too, or is another's: it is dropped, and a new epoch begins, named by the caller (chance in a script is the same each time).
 * KEYS: hash, stream. ARGV: name for a new epoch, ms until an idle topic is forgotten, which both scripts see to.
 */
const life = `
local replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
if not replid then return redis.error_reply('NOREPLID this server does not say which master it is') end
local its = redis.call('HMGET', KEYS[1], 'epoch', 'replid', 'at')
local epoch, at = its[1], tonumber(its[3])
if its[2] ~= replid or not epoch or not at then
  epoch, at = ARGV[1], 0
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'replid', replid, 'at', 0)
end
`;

/**
 * Answers the epoch and the number. An id is of its epoch: what another one had is not in this one.
 * KEYS[3]: of the id, where there is one. ARGV: ms that a stream outlives its newest entry, how many it holds, ms that an id is kept, kind, data.
 */
export const append = script(`${life}
if KEYS[3] then
  local known = redis.call('HMGET', KEYS[3], 'epoch', 'at')
  if known[1] == epoch then return {epoch, tonumber(known[2])} end
end
at = redis.call('HINCRBY', KEYS[1], 'at', 1)
local number = string.format('%.0f', at)
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[4], number .. '-0', ARGV[6], ARGV[7])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if KEYS[3] then
  redis.call('HSET', KEYS[3], 'epoch', epoch, 'at', number)
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
end
redis.call('PUBLISH', KEYS[1], ARGV[6] .. epoch .. '.' .. number .. '\\n' .. ARGV[7])
return {epoch, at}
`);

/**
 * Answers the epoch, the newest number, and what follows a position of this epoch. ARGV: epoch and number of that position, and at most how many. Who asks for a
 * topic keeps it from being forgotten.
 */
export const read = script(`${life}
if redis.call('PTTL', KEYS[1]) < ARGV[2] / 2 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if ARGV[3] ~= epoch then return {epoch, at} end
local first = string.format('%.0f', ARGV[4] + 1) .. '-0'
return {epoch, at, redis.call('XRANGE', KEYS[2], first, '+', 'COUNT', ARGV[5])}
`);

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
