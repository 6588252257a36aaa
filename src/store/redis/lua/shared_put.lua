-- Writes a customer's value when it is news; answers 1 when it was taken, 0 when not.
-- KEYS[1] the customer's key
-- ARGV[1] the mode: commit, apply, claim, fill, mend or settle (ports/shared_profiles.h)
-- ARGV[2] the value: 16 hex digits of its position, then '-' (a floor) or 'p' and the profile
-- ARGV[3] seconds it lives
-- ARGV[4] the floor's token, ARGV[5] what it goes over: a position; 16 hex digits each
-- ARGV[6] in a cluster: the node's stamp, by which each value begins; one with another is as nothing
-- What is kept of a floor: its value, its token, and of a provisional one the positions it was made of.
local key, mode, new, ttl, token, over = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local stamp = ARGV[6] or ''
local at0 = #stamp
local old = redis.call('GETRANGE', key, 0, at0 + 16)
local there = #old == at0 + 17 and string.sub(old, 1, at0) == stamp
old = there and string.sub(old, at0 + 1) or ''
local was_floor = string.sub(old, 17) == '-'

-- Halves of 32 bits: a Lua number holds no more than 53 exactly, and strings compare by locale.
local function part(value, first)
  return tonumber(string.sub(value, first, first + 7), 16) or 0
end

local function is_provisional(value)
  return part(value, 1) >= 0x40000000
end

local high = part(new, 1) - part(old, 1)
local low = part(new, 9) - part(old, 9)
local same = high == 0 and low == 0
local newer = not there or high > 0 or (high == 0 and low > 0) or (same and was_floor)

local function write(value)
  redis.call('SET', key, stamp .. value, 'EX', ttl)
  return 1
end

-- A body as it is; a floor with the token it had, if it was one.
local function write_real(keeps)
  if string.sub(new, 17, 17) ~= '-' then
    return write(new)
  end
  local had = keeps and was_floor and redis.call('GETRANGE', key, at0 + 17, at0 + 32) or ''
  return write(new .. (#had == 16 and had or token))
end

-- The provisional positions that the floor is made of, one behind the other.
local function marks()
  if not was_floor or not is_provisional(old) then
    return ''
  end
  local all = redis.call('GETRANGE', key, at0 + 33, -1)
  return all == '' and string.sub(old, 1, 16) or all
end

local function place_of(mark, all)
  for at = 1, #all, 16 do
    if string.sub(all, at, at + 15) == mark then
      return at
    end
  end
end

if mode == 'claim' then
  return there and 0 or write_real(false)
end

if mode == 'commit' and is_provisional(new) then
  local mark, all = string.sub(new, 1, 16), marks()
  if place_of(mark, all) then
    redis.call('EXPIRE', key, ttl)
    return 0
  end
  return write(new .. token .. all .. mark)
end

if mode == 'settle' and there and is_provisional(old) then
  local all = marks()
  local at = place_of(over, all)
  if not at then
    return 0
  end
  all = string.sub(all, 1, at - 1) .. string.sub(all, at + 16)
  if all == '' then
    return write_real(false)
  end
  ttl = redis.call('TTL', key)
  return write(string.sub(all, 1, 16) .. '-' .. token .. all)
end

if mode == 'mend' then
  local is_it = there and not was_floor and string.sub(old, 1, 16) == over
  return is_it and (newer or same) and write_real(false) or 0
end

if mode == 'apply' and newer then
  if there and not was_floor and string.sub(old, 1, 16) == over then
    return write(new)
  end
  new, ttl = string.sub(new, 1, 16) .. '-', math.min(ttl, 3600)
end

local known = mode ~= 'fill' or not was_floor or token == '0000000000000000'
  or token == redis.call('GETRANGE', key, at0 + 17, at0 + 32)
if not newer or (mode == 'fill' and not there) or not known then
  return 0
end
return write_real(true)
