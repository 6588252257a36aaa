-- SPDX-License-Identifier: Apache-2.0
-- What every connection is set to. A server whose commits are not durable by default is told
-- to make ours so; a server that does more than that is left alone. Plans are made once, maybe
-- while a month's table is still empty: an index that has the order asked for is the one to use
-- (enable_sort).
SELECT set_config('statement_timeout', $1, false),
       set_config('lock_timeout', $2, false),
       set_config('idle_in_transaction_session_timeout', $3, false),
       set_config('default_transaction_isolation', 'read committed', false),
       set_config('jit', 'off', false),
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('enable_sort', 'off', false),
       set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                       ELSE current_setting('synchronous_commit') END, false)
