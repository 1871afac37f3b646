"""The version of the database's schema: brought up to date at start, and never used when it is newer than we are.

Alembic is imported only where there is something to migrate: it costs more time than all the rest of a start.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from released.store.errors import StoreUnusable
from released.store.obstacles import too_new
from released.store.shipped import shipped

HEAD = "0003"
"""The newest revision in ``migrations/``; revisions are numbers, so that an older program knows a newer schema."""


def bring_up_to_date(engine: Engine, path: Path) -> None:
    """Migrate to ``HEAD`` where needed, all steps in one transaction.

    Raises:
        ReadOnly: a newer version of released made the schema.
        StoreUnusable: another program made the database.
    """
    with engine.begin() as connection:
        revision = revision_of(connection, path)
        if revision > HEAD:
            raise too_new(path, revision, HEAD)
        if revision < HEAD:
            _upgrade(connection)


def revision_of(connection: Connection, path: Path) -> str:
    """Give the schema's revision; "" for an empty database.

    Raises:
        StoreUnusable: another program made the database.
    """
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""
    if tables:
        message = f"{path} is the database of another program (it has {', '.join(tables[:3])}); name another file."
        raise StoreUnusable("store_foreign", message)
    return ""


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 (see the module's docstring)
    from alembic.config import Config  # noqa: PLC0415 (same)

    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
