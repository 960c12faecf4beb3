"""The web service: the chat page, the other pages, and the interfaces for programs and operators.

Only ``cli`` imports it.
"""
