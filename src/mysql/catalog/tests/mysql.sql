CREATE TABLE own (
  p point NOT NULL SRID 4326, g geometry SRID 0, a int, b varchar(20), mv json, v vector(3), big vector,
  made varchar(20) AS (concat(b, '日本')) STORED INVISIBLE, n int DEFAULT (null), j json DEFAULT (json_object('a', 'ü')),
  here point DEFAULT (point(1, 2)), m datetime DEFAULT (now()), bits bit(3) DEFAULT (b'101'), bl blob DEFAULT (0xff00),
  escapes varchar(20) DEFAULT (concat('\n', '\\', '"', '`')), sum int DEFAULT (a + 1), h int CHECK (h <> 5),
  KEY fx ((a + 1)), KEY fy (a, (lower(b)) DESC, b(5)), UNIQUE fz ((concat(b, 'é', 'it''s'))), KEY inv (a) INVISIBLE,
  KEY mvi ((cast(mv->'$.a' AS unsigned array))), CHECK (a > 0) NOT ENFORCED, CONSTRAINT `ch é` CHECK (b <> 'é\'')
);
