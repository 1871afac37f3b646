"""The version of the database's schema: brought up to date at start, and never used when it is newer than we are.

Alembic is imported only where there is something to migrate: it costs more time than all the rest of a start.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from released.store.errors import StoreUnusable
from released.store.shipped import shipped

HEAD = "0002"
"""The newest revision in ``migrations/``; revisions are numbers, so that an older program knows a newer schema."""


def bring_up_to_date(engine: Engine, path: Path) -> None:
    """Migrate to ``HEAD`` where needed, all steps in one transaction.

    Raises:
        StoreUnusable: a newer version of released made the schema, or another program the database.
    """
    with engine.begin() as connection:
        revision = _revision(connection, path)
        if revision > HEAD:
            message = f"{path} has schema {revision}, this released knows {HEAD}: install the newer released again."
            raise StoreUnusable("schema_too_new", message)
        if revision < HEAD:
            _upgrade(connection)


def _revision(connection: Connection, path: Path) -> str:
    """Give the schema's revision; "" for an empty database."""
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
