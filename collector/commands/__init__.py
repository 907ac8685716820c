"""Commands of the command line that need a module of their own; ``collector/cli.py`` puts them together.

Promises: what a user or a server did is told in one line or one row with its fix, never by a traceback, and without a
credential. Modules that declare options import what they run only when it runs, so that ``--help`` stays fast.
"""
