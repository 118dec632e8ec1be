
_EVENT: pydantic.TypeAdapter[Event] = pydantic.TypeAdapter(Event)
_DECLARED: t.Final = frozenset([*KINDS, *ALIASES])


class _Head(pydantic.BaseModel):
    type: str


def load(line: str | bytes) -> Event:
    """Reads one event of a declared kind from a line of JSON.

    Raises `pydantic.ValidationError` where it is not one, with the place of each fault.
    """
    return _EVENT.validate_json(line, by_alias=True, by_name=False)


def load_any(line: str | bytes) -> Event | Undeclared:
    """Reads one event from a line of JSON, whatever its kind.

    Raises `pydantic.ValidationError` where it is none, or is of a declared kind and does not fit it.
    """
    if _Head.model_validate_json(line).type in _DECLARED:
        return load(line)
    return Undeclared.model_validate_json(line, by_alias=True, by_name=False)
