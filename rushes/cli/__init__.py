"""The command line: ``app`` is the program, and those commands that need more words have a module each.

Here: reading words, calling the library, printing (``terminal``), and the page that tells of all commands (``page``).
Not here: anything that does work.
"""
