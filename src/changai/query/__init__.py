"""What a question means: its spelling, what it asks for, and what a follow-up refers to.

Imports ``text``.
"""
