"""From a question to an answer: candidates, features, ranking, answerability and citations.

Imports ``indexing`` and what that imports.
"""
