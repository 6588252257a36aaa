-- The log counts so many acceptances; the hold of the accepted offer has ended.
-- KEYS[1] the rule's holds; KEYS[2] how many acceptances the log has
-- ARGV[1] the offer's mark, or nothing; ARGV[2] the count; ARGV[3] seconds the keys live
-- ARGV[4] in a cluster: the node's stamp, by which the count begins; one with another is not known
-- The count only rises: of two replicas' words the later one may arrive first.
if ARGV[1] ~= '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
local stamp, kept = ARGV[4] or '', redis.call('GET', KEYS[2]) or ''
local known = string.sub(kept, 1, #stamp) == stamp and tonumber(string.sub(kept, #stamp + 1))
if not known or known < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], stamp .. ARGV[2], 'EX', ARGV[3])
end
return 1
