//! The one question that `read` asks: a statement for each kind of object, whose rows say in
//! their first column what they are, then the schema and name of their table.

use crate::postgres::quote::literal;

/// Partitions are no tables of the plan, but of what is partitioned.
///
/// Comments and sequences are looked up one by one rather than joined: a database that was just
/// filled has no statistics yet, and a join planned for one comment is slow with thousands.
///
/// Runs as one implicit transaction, in which an empty `search_path` makes the server qualify
/// every name it writes.
pub(super) fn question(schemas: &[&str]) -> String {
    let schemas: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    let schemas = if schemas.is_empty() { "NULL".to_owned() } else { schemas.join(", ") };
    let parts = [
        TABLES,
        PARTITIONS,
        ENUMS,
        FUNCTIONS,
        SEQUENCES,
        VIEWS,
        COLUMNS,
        INDEXES,
        CHECKS,
        FOREIGN_KEYS,
        TRIGGERS,
    ];
    let parts = parts.map(|part| part.replace("SCHEMAS", &schemas));
    format!("SET LOCAL search_path = pg_catalog;\n{}", parts.join(";\n"))
}

const TABLES: &str = "
SELECT 'table', n.nspname, c.relname, obj_description(c.oid, 'pg_class')
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN (SCHEMAS) AND c.relkind IN ('r', 'p') AND NOT c.relispartition";

const PARTITIONS: &str = "
SELECT 'partitions', n.nspname, c.relname, p.partstrat,
       (SELECT json_agg(a.attname ORDER BY k.at)
          FROM unnest(p.partattrs::int2[]) WITH ORDINALITY AS k (attnum, at)
          LEFT JOIN pg_attribute a
            ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0),
       (SELECT coalesce(json_agg(i.relname), '[]')
          FROM pg_inherits h
          JOIN pg_class i ON i.oid = h.inhrelid
         WHERE h.inhparent = c.oid)
  FROM pg_partitioned_table p
  JOIN pg_class c ON c.oid = p.partrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN (SCHEMAS)";

/// Those of identity columns are internal to them; one that may not be read tells nothing.
const SEQUENCES: &str = "
SELECT 'sequence', n.nspname, c.relname, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,
       obj_description(c.oid, 'pg_class')
  FROM pg_sequence s
  JOIN pg_class c ON c.oid = s.seqrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN (SCHEMAS) AND has_table_privilege(s.seqrelid, 'SELECT')
   AND NOT EXISTS (SELECT FROM pg_depend p
                    WHERE p.classid = 'pg_class'::regclass AND p.objid = c.oid
                      AND p.deptype = 'i')";

const VIEWS: &str = "
SELECT 'view', n.nspname, c.relname,
       (SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]')
          FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN (SCHEMAS) AND c.relkind = 'v'";

const ENUMS: &str = "
SELECT 'enum', n.nspname, t.typname, e.enumlabel
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_enum e ON e.enumtypid = t.oid
 WHERE n.nspname IN (SCHEMAS) AND t.typtype = 'e'
 ORDER BY t.oid, e.enumsortorder";

const FUNCTIONS: &str = "
SELECT 'function', n.nspname, p.proname
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname IN (SCHEMAS) AND p.prorettype = 'trigger'::regtype AND p.pronargs = 0";

/// An identity column owns its sequence by an internal dependency.
const COLUMNS: &str = "
SELECT 'column', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
       tn.nspname, t.typname, a.attnotnull, a.atthasdef, a.attidentity, a.attgenerated,
       s.nspname, s.relname, col_description(c.oid, a.attnum),
       (SELECT o.collname FROM pg_collation o
         WHERE o.oid = a.attcollation AND a.attcollation <> t.typcollation)
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_namespace tn ON tn.oid = t.typnamespace
  LEFT JOIN LATERAL (
       SELECT sn.nspname, sc.relname
         FROM pg_depend p
         JOIN pg_class sc ON sc.oid = p.objid AND sc.relkind = 'S'
         JOIN pg_namespace sn ON sn.oid = sc.relnamespace
        WHERE a.attidentity <> '' AND p.classid = 'pg_class'::regclass AND p.deptype = 'i'
          AND p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid
          AND p.refobjsubid = a.attnum
        LIMIT 1) s ON true
 WHERE n.nspname IN (SCHEMAS) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
   AND NOT a.attisdropped
 ORDER BY c.oid, a.attnum";

/// A row for each part; columns of INCLUDE have no option.
const INDEXES: &str = "
SELECT 'index', n.nspname, c.relname, i.relname, m.amname, x.indisunique, x.indisprimary,
       o.oid IS NOT NULL, x.indisvalid AND x.indisready, x.indpred IS NOT NULL,
       CASE WHEN k.at = 1 THEN obj_description(i.oid, 'pg_class') END, a.attname, k.option
  FROM pg_index x
  JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_am m ON m.oid = i.relam
  JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL unnest(x.indkey::int2[], x.indoption::int2[])
       WITH ORDINALITY AS k (attnum, option, at)
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0
  LEFT JOIN pg_constraint o ON o.conindid = i.oid AND o.contype IN ('p', 'u')
 WHERE n.nspname IN (SCHEMAS) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
 ORDER BY i.oid, k.at";

const CHECKS: &str = "
SELECT 'check', n.nspname, c.relname, o.conname, o.convalidated
  FROM pg_constraint o
  JOIN pg_class c ON c.oid = o.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN (SCHEMAS) AND o.contype = 'c' AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition";

const FOREIGN_KEYS: &str = "
SELECT 'foreign key', n.nspname, c.relname, o.conname, o.convalidated,
       (SELECT json_agg(a.attname ORDER BY k.at)
          FROM unnest(o.conkey) WITH ORDINALITY AS k (attnum, at)
          JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum),
       rn.nspname, r.relname,
       (SELECT json_agg(a.attname ORDER BY k.at)
          FROM unnest(o.confkey) WITH ORDINALITY AS k (attnum, at)
          JOIN pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.attnum),
       o.confdeltype, o.confupdtype
  FROM pg_constraint o
  JOIN pg_class c ON c.oid = o.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class r ON r.oid = o.confrelid
  JOIN pg_namespace rn ON rn.oid = r.relnamespace
 WHERE n.nspname IN (SCHEMAS) AND o.contype = 'f' AND o.conparentid = 0
   AND NOT c.relispartition";

/// `tgtype` 19 is ROW (1), BEFORE (2), UPDATE (16).
const TRIGGERS: &str = "
SELECT 'trigger', n.nspname, c.relname, t.tgname, fn.nspname, f.proname,
       t.tgenabled IN ('O', 'A'), t.tgtype = 19 AND t.tgqual IS NOT NULL
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_proc f ON f.oid = t.tgfoid
  JOIN pg_namespace fn ON fn.oid = f.pronamespace
 WHERE n.nspname IN (SCHEMAS) AND NOT t.tgisinternal AND NOT c.relispartition";
