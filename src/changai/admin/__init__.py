"""An administrator's tasks: accounts, backups, and rolling back to an earlier generation.

Imports ``reading``, ``models``, ``indexing`` and ``evaluation``. ``web`` and ``cli`` import it.
"""
