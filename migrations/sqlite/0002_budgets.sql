-- SPDX-License-Identifier: Apache-2.0
-- How often each rule was accepted: what its budget is held against. Kept in the transaction
-- that stores the acceptance, so it is always what the events say.
CREATE TABLE budgets (
    shop TEXT NOT NULL,
    rule TEXT NOT NULL,
    accepted INTEGER NOT NULL, -- offer_accepted events of the rule
    PRIMARY KEY (shop, rule)
) STRICT, WITHOUT ROWID;

INSERT INTO budgets (shop, rule, accepted)
SELECT shop, payload ->> 'rule', count(*)
FROM events
WHERE type = 'offer_accepted' AND payload ->> 'rule' IS NOT NULL
GROUP BY shop, payload ->> 'rule';

CREATE INDEX events_received ON events (shop, received_us);
