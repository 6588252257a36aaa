-- SPDX-License-Identifier: Apache-2.0
SELECT rule, accepted FROM budgets WHERE shop = $1::text
