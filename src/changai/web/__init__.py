"""The web service: the page, what stands beside it, and what programs and operators ask of it.

Only ``cli`` imports it.
"""
