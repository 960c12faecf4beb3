"""From a question to an answer: candidates, features, ranking, answerability and citations.

Imports ``text``, ``query``, ``models`` and ``indexing``.
"""
