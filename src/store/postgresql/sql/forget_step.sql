-- SPDX-License-Identifier: Apache-2.0
-- What was received more than $2 before $1 goes, by whole months, a step at a time.
SELECT forget_step($1::bigint, $2::bigint, $3::bigint::integer)::int::bigint
