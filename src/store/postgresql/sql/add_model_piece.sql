-- SPDX-License-Identifier: Apache-2.0
INSERT INTO trained_model_pieces (shop, number, piece) VALUES ($1::text, $2::bigint, $3::bytea)
