-- Holds one of a rule's budget for an offer, unless it is spent.
-- KEYS[1] the rule's holds, by when they end; KEYS[2] how many acceptances the log has
-- ARGV[1] the offer's mark; ARGV[2] the budget; ARGV[3] when the hold ends; ARGV[4] now, both in
-- microseconds; ARGV[5] seconds the keys live
-- ARGV[6] in a cluster: the node's stamp, by which the count begins; one with another is not known
-- A hold ends at an odd microsecond until it is granted again, then at an even one: so
-- budget_give_back.lua can tell that it is not one decision's alone any more.
-- Answers -1 for a new hold, -2 for one that was there (and now ends later), -3 when the
-- acceptances are not known, else what is taken: acceptances and holds.
local stamp, kept = ARGV[6] or '', redis.call('GET', KEYS[2]) or ''
local accepted = string.sub(kept, 1, #stamp) == stamp and tonumber(string.sub(kept, #stamp + 1))
if not accepted then
  return -3
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4])
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
local taken = accepted + redis.call('ZCARD', KEYS[1])
if not ends and taken >= tonumber(ARGV[2]) then
  return taken
end
local until_us = math.max(tonumber(ARGV[3]), ends and tonumber(ends) or 0)
if until_us % 2 == (ends and 1 or 0) then
  until_us = until_us + (ends and 1 or -1)
end
redis.call('ZADD', KEYS[1], string.format('%.0f', until_us), ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[5])
return ends and -2 or -1
