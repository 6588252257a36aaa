-- The log counts fewer acceptances than are believed: a database that was restored has lost some.
-- KEYS[1] how many acceptances the log has
-- ARGV[1] how many are believed; ARGV[2] the count; ARGV[3] seconds the key lives
-- ARGV[4] in a cluster: the node's stamp, by which the count begins
-- Nothing is done when something else is believed by now: a replica has told more since.
local stamp = ARGV[4] or ''
if redis.call('GET', KEYS[1]) ~= stamp .. ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], stamp .. ARGV[2], 'EX', ARGV[3])
return 1
