"""What an administrator does: accounts, backups, and going back to an earlier generation.

Imports ``indexing`` and ``evaluation``. ``web`` and ``cli`` import it.
"""
