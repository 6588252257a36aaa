-- Ends a hold whose offer nobody is shown, unless it was granted to somebody else as well.
-- KEYS[1] the rule's holds
-- ARGV[1] the offer's mark; ARGV[2] when the hold was to end: budget_reserve.lua makes that odd
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
local alone = tonumber(ARGV[2])
if alone % 2 == 0 then
  alone = alone - 1
end
if ends and tonumber(ends) == alone then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
