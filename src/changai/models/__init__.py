"""Whatever was trained: encoders, and the fitted weights that rank passages and judge answers.

Imports no other package.
"""
