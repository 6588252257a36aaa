-- SPDX-License-Identifier: Apache-2.0
DELETE FROM trained_model_pieces WHERE shop = $1::text
