-- SPDX-License-Identifier: Apache-2.0
SELECT version FROM trained_models WHERE shop = $1::text
