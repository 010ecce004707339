"""What assets are given: the store and how much of the machine they may use.

``store`` opens objects and SQL, ``compute`` says how many workers there are and shows progress. Not here: what is done
with them (``rushes`` and ``assets``).
"""
