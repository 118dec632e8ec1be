
`load(line)` reads one event; `load_any(line)` also takes kinds that no definition declares.
Needs Python 3.10 or newer and pydantic 2.11 or newer.
"""

from __future__ import annotations
