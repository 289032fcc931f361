"""Figures as tables: for a terminal, for Markdown, for JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as RichTable

from skill.settings import PROJECT

Cell = str | float | None  # None: was not measured
TERMINAL_COLUMNS = 180  # for output that goes to a file


@dataclass(frozen=True, slots=True)
class Column:
    """name: with its unit. digits: behind the point, for numbers."""

    name: str
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Table:
    """Rows may be shorter than the columns. notes: how it was measured, and what it does not show."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def measured(title: str, tables: Iterable[Table]) -> list[Table]:
    """The tables, which are measured while they are asked for; where one cannot be had, a row that says why."""
    found = []
    try:
        for table in tables:
            found.append(table)
    except Exception as exc:  # any library may be missing or broken here, and the other parts shall still be measured
        found.append(not_measured(title, reason(exc)))
    return found


def not_measured(title: str, why: str) -> Table:
    return Table(title, (Column("what"), Column("why not")), (("not measured", why),))


def reason(exc: BaseException) -> str:
    """One line that says what was wrong, with paths as from the project's folder: tables are shown to others."""
    return " ".join(str(exc).split()).replace(f"{PROJECT}/", "") or type(exc).__name__


def print_tables(tables: Sequence[Table], console: Console) -> None:
    for table in tables:
        shown = RichTable(title=table.title, title_justify="left", title_style="bold")
        for column, cells in zip(table.columns, _columns_of(table), strict=True):
            shown.add_column(column.name, justify="right" if any(isinstance(cell, float) for cell in cells) else "left")
        for row in _texts(table):
            shown.add_row(*row)
        console.print(shown)
        for note in table.notes:
            console.print(f"  {note}", style="dim", highlight=False)
        console.print()


def show(tables: Sequence[Table], in_json: bool, seconds: float | None = None, columns: int = TERMINAL_COLUMNS) -> None:
    """Print them for people, or as one JSON object. seconds: that all of it took. columns: of output that goes to a file."""
    if not in_json:
        print_tables(tables, Console(width=None if sys.stdout.isatty() else columns))
        return
    took = {} if seconds is None else {"seconds": round(seconds, 1)}
    figures = {"date": time.strftime("%Y-%m-%d"), **took, "tables": as_json(tables)}
    print(json.dumps(figures, ensure_ascii=False, indent=1))


def as_markdown(tables: Sequence[Table]) -> str:
    parts = []
    for table in tables:
        lines = [f"## {table.title}", "", _markdown_row([column.name for column in table.columns])]
        right = [any(isinstance(cell, float) for cell in cells) for cells in _columns_of(table)]
        lines.append(_markdown_row(["---:" if numbers else "---" for numbers in right]))
        lines += [_markdown_row(row) for row in _texts(table)]
        lines += ["", *(f"- {note}" for note in table.notes)] if table.notes else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def as_json(tables: Sequence[Table]) -> list[dict[str, object]]:
    """Numbers as measured, not rounded."""
    return [
        {
            "title": table.title,
            "rows": [{column.name: cell for column, cell in zip(table.columns, row, strict=False)} for row in _filled(table)],
            "notes": list(table.notes),
        }
        for table in tables
    ]


def _filled(table: Table) -> list[tuple[Cell, ...]]:
    return [(*row, *[None] * (len(table.columns) - len(row))) for row in table.rows]


def _columns_of(table: Table) -> list[tuple[Cell, ...]]:
    return list(zip(*_filled(table), strict=True)) or [()] * len(table.columns)


def _texts(table: Table) -> list[list[str]]:
    return [[_text(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in _filled(table)]


def _text(cell: Cell, column: Column) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else f"{cell:,.{column.digits}f}"


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
