"""How well questions are answered: questions and outcomes, metrics, fitting, visitors' opinions.

Imports ``search``. ``pages`` shows what is measured here.
"""
