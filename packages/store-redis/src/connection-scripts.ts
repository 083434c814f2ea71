import { Script } from './script.js'

/**
 * Writes one connection. ARGV: the version that has to be stored or nothing, an id of this write, the connection as JSON
 * without its version.
 *
 * A client that lost the answer sends the command again: the id of the write tells that from another writer's.
 */
export const PUT: Script = new Script(`
local KEY = KEYS[1]
local wanted, write, json = ARGV[1], ARGV[2], ARGV[3]
local reply = redis.pcall('HMGET', KEY, 'v', 'version', 'write')
if reply.err then
  if string.find(reply.err, 'WRONGTYPE', 1, true) then return {'unreadable', 'it is not a hash'} end
  return reply
end
local format, version, last = reply[1], reply[2], reply[3]
if not format then
  if redis.call('EXISTS', KEY) == 1 then return {'unreadable', 'the field v (format) is missing'} end
  version = '0'
elseif format ~= '1' then
  if string.find(format, '^%d+$') then return {'format', format} end
  return {'unreadable', 'the field v (format) is not a number'}
elseif not version or #version > 15 or not string.find(version, '^%d+$') then
  return {'unreadable', 'the field version is not a number'}
end
if last == write then return {'written', version} end
if wanted ~= '' and tonumber(wanted) ~= tonumber(version) then return {'conflict'} end
version = string.format('%.0f', tonumber(version) + 1)
redis.call('HSET', KEY, 'v', '1', 'version', version, 'write', write, 'json', json)
return {'written', version}
`)
