"""Moves each workload by each tool in turn, and tells what it took. Started by ci/bench."""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from measure import Measured, Servers
from results import Result, median, ratios, table
from servers import Source, Target
from tools import FromDump, LoadThenPgloader, Nirvana, Pgloader, Pipe
from workloads import ALL, Workload, data, load, workload

FOLDER = Path("target/bench")
CORES = len(os.sched_getaffinity(0))


def main() -> int:
    arguments = parsed()
    if arguments.check:
        return 0
    # The way out must lead past those who end what they have started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    source, target = servers(arguments)
    tools = chosen_tools(arguments)
    workloads = [workload(name) for name in arguments.workload]
    check_machine(workloads, arguments.scale)
    told = []
    for of in workloads:
        told.append(one_workload(of, arguments, source, target, tools))
        # After each, so that whatever ends us later leaves what was measured.
        write_results(arguments, source, target, told)
    print(f"\nAll runs, with the machine and all settings: {FOLDER}/results.json")
    complete = [of["tables"] for of in told] == [of["proven"] for of in told]
    return 0 if complete else 1


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser("ci/bench", "ci/bench [OPTION…]; its head lists them", allow_abbrev=False)
    parser.add_argument("--scale", type=positive, default=0.1)
    parser.add_argument("--workload", type=names_of(ALL), default=["tpch"])
    parser.add_argument("--rivals", type=names_of(["pgloader", "pipe"], none=True), default=["pgloader", "pipe"])
    parser.add_argument("--jobs", type=whole)
    parser.add_argument("--runs", type=whole, default=1)
    parser.add_argument("--limit", type=positive, default=1800.0)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--dump", action="store_true")
    # What ci/bench has made ready: the kind of a server, and its folder.
    parser.add_argument("--source", nargs=2, required=True)
    parser.add_argument("--target", nargs=2, required=True)
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--built", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def whole(text: str) -> int:
    if int(text) < 1:
        raise ValueError
    return int(text)


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def names_of(known: list[str], none: bool = False):
    def names(text: str) -> list[str]:
        if text == "all" or (none and text == "none"):
            return known if text == "all" else []
        wanted = text.split(",")
        if not set(wanted) <= set(known):
            raise argparse.ArgumentTypeError(f"choose from {', '.join([*known, 'all'])}; not {text}")
        return wanted

    return names


def servers(arguments: argparse.Namespace) -> tuple[Source, Target]:
    source_kind, source_folder = arguments.source
    target_kind, target_folder = arguments.target
    return (
        Source(source_kind, Path(source_folder), arguments.programs),
        Target(target_kind, Path(target_folder), arguments.programs),
    )


def chosen_tools(arguments: argparse.Namespace) -> list:
    rivals = {"pgloader": Pgloader(FOLDER / "pgloader"), "pipe": Pipe(FOLDER)}
    if arguments.source[0] == "mysql" and "pgloader" in arguments.rivals:
        note("pgloader is left out: it cannot log in to this MySQL")
        del rivals["pgloader"]
    tools = [tool for name, tool in rivals.items() if name in arguments.rivals]
    return [*tools, Nirvana(arguments.built / "nirvana", arguments.jobs)]


def from_dump(arguments: argparse.Namespace, dump: Path) -> list:
    """Those that a dump can be given to."""
    rivals = []
    if "pgloader" in arguments.rivals and arguments.source[0] != "mysql":
        rivals.append(LoadThenPgloader(Pgloader(FOLDER / "pgloader"), dump, FOLDER / "load.sh"))
    return [*rivals, FromDump(Nirvana(arguments.built / "nirvana", arguments.jobs), dump)]


def check_machine(workloads: list[Workload], scale: float) -> None:
    """What would spoil the figures, or fill the disk, is said beforehand."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    # Rows in files, in the source with its log, and in one target with its own.
    needed = 2 + sum(of.gigabytes * (1 if of.fixed else scale) for of in workloads)
    free = shutil.disk_usage(FOLDER).free / 1e9
    if free < needed:
        sys.exit(f"ci/bench: {needed:.0f} GB of disk are needed below {FOLDER}, and {free:.0f} GB are free")
    if not Path("/proc/self/task", str(os.getpid()), "children").exists():
        sys.exit("ci/bench: this kernel does not list the children of a process (CONFIG_PROC_CHILDREN)")
    if CORES < 4:
        note(f"{CORES} processors for two servers and a tool: the servers will be the limit")
    quiet = Servers(0, 0)
    before = quiet.reading()
    time.sleep(2)
    passed = quiet.reading().since(before)
    if passed.everybody > 0.1 * passed.wall * CORES:
        note("others work on this machine: what is measured now means little")


def one_workload(of: Workload, arguments, source: Source, target: Target, tools: list) -> dict:
    files = ready(of, arguments, source)
    amount = sum(file.stat().st_size for file in files.iterdir())
    tables = source.tables(of.database)
    counts = source.counts(of.database, tables)
    source.warm(of.database, tables)
    if arguments.dump:
        dump = FOLDER / f"{of.name}.sql"
        note(f"{of.name}: writing its dump")
        source.dump(of.database, dump)
        amount = dump.stat().st_size
        tools = from_dump(arguments, dump)
    results: dict[str, list[Result]] = {tool.name: [] for tool in tools}
    for turn in range(arguments.runs):
        for tool in tools:
            note(f"{of.name}: {tool.name}, run {turn + 1} of {arguments.runs}")
            log = FOLDER / "logs" / f"{of.name}-{tool.name}-{turn + 1}.log"
            results[tool.name].append(one_run(of, arguments, source, target, tool, counts, amount, log))
    medians = [median(runs) for runs in results.values()]
    rows = sum(counts.values())
    scale = "" if of.fixed else f", scale {arguments.scale:g}"
    print(f"\n{of.name}{scale}: {of.about}")
    print(f"{len(tables):,} tables, {rows:,} rows, {amount / 1e6:,.0f} MB; {source.version()} to {target.version()}\n")
    print("\n".join([table(medians), "", *ratios(medians)]), flush=True)
    nirvana = results["nirvana_dump" if arguments.dump else "nirvana"]
    return {
        "workload": of.name,
        "scale": None if of.fixed else arguments.scale,
        "tables": len(tables),
        "rows": rows,
        "bytes": amount,
        # The fewest that any of nirvana's runs has both moved and proven.
        "proven": min(min(run.counted, run.said.proven or 0) if run.whole else 0 for run in nirvana),
        "runs": [run.as_json() for runs in results.values() for run in runs],
    }


def ready(of: Workload, arguments, source: Source) -> Path:
    """The source has the workload; servers that were kept may have it already."""
    files = data(of, arguments.scale, arguments.built / "examples/bench-data", FOLDER / "data")
    mark = source.folder / f"has-{of.name}"
    holds = f"{arguments.scale:g}"
    if mark.exists() and mark.read_text() == holds:
        return files
    mark.unlink(missing_ok=True)
    note(f"{of.name}: loading the source")
    load(of, source, files)
    mark.write_text(holds)
    return files


def one_run(of: Workload, arguments, source: Source, target: Target, tool, counts, amount, log: Path) -> Result:
    database = f"{of.database}_{tool.name}"
    target.fresh(database)
    tool.prepare(of, target, database)
    command = tool.command(of, source, target, database)
    watched = Servers(source.pid, target.pid)
    run = Measured(watched, command, tool.environment(), tool.is_copying).run(arguments.limit)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("\n".join(run.lines) + "\n")
    if run.ended:
        source.hang_up()
    schema = tool.schema(of)
    arrived = target.counts(database, schema)
    counted = sum(arrived.get(name) == count for name, count in counts.items())
    indexes, foreign_keys = target.made(database, schema)
    if not arguments.keep:
        target.drop(database)
    said = tool.said(run)
    rows = sum(counts.values())
    return Result(tool.name, run, said, rows, amount, len(counts), counted, indexes, foreign_keys, CORES)


def write_results(arguments, source: Source, target: Target, told: list[dict]) -> None:
    described = {
        "schema": "nirvana-bench/1",
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {
            "processor": processor(),
            "processors": CORES,
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "kernel": platform.release(),
        },
        "servers": [{"version": of.version(), "options": of.options()} for of in (source, target)],
        "commit": commit(),
        "jobs": arguments.jobs,
        "workloads": told,
    }
    unfinished = FOLDER / "results.json.new"
    unfinished.write_text(json.dumps(described, indent=2) + "\n")
    unfinished.rename(FOLDER / "results.json")


def commit() -> str | None:
    git = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    said = subprocess.run(git, capture_output=True, text=True, check=False)
    return said.stdout.strip() or None


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


def note(text: str) -> None:
    print(f"-- {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
