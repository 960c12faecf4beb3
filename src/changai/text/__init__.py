"""Texts as strings: normalisation, words, sentences, dates, quantities, and OCR damage.

Knows nothing of articles or questions. Every other package may import it.
"""
