-- SPDX-License-Identifier: Apache-2.0
-- Several shops share the sequence of positions but not the lock of the appenders: how far the log
-- has come is a question of one shop, and the key answers it.

ALTER TABLE events DROP CONSTRAINT events_pkey;
ALTER TABLE events ADD PRIMARY KEY (shop, position, received_us);
