/**
 * How long a key is kept at least after the last write, in milliseconds (one hour, the life of a token). It protects
 * what has no end of its own: the generation, so that a commit that comes after `invalidate` loses, and the count of
 * failures. A commit that is later still brings a token whose life is over.
 */
const KEEP_MS = 3_600_000

/**
 * The short way of `acquire`, for what it mostly meets: a row just as a commit leaves it, with a token that is newer than
 * ARGV[2]. The long way takes twice as long. It is taken for every other row: with a field more or less, with anything that
 * is not as expected, or with several attempts in its log.
 */
export const HIT: string = `
local reply = redis.pcall('HGETALL', KEYS[1])
if #reply == 14 then
  local row = {}
  for i = 1, 14, 2 do row[reply[i]] = reply[i + 1] end
  local generation, ends = row.generation or '', row.value_ends or ''
  local rest = (row.peak or '') .. ' ' .. (row.window or '') .. ' ' .. (row.log or '')
  if row.value and #generation <= 16 and #ends <= 16
    and string.find((row.v or '') .. ' ' .. generation .. ' ' .. ends .. ' ' .. rest, '^1 %d+ %d+ %d+ %d+ %[%["%d+",""%]%]$') then
    local time = redis.call('TIME')
    local left = tonumber(ends) - tonumber(time[1]) * 1000 - math.floor(tonumber(time[2]) / 1000)
    if left > 0 and tonumber(generation) > tonumber(ARGV[2]) then
      return {'token', generation, string.format('%.0f', left), row.value}
    end
  end
end
`

/**
 * Reads and writes the hash of one token, in Lua; each operation in `token-scripts.ts` begins with it.
 *
 * The clock is the server's. Numbers are kept as whole decimal texts: Lua's own formatting rounds to 14 digits. What is
 * not as expected ends the operation before anything is written.
 */
export const TOKEN_ROW: string = `
local KEY = KEYS[1]
local TIME = redis.call('TIME')
local NOW = tonumber(TIME[1]) * 1000 + math.floor(tonumber(TIME[2]) / 1000)
local FIELDS = {'v', 'generation', 'peak', 'value', 'value_ends', 'holder', 'lease', 'lease_ends',
  'failures', 'last_cooldown', 'last_failure', 'cooldown', 'cooldown_ends', 'throttled_until', 'log', 'window'}
local NUMBERS = {'generation', 'peak', 'value_ends', 'lease_ends', 'failures', 'cooldown_ends', 'throttled_until', 'window'}
local PAIRS = {{'value', 'value_ends'}, {'holder', 'lease_ends'}, {'holder', 'lease'}, {'cooldown', 'cooldown_ends'}, {'log', 'window'}}
local REASONS = {dead = true, revoked = true, throttled = true, budget = true, backoff = true}

local function text(number) return string.format('%.0f', number) end
local function is_number(value) return type(value) == 'string' and #value <= 16 and string.find(value, '^%d+$') ~= nil end

local function parse_log(json)
  local parsed, log = pcall(cjson.decode, json)
  if not parsed or type(log) ~= 'table' or string.sub(json, 1, 1) ~= '[' then return nil end
  for _, attempt in ipairs(log) do
    if type(attempt) ~= 'table' or not is_number(attempt[1]) or type(attempt[2]) ~= 'string' then return nil end
  end
  return log
end

local function parse_lease(lease)
  local generation, at, used, failures, last_cooldown = string.match(lease, '^(%d+) (%d+) (%d+) (%d+) (%a*)$')
  return generation and {generation, at, used, failures, last_cooldown}
end

-- The row, or an answer that says why there is none.
local function load()
  local reply = redis.pcall('HGETALL', KEY)
  if reply.err then
    if string.find(reply.err, 'WRONGTYPE', 1, true) then return nil, {'unreadable', 'it is not a hash'} end
    return nil, reply
  end
  local was = {}
  for i = 1, #reply, 2 do was[reply[i]] = reply[i + 1] end
  if #reply > 0 then
    if was.v == nil then return nil, {'unreadable', 'the field v (format) is missing'} end
    if was.v ~= '1' and is_number(was.v) then return nil, {'format', was.v} end
    if was.v ~= '1' then return nil, {'unreadable', 'the field v (format) is not a number'} end
    if was.generation == nil then return nil, {'unreadable', 'the field generation is missing'} end
  end
  for _, name in ipairs(NUMBERS) do
    if was[name] and not is_number(was[name]) then return nil, {'unreadable', 'the field ' .. name .. ' is not a number'} end
  end
  for _, pair in ipairs(PAIRS) do
    if was[pair[1]] and not was[pair[2]] then return nil, {'unreadable', 'the field ' .. pair[2] .. ' is missing'} end
  end
  for _, name in ipairs({'cooldown', 'last_cooldown'}) do
    if was[name] and not REASONS[was[name]] then return nil, {'unreadable', 'the field ' .. name .. ' is no reason'} end
  end
  if was.lease and not parse_lease(was.lease) then return nil, {'unreadable', 'the field lease is not a lease'} end
  local row = {was = was, log = {}}
  if was.log then
    row.log = parse_log(was.log)
    if not row.log then return nil, {'unreadable', 'the field log is not a list of attempts'} end
  end
  for _, name in ipairs(FIELDS) do if name ~= 'log' then row[name] = was[name] end end
  return row
end

local function number(row, name) return tonumber(row[name] or '0') end

-- Writes what changed. First what can fail for want of memory, so that nothing is left half done.
local function save(row)
  local log = row.log
  row.v = '1'
  row.generation = row.generation or '0'
  row.log = #log > 0 and cjson.encode(log) or nil
  if not row.log then row.window = nil end
  local set, gone = {}, {}
  for _, name in ipairs(FIELDS) do
    if row[name] == nil and row.was[name] ~= nil then gone[#gone + 1] = name end
    if row[name] ~= nil and row[name] ~= row.was[name] then
      set[#set + 1] = name
      set[#set + 1] = row[name]
    end
  end
  if #set > 0 then redis.call('HSET', KEY, unpack(set)) end
  if #gone > 0 then redis.call('HDEL', KEY, unpack(gone)) end
  if #set == 0 and #gone == 0 then return end
  local till = NOW + ${KEEP_MS}
  for _, name in ipairs({'value_ends', 'lease_ends', 'cooldown_ends', 'throttled_until'}) do
    till = math.max(till, number(row, name))
  end
  for _, attempt in ipairs(log) do till = math.max(till, tonumber(attempt[1]) + number(row, 'window')) end
  redis.call('PEXPIREAT', KEY, text(till))
end

-- Nobody has to be listening, and a user who may not publish loses nothing but time.
local function tell(channel, message) redis.pcall('PUBLISH', channel, message) end

local function free(row, holder)
  if row.holder == holder then row.holder, row.lease, row.lease_ends = nil, nil, nil end
end

-- Ends the attempt of a lease; an attempt can end only once.
local function settle(row, holder, unspent)
  for place = #row.log, 1, -1 do
    if row.log[place][2] == holder then
      if unspent then table.remove(row.log, place) else row.log[place][2] = '' end
      return
    end
  end
end

-- Forgets what went wrong, but for a throttle.
local function recover(row)
  row.failures, row.last_cooldown, row.last_failure, row.cooldown, row.cooldown_ends = nil, nil, nil, nil, nil
end

-- The later end wins.
local function cool(row, reason, ms)
  local ends = NOW + tonumber(ms)
  if reason == 'throttled' then
    row.throttled_until = text(math.max(number(row, 'throttled_until'), ends))
  elseif not row.cooldown or number(row, 'cooldown_ends') < ends then
    row.cooldown, row.cooldown_ends = reason, text(ends)
  end
end

-- The cooldown that lasts longest now.
local function cooldown_of(row)
  local throttled, other = number(row, 'throttled_until'), number(row, 'cooldown_ends')
  if throttled > NOW and throttled > other then return 'throttled', text(throttled - NOW) end
  if row.cooldown and other > NOW then return row.cooldown, text(other - NOW) end
  return nil
end

local function token_of(row)
  local ends = number(row, 'value_ends')
  if not row.value or ends <= NOW then return nil end
  return {'token', row.generation, text(ends - NOW), row.value}
end
`
