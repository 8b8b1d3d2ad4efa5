"""What is moved: databases of several shapes."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from servers import Source

# Data files of the same name hold the same bytes as long as this stays; it grows when the writer changes.
EDITION = 1

TPCH = {
    "region": """r_regionkey INTEGER NOT NULL, r_name CHAR(25) NOT NULL, r_comment VARCHAR(152) NOT NULL""",
    "nation": """n_nationkey INTEGER NOT NULL, n_name CHAR(25) NOT NULL, n_regionkey INTEGER NOT NULL,
        n_comment VARCHAR(152) NOT NULL""",
    "supplier": """s_suppkey INTEGER NOT NULL, s_name CHAR(25) NOT NULL, s_address VARCHAR(40) NOT NULL,
        s_nationkey INTEGER NOT NULL, s_phone CHAR(15) NOT NULL, s_acctbal DECIMAL(15,2) NOT NULL,
        s_comment VARCHAR(101) NOT NULL""",
    "part": """p_partkey INTEGER NOT NULL, p_name VARCHAR(55) NOT NULL, p_mfgr CHAR(25) NOT NULL,
        p_brand CHAR(10) NOT NULL, p_type VARCHAR(25) NOT NULL, p_size INTEGER NOT NULL,
        p_container CHAR(10) NOT NULL, p_retailprice DECIMAL(15,2) NOT NULL, p_comment VARCHAR(23) NOT NULL""",
    "partsupp": """ps_partkey INTEGER NOT NULL, ps_suppkey INTEGER NOT NULL, ps_availqty INTEGER NOT NULL,
        ps_supplycost DECIMAL(15,2) NOT NULL, ps_comment VARCHAR(199) NOT NULL""",
    "customer": """c_custkey INTEGER NOT NULL, c_name VARCHAR(25) NOT NULL, c_address VARCHAR(40) NOT NULL,
        c_nationkey INTEGER NOT NULL, c_phone CHAR(15) NOT NULL, c_acctbal DECIMAL(15,2) NOT NULL,
        c_mktsegment CHAR(10) NOT NULL, c_comment VARCHAR(117) NOT NULL""",
    "orders": """o_orderkey BIGINT NOT NULL, o_custkey INTEGER NOT NULL, o_orderstatus CHAR(1) NOT NULL,
        o_totalprice DECIMAL(15,2) NOT NULL, o_orderdate DATE NOT NULL, o_orderpriority CHAR(15) NOT NULL,
        o_clerk CHAR(15) NOT NULL, o_shippriority INTEGER NOT NULL, o_comment VARCHAR(79) NOT NULL""",
    "lineitem": """l_orderkey BIGINT NOT NULL, l_partkey INTEGER NOT NULL, l_suppkey INTEGER NOT NULL,
        l_linenumber INTEGER NOT NULL, l_quantity DECIMAL(15,2) NOT NULL, l_extendedprice DECIMAL(15,2) NOT NULL,
        l_discount DECIMAL(15,2) NOT NULL, l_tax DECIMAL(15,2) NOT NULL, l_returnflag CHAR(1) NOT NULL,
        l_linestatus CHAR(1) NOT NULL, l_shipdate DATE NOT NULL, l_commitdate DATE NOT NULL,
        l_receiptdate DATE NOT NULL, l_shipinstruct CHAR(25) NOT NULL, l_shipmode CHAR(10) NOT NULL,
        l_comment VARCHAR(44) NOT NULL""",
}

# Eight primary keys, and the six indexes that the foreign keys need in MySQL: fourteen in all.
TPCH_KEYS = {
    "region": ["PRIMARY KEY (r_regionkey)"],
    "nation": ["PRIMARY KEY (n_nationkey)", "KEY nation_region (n_regionkey)"],
    "supplier": ["PRIMARY KEY (s_suppkey)", "KEY supplier_nation (s_nationkey)"],
    "part": ["PRIMARY KEY (p_partkey)"],
    "partsupp": ["PRIMARY KEY (ps_partkey, ps_suppkey)", "KEY partsupp_supplier (ps_suppkey)"],
    "customer": ["PRIMARY KEY (c_custkey)", "KEY customer_nation (c_nationkey)"],
    "orders": ["PRIMARY KEY (o_orderkey)", "KEY orders_customer (o_custkey)"],
    "lineitem": ["PRIMARY KEY (l_orderkey, l_linenumber)", "KEY lineitem_partsupp (l_partkey, l_suppkey)"],
}
TPCH_FOREIGN_KEYS = [
    ("nation", "n_regionkey", "region (r_regionkey)"),
    ("supplier", "s_nationkey", "nation (n_nationkey)"),
    ("partsupp", "ps_partkey", "part (p_partkey)"),
    ("partsupp", "ps_suppkey", "supplier (s_suppkey)"),
    ("customer", "c_nationkey", "nation (n_nationkey)"),
    ("orders", "o_custkey", "customer (c_custkey)"),
    ("lineitem", "l_orderkey", "orders (o_orderkey)"),
    ("lineitem", "l_partkey, l_suppkey", "partsupp (ps_partkey, ps_suppkey)"),
]

WIDE = """id BIGINT NOT NULL, changed_at DATETIME NOT NULL, price DECIMAL(12,2) NOT NULL, text_1 LONGTEXT,
    text_2 LONGTEXT, text_3 LONGTEXT, text_4 LONGTEXT, text_5 LONGTEXT, text_6 LONGTEXT, text_7 LONGTEXT,
    text_8 LONGTEXT, document_1 JSON NOT NULL, document_2 JSON NOT NULL"""
BLOB = "id BIGINT NOT NULL, name VARCHAR(100) NOT NULL, content LONGBLOB NOT NULL"
SMALL = """id INTEGER NOT NULL, name VARCHAR(100) NOT NULL, changed_at DATETIME NOT NULL,
    price DECIMAL(12,2) NOT NULL"""
NOKEY = """happened_at DATETIME NOT NULL, user_id INTEGER NOT NULL, price DECIMAL(12,2) NOT NULL,
    text VARCHAR(200) NOT NULL"""

# The same columns in PostgreSQL, for a tool that makes no tables.
IN_POSTGRES = {"DATETIME": "TIMESTAMP", "LONGTEXT": "TEXT", "JSON": "JSONB", "LONGBLOB": "BYTEA"}


@dataclass
class Workload:
    name: str
    about: str
    # Name to columns, as MySQL has them.
    tables: dict[str, str]
    # What CREATE TABLE has beside columns.
    keys: dict[str, list[str]]
    foreign_keys: list[tuple[str, str, str]]
    # Bytes that the source and one target take at scale 1, for a look at the disk beforehand.
    gigabytes: float
    character_set: str = "utf8mb4"
    # The data is the same at every scale.
    fixed: bool = False
    # Whose files it uses, if not its own.
    files_of: str | None = None

    @property
    def database(self) -> str:
        return f"bench_{self.name}"

    def postgres_tables(self) -> str:
        def translated(columns: str) -> str:
            return re.sub(r"\b(" + "|".join(IN_POSTGRES) + r")\b", lambda word: IN_POSTGRES[word[0]], columns)

        return "\n".join(f"CREATE TABLE {table} ({translated(columns)});" for table, columns in self.tables.items())

    def pipe_columns(self, table: str) -> str:
        """What a pipe of text selects: bytes have no text form that both sides understand but hexadecimal."""
        names = [column.split()[0] for column in re.split(r",\s+", self.tables[table])]
        bytea = {column.split()[0] for column in re.split(r",\s+", self.tables[table]) if "LONGBLOB" in column}
        return ", ".join(f"CONCAT('\\\\x', HEX({name}))" if name in bytea else name for name in names)


def workload(name: str) -> Workload:
    if name == "tpch":
        about = "TPC-H's tables with their keys, indexes and foreign keys"
        return Workload(name, about, TPCH, TPCH_KEYS, TPCH_FOREIGN_KEYS, 6)
    if name == "lineitem":
        tables, keys = {name: TPCH[name]}, {name: TPCH_KEYS[name]}
        return Workload(name, "TPC-H's largest table alone", tables, keys, [], 5, files_of="tpch")
    if name == "wide":
        about = "rows of 3 KB: eight texts and two JSON documents"
        return Workload(name, about, {"wide": WIDE}, {"wide": ["PRIMARY KEY (id)"]}, [], 3)
    if name == "blob":
        about = "sixty values of up to 16 MB"
        keys = {"files": ["PRIMARY KEY (id)"]}
        return Workload(name, about, {"files": BLOB}, keys, [], 1, character_set="binary", fixed=True)
    if name == "small":
        tables = {f"small_{number:04}": SMALL for number in range(1000)}
        keys = {table: ["PRIMARY KEY (id)", "KEY by_time (changed_at)"] for table in tables}
        return Workload(name, "a thousand tables of up to a hundred rows", tables, keys, [], 1, fixed=True)
    if name == "nokey":
        return Workload(name, "five million rows (at scale 1) without a key", {"nokey": NOKEY}, {}, [], 2)
    raise KeyError(name)


ALL = ["tpch", "lineitem", "wide", "blob", "small", "nokey"]


def data(of: Workload, scale: float, program: Path, folder: Path) -> Path:
    """The files of a workload, written if they are not there yet."""
    written_for = of.files_of or of.name
    name = written_for if of.fixed else f"{written_for}-{scale:g}"
    wanted = folder / f"{name}-{EDITION}"
    if not wanted.is_dir():
        unfinished = wanted.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run([program, written_for, f"{scale:g}", unfinished], check=True)
        unfinished.rename(wanted)
    return wanted


def load(of: Workload, source: Source, files: Path) -> None:
    """The database anew: first rows, then what would slow them down."""
    create = [f"DROP DATABASE IF EXISTS {of.database}; CREATE DATABASE {of.database} CHARACTER SET utf8mb4;"]
    create += [f"USE {of.database}; SET SESSION sql_log_bin = 0, foreign_key_checks = 0, unique_checks = 0;"]
    rows, after = [], []
    for table, columns in of.tables.items():
        keys = of.keys.get(table, [])
        primary = [key for key in keys if key.startswith("PRIMARY")]
        create.append(f"CREATE TABLE {table} ({', '.join([columns, *primary])}) ENGINE=InnoDB;")
        rows.append(
            f"LOAD DATA LOCAL INFILE '{files.resolve() / table}.tbl' INTO TABLE {table}"
            f" CHARACTER SET {of.character_set} FIELDS TERMINATED BY '|' ESCAPED BY '\\\\'"
            " LINES TERMINATED BY '|\\n';"
        )
        after += [f"ALTER TABLE {table} ADD {key};" for key in keys if key not in primary]
    for table, columns, referenced in of.foreign_keys:
        after.append(f"ALTER TABLE {table} ADD FOREIGN KEY ({columns}) REFERENCES {referenced};")
    # Statistics as a database that has lived for a while has them.
    analyze = "ANALYZE TABLE " + ", ".join(of.tables) + ";"
    source.sql("\n".join([*create, *rows, *after, analyze]))
