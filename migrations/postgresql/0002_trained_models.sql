-- SPDX-License-Identifier: Apache-2.0
-- The trained model of each shop, for all replicas: the bytes of its file in pieces.

CREATE TABLE trained_models (
    shop text PRIMARY KEY,
    version bigint NOT NULL,
    bytes bigint NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE trained_models IS 'Which trained model is a shop''s newest; its bytes are in trained_model_pieces.';
COMMENT ON COLUMN trained_models.shop IS 'Whose model it is.';
COMMENT ON COLUMN trained_models.version IS 'Rises by one with every model that is published.';
COMMENT ON COLUMN trained_models.bytes IS 'Size of the model''s file.';
COMMENT ON COLUMN trained_models.published_at IS 'When it was published.';

CREATE TABLE trained_model_pieces (
    shop text NOT NULL,
    number bigint NOT NULL,
    piece bytea NOT NULL,
    PRIMARY KEY (shop, number)
);
-- Floats do not shrink, and trying takes time.
ALTER TABLE trained_model_pieces ALTER COLUMN piece SET STORAGE EXTERNAL;
COMMENT ON TABLE trained_model_pieces IS 'The file of a shop''s newest trained model, cut into pieces.';
COMMENT ON COLUMN trained_model_pieces.shop IS 'Whose model it is.';
COMMENT ON COLUMN trained_model_pieces.number IS 'Place of the piece in the file, from 0.';
COMMENT ON COLUMN trained_model_pieces.piece IS 'The bytes; together they are the file.';
