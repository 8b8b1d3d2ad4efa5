CREATE TABLE `types` (
  id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  flag tinyint(1) DEFAULT true, tiny tinyint unsigned, small smallint zerofill, medium mediumint,
  plain int(11) unsigned zerofill, price decimal(10,2) unsigned DEFAULT 1.5, wide decimal(65,30),
  f float(7,3), d double DEFAULT 1e100, b1 bit DEFAULT b'1', b64 bit(64) DEFAULT 5, y year DEFAULT 2020,
  zero date DEFAULT '0000-00-00', moment datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
  stamp timestamp(3) NULL DEFAULT NULL, long_ago time(2) DEFAULT '-10:11:12.13',
  zero_chars char(0), swedish char(5) COLLATE latin1_swedish_ci,
  text1 varchar(30) CHARSET latin1 DEFAULT 'it''s \\ "x" \n é', tt tinytext, lt longtext CHARSET utf8mb3,
  bin binary(3) DEFAULT 'a\0b', raw varbinary(5) NOT NULL DEFAULT 0xff00, nothing varbinary(4) DEFAULT '',
  zeros binary(4) DEFAULT '', lb longblob,
  e enum('a','it''s','b\\c','ü,(x)','') NOT NULL DEFAULT 'it''s', s set('x','y y') DEFAULT 'x,y y',
  j json, p point, gc geometrycollection,
  null_text varchar(10) DEFAULT 'NULL', empty_text varchar(10) DEFAULT '', now_text varchar(20) DEFAULT 'current_timestamp',
  five int DEFAULT '5', minus int DEFAULT -7, none varchar(10) NOT NULL, quoted varchar(20) NOT NULL DEFAULT '''q''',
  uuid_made varchar(36) DEFAULT (uuid()), two int DEFAULT (1+1), joined varchar(30) DEFAULT (concat('a''b', 'c\\d', 'é')),
  today date DEFAULT (curdate()), hex_number int DEFAULT 0x10, hex_text varchar(3) DEFAULT 0x414243,
  nul_text varchar(5) NOT NULL DEFAULT 'a\0b', hidden int INVISIBLE DEFAULT 3 COMMENT 'it''s; hidden'
) COMMENT='it''s a \\ table\nline';
INSERT INTO `types` (none) VALUES ('a'), ('b');
ANALYZE TABLE `types`;
CREATE TABLE made (
  a int, b varchar(20), c int GENERATED ALWAYS AS (a + 1) VIRTUAL, d varchar(50) AS (concat(b, 'it''s', '\\x', 'é')) STORED,
  j json, p point NOT NULL, number int CHECK (number > 0 AND number <> 5),
  KEY d (d(5)), KEY `k desc` (a DESC, b ASC), FULLTEXT KEY ft (b) COMMENT 'full;text', UNIQUE `u q` (b(3), a), SPATIAL KEY sp (p),
  CONSTRAINT `my chk` CHECK (a < 100 AND b <> 'it''s' AND b <> '\\n'), CONSTRAINT `ünlike` CHECK (b LIKE 'a\_%' OR b = 'é')
);
CREATE TABLE memory (a int, b int, KEY a (a) USING HASH, KEY b (b) USING BTREE) ENGINE=MEMORY;
CREATE TABLE `we ird.``"tab\le ü` (`c.o``l "ü` int PRIMARY KEY, `select` int, KEY `i'x` (`select`));
CREATE TABLE `abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_0123456789` (`日本` int AUTO_INCREMENT UNIQUE);
CREATE TABLE Parent (id int, Id2 int, PRIMARY KEY (id, Id2), UNIQUE u2 (Id2, id));
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (
  id int PRIMARY KEY, p1 int, p2 int, c int,
  CONSTRAINT fk1 FOREIGN KEY (p1, p2) REFERENCES Parent (id, id2) ON DELETE CASCADE ON UPDATE SET NULL,
  CONSTRAINT fk2 FOREIGN KEY (P2, p1) REFERENCES Parent (Id2, id), CONSTRAINT fk3 FOREIGN KEY (c) REFERENCES child (id)
);
CREATE TABLE part (id int, d date, PRIMARY KEY (id, d)) PARTITION BY RANGE (year(d)) SUBPARTITION BY HASH (id) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE listed (a int, b varchar(5)) PARTITION BY LIST COLUMNS (b) (PARTITION p0 VALUES IN ('é', 'x'));
CREATE TABLE counter (id int AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT=100;
CREATE TABLE untouched (id int AUTO_INCREMENT PRIMARY KEY);
CREATE TABLE fox (c varchar(20) DEFAULT 'a🦊b', sure varchar(20) NOT NULL DEFAULT '🦊', ask varchar(9) DEFAULT 'why?', ex varchar(20) DEFAULT (concat('🦊', 'é')), made varchar(20) AS (concat(c, '🦊')) STORED, kept varchar(20), CONSTRAINT kc CHECK (kept <> '🦊'));
INSERT INTO fox (kept) VALUES (NULL);
CREATE TABLE empty_fox (c varchar(20) DEFAULT 'a🦊b', ask varchar(9) DEFAULT 'why?');
CREATE TEMPORARY TABLE passing (a int);
CREATE VIEW v AS SELECT 1 AS x;
CREATE TRIGGER tr BEFORE INSERT ON `types` FOR EACH ROW SET NEW.small = 1;
CREATE PROCEDURE pr() SELECT 1;
CREATE FUNCTION fu() RETURNS int DETERMINISTIC RETURN 1;
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;
