"""From an article's file to a Document with its Passages, its FAQ, and what it holds to look up.

The only place that knows file formats. Imports ``text``.
"""
