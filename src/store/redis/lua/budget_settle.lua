-- The log counts so many acceptances; the hold of the accepted offer has ended.
-- KEYS[1] the rule's holds; KEYS[2] how many acceptances the log has
-- ARGV[1] the offer's mark, or nothing; ARGV[2] the count; ARGV[3] seconds the keys live
-- The count only rises: of two replicas' words the later one may arrive first.
if ARGV[1] ~= '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
local known = tonumber(redis.call('GET', KEYS[2]) or '')
if not known or known < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
end
return 1
