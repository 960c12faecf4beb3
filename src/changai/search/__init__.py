"""From a question to an answer: candidates, their features, their order, and what is cited.

Imports ``indexing`` and what that imports.
"""
