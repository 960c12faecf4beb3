"""What people read: HTML, tables, exported documents, and text for a terminal; no server.

Imports ``search`` and ``evaluation``. ``web`` serves it, ``cli`` prints it.
"""
