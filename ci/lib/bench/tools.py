"""What is compared: nirvana, pgloader, and a pipe between the two servers' own clients."""

import json
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from measure import Run
from servers import PASSWORD, USER, Source, Target
from workloads import Workload


@dataclass
class Said:
    """What a tool says of itself, in seconds; None where it says nothing."""

    copy: float | None = None
    build: float | None = None
    verify: float | None = None
    # How many tables it has proven equal, row by row.
    proven: int | None = None
    outcome: str = ""


class Nirvana:
    name = "nirvana"

    def __init__(self, program: Path, jobs: int | None):
        self.program = program
        self.jobs = jobs

    def schema(self, _of: Workload) -> str:
        return "public"

    def prepare(self, of: Workload, target: Target, database: str) -> None:
        pass

    def environment(self) -> dict[str, str]:
        return {"MYSQL_PWD": PASSWORD, "PGPASSWORD": PASSWORD}

    def command(self, of: Workload, source: Source, target: Target, database: str) -> list[str]:
        jobs = ["--jobs", str(self.jobs)] if self.jobs else []
        return [
            *[str(self.program), "migrate", "--format", "json", *jobs],
            f"mysql://{USER}@127.0.0.1:{source.port}/{of.database}?ssl-mode=disabled",
            f"postgres://{USER}@127.0.0.1:{target.port}/{database}?sslmode=disable",
        ]

    def is_copying(self, line: str) -> bool | None:
        if line.startswith('{"event":"copy-started"'):
            return True
        return False if line.startswith('{"event":"copy-finished"') else None

    def said(self, run: Run) -> Said:
        """Building and verifying overlap the copy: each takes from its first beginning to its last end."""
        span: dict[str, tuple[int, int]] = {}
        report: dict = {}
        for line in run.lines:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if event["event"] == "report":
                report = event
                continue
            phase = re.fullmatch("(copy|build|verify)-(started|finished)", event["event"])
            if phase:
                at = event["elapsed_ms"]
                begin, _ = span.get(phase[1], (at, at))
                span[phase[1]] = (begin, at)
        seconds = {phase: (end - begin) / 1000 for phase, (begin, end) in span.items()}
        outcome = report.get("outcome", "no report")
        if "error" in report:
            outcome += ": " + report["error"]["message"]
        proven = sum(table["verified"] == "equal" for table in report.get("tables", []))
        return Said(seconds.get("copy"), seconds.get("build"), seconds.get("verify"), proven, outcome)


class Pgloader:
    name = "pgloader"

    def __init__(self, folder: Path):
        # It takes names for relative to a folder of its own.
        self.folder = folder.resolve()
        # In megabytes; with what it takes unasked it runs out of memory on large values.
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
        self.heap = min(8192, total // 2)

    def schema(self, of: Workload) -> str:
        """It names a schema after the database."""
        return of.database

    def prepare(self, of: Workload, target: Target, database: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.summary.unlink(missing_ok=True)

    @property
    def summary(self) -> Path:
        return self.folder / "summary.json"

    def environment(self) -> dict[str, str]:
        return {}

    def command(self, of: Workload, source: Source, target: Target, database: str) -> list[str]:
        """As it is, without any option of its load command: workers = 4, concurrency = 1."""
        return [
            *["pgloader", "--dynamic-space-size", str(self.heap), "--verbose"],
            *["--root-dir", f"{self.folder}/", "--summary", str(self.summary)],
            f"mysql://{USER}:{PASSWORD}@127.0.0.1:{source.port}/{of.database}",
            f"pgsql://{USER}:{PASSWORD}@127.0.0.1:{target.port}/{database}?sslmode=disable",
        ]

    def is_copying(self, line: str) -> bool | None:
        if " NOTICE COPY " in line:
            return True
        return False if " NOTICE DONE copying " in line else None

    def said(self, run: Run) -> Said:
        """Its indexes are built beside the copy, and waited for after it."""
        said = Said(outcome=exit_word(run))
        try:
            # It prints the names of tables elsewhere, and leaves a gap where they belong.
            summary = json.loads(self.summary.read_text().replace('"NAME":,', '"NAME":"",'))
        except (OSError, json.JSONDecodeError):
            said.outcome += ", no summary"
            return said
        steps = {step["NAME"]: step for group in summary["POSTLOAD"] for step in group}
        said.copy = steps["COPY Threads Completion"]["SECS"]
        after = ("Index Build Completion", "Primary Keys", "Create Foreign Keys")
        said.build = sum(steps[step]["SECS"] for step in after if step in steps)
        errors = sum(table["ERRS"] for group in summary["DATA"] for table in group)
        if errors:
            said.outcome += f", {errors} errors"
        return said


class FromDump:
    """nirvana reads the dump itself; there is no source's server in it."""

    def __init__(self, nirvana: Nirvana, dump: Path):
        self.nirvana = nirvana
        self.dump = dump
        self.name = "nirvana_dump"

    def __getattr__(self, name: str):
        return getattr(self.nirvana, name)

    def command(self, of: Workload, source: Source, target: Target, database: str) -> list[str]:
        command = self.nirvana.command(of, source, target, database)
        return [str(self.dump) if word.startswith("mysql://") else word for word in command]


class LoadThenPgloader:
    """What others do with a dump: load it into a server of its own, and run pgloader from there."""

    def __init__(self, pgloader: Pgloader, dump: Path, script: Path):
        self.pgloader = pgloader
        self.dump = dump
        self.script = script
        self.name = "pgloader_dump"

    def __getattr__(self, name: str):
        return getattr(self.pgloader, name)

    def schema(self, of: Workload) -> str:
        return f"{of.database}_loaded"

    def environment(self) -> dict[str, str]:
        return {"MYSQL_PWD": PASSWORD}

    def prepare(self, of: Workload, target: Target, database: str) -> None:
        self.pgloader.prepare(of, target, database)

    def command(self, of: Workload, source: Source, target: Target, database: str) -> list[str]:
        loaded = f"{of.database}_loaded"
        source.sql(f"DROP DATABASE IF EXISTS {loaded}; CREATE DATABASE {loaded} CHARACTER SET utf8mb4")
        load = f"{shlex.join(source.client(loaded))} < {shlex.quote(str(self.dump))}"
        move = [
            word.replace(f"/{of.database}", f"/{loaded}") if word.startswith("mysql://") else word
            for word in self.pgloader.command(of, source, target, database)
        ]
        self.script.write_text("\n".join(["set -eu", load, shlex.join(move), ""]))
        return ["bash", str(self.script)]


class Pipe:
    """`mariadb --quick --batch | psql -c '\\copy …'`, table after table, into tables that are there."""

    name = "pipe"

    def __init__(self, folder: Path):
        self.script = folder / "pipe.sh"

    def schema(self, _of: Workload) -> str:
        return "public"

    def prepare(self, of: Workload, target: Target, database: str) -> None:
        target.sql(of.postgres_tables(), database)

    def environment(self) -> dict[str, str]:
        return {"MYSQL_PWD": PASSWORD, "PGPASSWORD": PASSWORD, "PGSSLMODE": "disable"}

    def command(self, of: Workload, source: Source, target: Target, database: str) -> list[str]:
        lines = ["set -eu -o pipefail", "echo copy begins"]
        reader = [*source.client(of.database), "--quick", "--batch", "--skip-column-names", "-e"]
        writer = [*target.client(database), "-v", "ON_ERROR_STOP=1", "-c"]
        for table in of.tables:
            read = [*reader, f"SELECT {of.pipe_columns(table)} FROM {table}"]
            # A text of the four letters NULL would arrive as NULL: that is how --batch writes it.
            write = [*writer, f"\\copy {table} FROM pstdin WITH (NULL 'NULL')"]
            lines.append(f"{shlex.join(read)} | {shlex.join(write)}")
        # A file, as a thousand tables are too long for an argument.
        self.script.write_text("\n".join([*lines, "echo copy ends", ""]))
        return ["bash", str(self.script)]

    def is_copying(self, line: str) -> bool | None:
        return {"copy begins\n": True, "copy ends\n": False}.get(line)

    def said(self, run: Run) -> Said:
        return Said(copy=run.copy.wall if run.copy else None, outcome=exit_word(run))


def exit_word(run: Run) -> str:
    return "done" if run.exit_code == 0 else f"exit code {run.exit_code}"
