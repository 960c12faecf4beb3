"""What people read: HTML, tables, exported documents, and text for a terminal; no server.

HTML is made from the files in ``templates``; style sheets and scripts lie in ``assets``.

Imports ``search`` and ``evaluation``. ``web`` serves it, ``cli`` prints it.
"""
