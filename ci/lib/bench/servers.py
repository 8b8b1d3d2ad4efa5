"""The two servers, spoken to by their own clients."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

USER = "nirvana_admin"
PASSWORD = "admin"


@dataclass
class Server:
    kind: str
    folder: Path
    programs: Path

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def options(self) -> dict[str, str]:
        """The settings it was started with, but for those that say where it lies; the last one counts."""
        words = Path(f"/proc/{self.pid}/cmdline").read_text().split("\0")
        settings = (word.removeprefix("--").partition("=") for word in words if "/" not in word)
        return {name: value for name, equals, value in settings if equals}


class Source(Server):
    """MariaDB or MySQL."""

    def client(self, database: str = "") -> list[str]:
        """Never TLS: on one machine it would only be measured along."""
        plain = ["--skip-ssl"] if self.kind == "mariadb" else ["--ssl-mode=DISABLED", "--get-server-public-key"]
        command = [str(self.programs / self.kind), "--no-defaults", *plain, "-h127.0.0.1", f"-P{self.port}"]
        command += [f"-u{USER}", "--max-allowed-packet=1G", "--local-infile=1", "--default-character-set=utf8mb4"]
        return [*command, database] if database else command

    def environment(self) -> dict[str, str]:
        return {"MYSQL_PWD": PASSWORD}

    def sql(self, statements: str, database: str = "") -> list[list[str]]:
        command = [*self.client(database), "--batch", "--skip-column-names"]
        return rows(asked(command, statements, self.environment()))

    def version(self) -> str:
        return ("MariaDB " if self.kind == "mariadb" else "MySQL ") + self.sql("SELECT VERSION()")[0][0]

    def tables(self, database: str) -> list[str]:
        found = self.sql(
            "SELECT table_name FROM information_schema.tables"
            f" WHERE table_schema = '{database}' AND table_type = 'BASE TABLE' ORDER BY table_name"
        )
        return [row[0] for row in found]

    def counts(self, database: str, tables: list[str]) -> dict[str, int]:
        selects = [f"SELECT '{table}', COUNT(*) FROM `{table}`" for table in tables]
        return counted(self.sql(" UNION ALL ".join(selects), database))

    def dump(self, database: str, file: Path) -> None:
        """As its own tool writes it, with the options that it is usually given."""
        program = "mariadb-dump" if self.kind == "mariadb" else "mysqldump"
        _, *options = self.client()
        options = [word for word in options if not word.startswith("--local-infile")]
        command = [str(self.programs / program), *options, "--single-transaction", database]
        with file.open("wb") as text:
            subprocess.run(command, env=self.environment(), stdout=text, check=True)

    def warm(self, database: str, tables: list[str]) -> None:
        """Every row is read once, so that the first tool does not pay for all."""
        self.sql("CHECKSUM TABLE " + ", ".join(f"`{table}`" for table in tables), database)

    def hang_up(self) -> None:
        """A tool that was ended leaves statements at work."""
        for (connection,) in self.sql(
            "SELECT id FROM information_schema.processlist"
            f" WHERE user = '{USER}' AND id <> CONNECTION_ID()"
        ):
            # It may have gone by itself meanwhile.
            subprocess.run(
                [*self.client(), "-e", f"KILL {connection}"],
                env=self.environment(),
                stderr=subprocess.DEVNULL,
                check=False,
            )


class Target(Server):
    """PostgreSQL."""

    def client(self, database: str) -> list[str]:
        program = self.programs / self.kind / "psql"
        return [str(program), "-X", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]

    def environment(self) -> dict[str, str]:
        return {"PGPASSWORD": PASSWORD, "PGSSLMODE": "disable", "PGOPTIONS": "-c client_min_messages=warning"}

    def sql(self, statements: str, database: str = "postgres") -> list[list[str]]:
        command = [*self.client(database), "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        return rows(asked(command, statements, self.environment()))

    def version(self) -> str:
        return "PostgreSQL " + self.sql("SHOW server_version")[0][0]

    def fresh(self, database: str) -> None:
        """Nothing of an earlier run is left to be written to disk during the next."""
        self.drop(database)
        self.sql(f"CREATE DATABASE {database}; CHECKPOINT;")

    def drop(self, database: str) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def counts(self, database: str, schema: str) -> dict[str, int]:
        tables = self.sql(f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'", database)
        if not tables:
            return {}
        selects = [f"SELECT '{table}', count(*) FROM \"{schema}\".\"{table}\"" for (table,) in tables]
        return counted(self.sql(" UNION ALL ".join(selects), database))

    def made(self, database: str, schema: str) -> tuple[int, int]:
        """How many indexes and foreign keys there are."""
        ((indexes, foreign_keys),) = self.sql(
            f"SELECT (SELECT count(*) FROM pg_indexes WHERE schemaname = '{schema}'),"
            " (SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
            f" AND connamespace = to_regnamespace('{schema}'))",
            database,
        )
        return int(indexes), int(foreign_keys)


def asked(command: list[str], statements: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        input=statements,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} did not do what it was told: {done.stderr.strip()}")
    return done.stdout


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def counted(found: list[list[str]]) -> dict[str, int]:
    return {table: int(count) for table, count in found}
