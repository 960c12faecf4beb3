"""The index: vectors, terms and FAQ of the articles, how it is built, and where it lies on disk.

Imports ``text``, ``reading``, ``query`` and ``models``. ``search`` uses it.
"""
