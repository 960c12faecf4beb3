"""The command line: arguments in, exit codes out. Nothing imports it."""
