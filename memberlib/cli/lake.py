"""What can be said at a prompt about what was taken in?"""

from __future__ import annotations

from typing import Annotated

import typer

from memberlib.cli.words import Data, StoreId

lake_app = typer.Typer()


@lake_app.command()
def imports(
    store: Annotated[str | None, typer.Option("--store", "-s", help="Only this shop.")] = None,
    data: Data = None,
) -> None:
    """List what was imported, with the account of each file."""
    from memberlib.lake import Lake, data_folder

    lake = Lake(data_folder(data) / "lake")
    for store_id in [store] if store else lake.shops():
        frame = lake.imports(store_id)
        typer.echo(f"{store_id}")
        typer.echo(frame.to_string(index=False) if len(frame) else "  nothing imported")


@lake_app.command()
def rejected(
    store: StoreId,
    import_id: Annotated[str | None, typer.Option("--import", help="Only the rows of this import.")] = None,
    data: Data = None,
) -> None:
    """List rejected rows as CSV: file, row, rule, column, value."""
    from memberlib.lake import Lake, data_folder

    typer.echo(Lake(data_folder(data) / "lake").rejected(store, import_id).to_csv(index=False), nl=False)
