"""Compiles queries for a grammar of tree-sitter: a node that the grammar has not is an error.

    queries.py LIBRARY FILE…     run by a Python that has the package tree-sitter; a line for each wrong file
"""

import sys
from pathlib import Path

from tree_sitter import Query, QueryError
from tree_sitter_tokens import language

made = language(sys.argv[1])
for path in map(Path, sys.argv[2:]):
    try:
        Query(made, path.read_text(encoding="utf-8"))
    except QueryError as error:
        print(f"{path}: {error}")
