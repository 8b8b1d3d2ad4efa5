-- What nirvana keeps in the target while it moves databases there, one journal for all of them: what
-- is moved at one instant is done or not done together. A chunk's row is updated in the transaction
-- that writes the chunk's rows: done_at is set if and only if they are there.
CREATE SCHEMA IF NOT EXISTS nirvana;
COMMENT ON SCHEMA nirvana IS 'Journal of nirvana migrate; drop it when no run is to be resumed';

CREATE TABLE nirvana.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tool_version text NOT NULL,
    -- The source's address, without a password, and its databases: a run is resumed only with them.
    source text NOT NULL,
    -- Those that it writes to: no two runs share one.
    target_schemas text[] NOT NULL,
    -- The digest of the tables that were planned: a run is resumed only with the same plan.
    plan text NOT NULL,
    begun_at timestamp with time zone NOT NULL DEFAULT current_timestamp,
    finished_at timestamp with time zone
);

CREATE TABLE nirvana.chunk (
    run bigint NOT NULL REFERENCES nirvana.run ON DELETE CASCADE,
    -- The table in the source: two databases may have one of the same name.
    source_database text NOT NULL,
    source_table text NOT NULL,
    number integer NOT NULL,
    -- The first key in it and the first key beyond it, as literals of both sides; NULL is no bound.
    lower_bound jsonb,
    upper_bound jsonb,
    rows bigint,
    -- Of COPY data.
    bytes bigint,
    -- The sum of the 128-bit hashes of the source's rows, in hexadecimal.
    digest text,
    done_at timestamp with time zone,
    PRIMARY KEY (run, source_database, source_table, number)
);

-- Rows that are not in the target, as it cannot hold them; written in their chunk's transaction.
CREATE TABLE nirvana.quarantined (
    run bigint NOT NULL REFERENCES nirvana.run ON DELETE CASCADE,
    source_database text NOT NULL,
    source_table text NOT NULL,
    chunk integer NOT NULL,
    -- What tells the row from others; NULL if its table has no key.
    key json,
    -- The column whose value is the reason, as far as one is known.
    column_name text,
    reason text NOT NULL,
    -- The whole row, as the source had it.
    row json NOT NULL
);
CREATE INDEX ON nirvana.quarantined (run, source_database, source_table, chunk);

-- Values that are not what they were, by policy.
CREATE TABLE nirvana.altered (
    run bigint NOT NULL REFERENCES nirvana.run ON DELETE CASCADE,
    source_database text NOT NULL,
    source_table text NOT NULL,
    chunk integer NOT NULL,
    column_name text NOT NULL,
    what text NOT NULL,
    count bigint NOT NULL,
    -- What tells the first of these rows from others.
    first_keys text[] NOT NULL,
    PRIMARY KEY (run, source_database, source_table, chunk, column_name, what)
);

-- What stood in the target before the run, was as planned, and is kept (migrate --if-exists truncate or
-- append, --data-only).
CREATE TABLE nirvana.kept (
    run bigint NOT NULL REFERENCES nirvana.run ON DELETE CASCADE,
    -- 'table', or what else it is.
    kind text NOT NULL,
    -- Of a table its name in the source.
    name text NOT NULL,
    -- Rows that were there before and stay, and the sum of their hashes: what a table grows by is proven.
    rows bigint NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (run, kind, name)
);

-- Foreign keys and triggers of tables that somebody else has made, while they are taken away for a
-- copy (migrate --data-only). A line comes in the transaction that takes the thing away, and goes in
-- the one that brings it back. By hand: the statements of SELECT restore FROM nirvana.set_aside.
CREATE TABLE nirvana.set_aside (
    -- 'foreign key' or 'trigger'.
    kind text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    name text NOT NULL,
    -- The statement that brings it back.
    restore text NOT NULL,
    -- All that is known of it.
    detail jsonb NOT NULL,
    PRIMARY KEY (kind, schema_name, table_name, name)
);
