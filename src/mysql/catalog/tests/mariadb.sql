CREATE SEQUENCE sq START 5 INCREMENT 2;
CREATE TABLE own (
  u uuid DEFAULT uuid(), i4 inet4 DEFAULT '1.2.3.4', i6 inet6 DEFAULT '::1',
  j json NOT NULL DEFAULT '{}', jx json CHECK (json_valid(jx) AND jx <> '[]'), jl longtext CHECK (json_valid(jl)),
  p point REF_SYSTEM_ID=4326, later datetime DEFAULT (now() + INTERVAL 1 DAY), n varchar(5) DEFAULT (null),
  t varchar(20) DEFAULT concat('\'', "\"", '\n'), next int DEFAULT (NEXT VALUE FOR sq), half double DEFAULT .5,
  packed varchar(10) COMPRESSED, `NULL` int, `ti``ck` int CHECK (`ti``ck` > 0), both_ int, tiny4 tinyint(4),
  bt blob DEFAULT 'x', bu binary(36) DEFAULT uuid(),
  KEY ign (both_) IGNORED, CONSTRAINT both_ CHECK (both_ > 1), CONSTRAINT jcheck CHECK ((json_valid(`t`)))
);
CREATE TABLE hashed (a text, UNIQUE KEY (a));
CREATE TABLE versioned (a int PRIMARY KEY, b int) WITH SYSTEM VERSIONING;
CREATE TABLE named_period (a int PRIMARY KEY, rs timestamp(6) GENERATED ALWAYS AS ROW START, re timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (rs, re)) WITH SYSTEM VERSIONING;
CREATE TABLE booked (room int, s date, e date, PERIOD FOR p (s, e), UNIQUE (room, p WITHOUT OVERLAPS));
