import { Script } from './script.js'
import { HIT, TOKEN_ROW } from './token-row.js'

/** ARGV: holder, minGeneration, leaseMs, limit, windowMs. */
export const ACQUIRE: Script = new Script(`${HIT}${TOKEN_ROW}
local holder, min_generation, lease_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local limit, window = tonumber(ARGV[4]), tonumber(ARGV[5])
local row, fault = load()
if fault then return fault end
local token = token_of(row)
if token and number(row, 'generation') > min_generation then return token end
local reason, ms = cooldown_of(row)
if reason then return {'cooldown', reason, ms} end
if number(row, 'lease_ends') > NOW then
  if row.holder ~= holder then return {'wait', text(number(row, 'lease_ends') - NOW)} end
  return {'acquired', unpack(parse_lease(row.lease))}
end
local log = {}
for _, attempt in ipairs(row.log) do
  if attempt[2] == holder then attempt[2] = '' end
  if tonumber(attempt[1]) > NOW - window then log[#log + 1] = attempt end
end
if #log >= limit then
  local oldest = log[#log - limit + 1]
  return {'cooldown', 'budget', text(oldest and tonumber(oldest[1]) + window - NOW or window)}
end
log[#log + 1] = {text(NOW), holder}
row.log, row.window = log, text(window)
local generation = math.max(number(row, 'generation'), min_generation, NOW) + 1
local lease = {text(generation), text(NOW), text(#log), row.failures or '0', row.last_cooldown or ''}
row.peak = text(math.max(number(row, 'peak'), generation))
row.holder, row.lease, row.lease_ends = holder, table.concat(lease, ' '), text(NOW + lease_ms)
save(row)
return {'acquired', unpack(lease)}
`)

/** ARGV: holder, generation, at, lifeMs, channel, message, value. */
export const COMMIT: Script = new Script(`${TOKEN_ROW}
local holder, generation = ARGV[1], tonumber(ARGV[2])
local row, fault = load()
if fault then return fault end
free(row, holder)
settle(row, holder, false)
if generation > number(row, 'generation') then
  row.generation, row.peak = text(generation), text(math.max(number(row, 'peak'), generation))
  row.value, row.value_ends = ARGV[7], text(tonumber(ARGV[3]) + tonumber(ARGV[4]))
  recover(row)
  save(row)
  tell(ARGV[5], ARGV[6])
  return {'token', row.generation, text(math.max(0, number(row, 'value_ends') - NOW)), row.value}
end
if row.was.v then save(row) end
return token_of(row) or {'none'}
`)

/** ARGV: holder, generation, unspent (1 or 0), reason or nothing, ms, channel, message. */
export const RELEASE: Script = new Script(`${TOKEN_ROW}
local holder, generation, unspent, reason = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4]
local row, fault = load()
if fault then return fault end
free(row, holder)
settle(row, holder, unspent)
if reason ~= '' and generation > number(row, 'generation') then
  cool(row, reason, ARGV[5])
  -- The same end told again is one failure.
  local failure = ARGV[2] .. ' ' .. holder
  if row.last_failure ~= failure then
    row.failures, row.last_cooldown, row.last_failure = text(number(row, 'failures') + 1), reason, failure
  end
elseif not row.was.v then
  return {'none'}
end
save(row)
tell(ARGV[6], ARGV[7])
return {'done'}
`)

/** ARGV: reason or nothing, ms, channel, message. */
export const INVALIDATE: Script = new Script(`${TOKEN_ROW}
local row, fault = load()
if fault then return fault end
local generation = math.max(number(row, 'generation'), number(row, 'peak'), NOW) + 1
row.generation, row.peak = text(generation), text(generation)
row.value, row.value_ends = nil, nil
row.holder, row.lease, row.lease_ends = nil, nil, nil
recover(row)
if ARGV[1] ~= '' then cool(row, ARGV[1], ARGV[2]) end
save(row)
tell(ARGV[3], ARGV[4])
return {'done'}
`)

/** Answers with used, lease left, reason, cooldown left, and a token if there is one; '' for what is not there. */
export const INSPECT: Script = new Script(`${TOKEN_ROW}
local row, fault = load()
if fault then return fault end
if not row.was.v then return {'none'} end
local used = 0
for _, attempt in ipairs(row.log) do
  if tonumber(attempt[1]) > NOW - number(row, 'window') then used = used + 1 end
end
local lease_ends = number(row, 'lease_ends')
local reason, ms = cooldown_of(row)
local token = token_of(row) or {}
return {'row', text(used), lease_ends > NOW and text(lease_ends - NOW) or '', reason or '', ms or '',
  token[2] or '', token[3] or '', token[4] or ''}
`)
