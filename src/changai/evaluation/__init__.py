"""Evaluation: question sets, outcomes, metrics, fitting, and visitors' opinions.

Imports ``search``. ``pages`` shows what is measured here.
"""
