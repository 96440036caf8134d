"""``python -m memberlib.reports notebooks`` runs the project's notebooks anew, in place."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from memberlib.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the module's commands; 0 where all went well."""
    parser = argparse.ArgumentParser(prog="python -m memberlib.reports", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    work = commands.add_parser(
        "work", help="do the jobs that come in as lines of JSON (for memberlib itself)"
    )
    work.add_argument("--parent", type=int, help="process id of the one it works for, with whom it ends")
    again = commands.add_parser(
        "notebooks", help="run notebooks/*.ipynb in place on the sample shops and clean them"
    )
    again.add_argument("names", nargs="*", help="only these, such as 03-amount")
    again.add_argument("--data", help="data folder; else $MEMBERLIB_DATA, else the nearest data/")
    again.add_argument(
        "--check", action="store_true", help="change nothing; status 1 where a notebook would change"
    )
    asked = parser.parse_args(arguments)
    if asked.command == "work":
        if asked.parent:
            from memberlib.reports.processes import end_with

            end_with(asked.parent)
        from memberlib.reports.jobs import serve

        return serve()
    from memberlib.reports.refresh import refresh_notebooks

    try:
        changed = refresh_notebooks(asked.names or None, data=asked.data, check=asked.check)
        return 1 if changed and asked.check else 0
    except InputError as error:
        print(f"memberlib: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
