-- SPDX-License-Identifier: Apache-2.0
SELECT piece FROM trained_model_pieces WHERE shop = $1::text ORDER BY number
