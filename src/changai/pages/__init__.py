"""What people read: HTML pages, tables, exported documents, and text for a terminal.

HTML is rendered from the files in ``templates``; style sheets and scripts are in ``assets``.

Imports ``text``, ``reading`` and ``evaluation``. ``web`` serves what is made here, and ``cli``
prints it.
"""
