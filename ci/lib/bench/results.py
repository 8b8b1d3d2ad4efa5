"""What was measured, as a table for people and as values for machines."""

from dataclasses import dataclass

from measure import Run
from tools import Said


@dataclass
class Result:
    """One run of one tool."""

    tool: str
    run: Run
    said: Said
    rows: int
    # Bytes of the files that the source was loaded from.
    amount: int
    tables: int
    # Tables that have as many rows as in the source.
    counted: int
    indexes: int
    foreign_keys: int
    cores: int

    @property
    def whole(self) -> bool:
        """It came to its end, and no table lacks a row."""
        return self.run.ended is None and self.run.exit_code <= 1 and self.counted == self.tables

    @property
    def outcome(self) -> str:
        return self.run.ended or self.said.outcome

    @property
    def servers_in_copy(self) -> float | None:
        """The part of the machine that the servers took during the copy, from 0 to 1."""
        copy = self.run.copy
        if not copy or copy.wall < 0.001:
            return None
        return (copy.source + copy.target) / (copy.wall * self.cores)

    @property
    def others(self) -> float:
        """The part of the machine that neither the tool nor the servers took; the kernel's is in it."""
        return self.run.total.others / (self.run.total.wall * self.cores)

    def per_million(self, seconds: float) -> float:
        return seconds / max(self.rows, 1) * 1e6

    def per_gigabyte(self, seconds: float) -> float:
        return seconds / max(self.amount, 1) * 1e9

    def as_json(self) -> dict:
        total, copy = self.run.total, self.run.copy
        return {
            "tool": self.tool,
            "outcome": self.outcome,
            "whole": self.whole,
            "exit_code": self.run.exit_code,
            "wall_s": total.wall,
            "client_cpu_s": total.client,
            "source_cpu_s": total.source,
            "target_cpu_s": total.target,
            "others_cpu_s": total.others,
            "client_cpu_s_per_million_rows": self.per_million(total.client),
            "client_cpu_s_per_gigabyte": self.per_gigabyte(total.client),
            "peak_memory_bytes": self.run.peak_memory,
            "phases_s": {"copy": self.said.copy, "build": self.said.build, "verify": self.said.verify},
            "during_copy": copy
            and {
                "wall_s": copy.wall,
                "client_cpu_s": copy.client,
                "source_cpu_s": copy.source,
                "target_cpu_s": copy.target,
                "servers_share": self.servers_in_copy,
            },
            "tables_counted_equal": self.counted,
            "tables_proven_equal": self.said.proven,
            "indexes": self.indexes,
            "foreign_keys": self.foreign_keys,
        }


def median(results: list[Result]) -> Result:
    """The run in the middle by wall clock, of those that came to their end if any did."""
    usable = [result for result in results if result.whole] or results
    return sorted(usable, key=lambda result: result.run.total.wall)[(len(usable) - 1) // 2]


def table(results: list[Result]) -> str:
    """A column for each tool."""
    lines = [["", *(result.tool for result in results)]]

    def line(name: str, value) -> None:
        lines.append([name, *(value(result) for result in results)])

    line("wall clock", lambda of: seconds(of.run.total.wall))
    line("  copy", lambda of: seconds(of.said.copy))
    line("  indexes and keys", lambda of: seconds(of.said.build))
    line("  reading back", lambda of: seconds(of.said.verify))
    line("processor time, tool", lambda of: seconds(of.run.total.client))
    # Of large values rows are no measure, and of short rows bytes are none.
    rows, amount = results[0].rows, results[0].amount
    if rows >= 1000:
        line("  per million rows", lambda of: seconds(of.per_million(of.run.total.client)))
        line("    in the copy", lambda of: seconds(of.run.copy and of.per_million(of.run.copy.client)))
    if amount > 1000 * rows:
        line("  per gigabyte", lambda of: seconds(of.per_gigabyte(of.run.total.client)))
        line("    in the copy", lambda of: seconds(of.run.copy and of.per_gigabyte(of.run.copy.client)))
    line("processor time, source", lambda of: seconds(of.run.total.source))
    line("processor time, target", lambda of: seconds(of.run.total.target))
    line("servers' share, in the copy", lambda of: share(of.servers_in_copy))
    line("others' share", lambda of: share(of.others))
    line("most memory, tool", lambda of: f"{of.run.peak_memory / (1 << 20):,.0f} MiB")
    line("indexes, foreign keys", lambda of: f"{of.indexes:,}, {of.foreign_keys:,}")
    line("tables with all rows", lambda of: f"{of.counted:,} of {of.tables:,}")
    line("tables proven equal", lambda of: "–" if of.said.proven is None else f"{of.said.proven:,} of {of.tables:,}")
    line("outcome", lambda of: short(of.outcome))
    widths = [max(len(cells[column]) for cells in lines) for column in range(len(lines[0]))]
    printed = []
    for cells in lines:
        padded = [cells[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        printed.append("  ".join(padded).rstrip())
    return "\n".join(printed)


def ratios(results: list[Result]) -> list[str]:
    """How often nirvana would be done while another works; only for a run that moved everything."""
    by_name = {result.tool: result for result in results}
    nirvana = by_name.get("nirvana") or by_name.get("nirvana_dump")
    if not nirvana or not nirvana.whole:
        return []
    said = []
    for rival in results:
        if rival is nirvana:
            continue
        if not rival.whole:
            said.append(f"{rival.tool}: no comparison, as it did not move everything ({short(rival.outcome)})")
            continue
        if rival.tool.startswith("pgloader"):
            said.append(times(rival, "whole run", rival.run.total.wall, nirvana.run.total.wall))
        said.append(times(rival, "copy", rival.said.copy, nirvana.said.copy))
        said.append(times(rival, "processor time of the tool", rival.run.total.client, nirvana.run.total.client))
    return said


def times(rival: Result, what: str, its: float | None, ours: float | None) -> str:
    ratio = f"{its / ours:.1f}" if its and ours else "–"
    return f"{rival.tool} : nirvana, {what}: {ratio}"


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f} s"


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
