"""What all tables of the fold are made from."""

import peewee


class Table(peewee.Model):
    """A table of the fold. It is bound to no database: one process may hold several nodes."""

    class Meta:
        legacy_table_names = False
