"""What a person asks for: recipes, their fields, and what goes together.

Here: ``recipe`` and what it is made of, the split, the order of recipes that build upon each other, query pictures. Not
here: carrying a recipe out (``select``).
"""
