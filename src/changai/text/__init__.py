"""Texts as strings: one form to compare them in, their words, sentences, dates and quantities.

Knows nothing of articles or questions. Every other package may import it.
"""
