"""What a question means: its spelling, what it asks for, and what it leans on from before.

Imports ``text``.
"""
