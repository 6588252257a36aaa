-- Writes a customer's value when it is news; answers 1 when it was taken, 0 when not.
-- KEYS[1] the customer's key
-- ARGV[1] the mode: commit, claim, fill or settle (ports/shared_profiles.h)
-- ARGV[2] the value: 16 hex digits of its position, then '-' (a floor) or 'p' and the profile
-- ARGV[3] seconds it lives
local mode, new = ARGV[1], ARGV[2]
local old = redis.call('GETRANGE', KEYS[1], 0, 16)
local there = #old == 17

-- Halves of 32 bits: a Lua number holds no more than 53 exactly, and strings compare by locale.
local function part(value, first)
  return tonumber(string.sub(value, first, first + 7), 16) or 0
end

local newer = not there
if there then
  local high = part(new, 1) - part(old, 1)
  local low = part(new, 9) - part(old, 9)
  local is_floor = string.sub(old, 17) == '-'
  newer = high > 0 or (high == 0 and (low > 0 or (low == 0 and is_floor)))
end

local taken = newer
if mode == 'claim' then
  taken = not there
elseif mode == 'fill' then
  taken = there and newer
elseif mode == 'settle' then
  taken = newer or part(old, 1) >= 0x40000000
end

if not taken then
  return 0
end
redis.call('SET', KEYS[1], new, 'EX', ARGV[3])
return 1
