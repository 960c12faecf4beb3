"""Reads an article's file into a Document with its Passages, its FAQ, and its figures.

No other package knows the file formats. Imports ``text``.
"""
