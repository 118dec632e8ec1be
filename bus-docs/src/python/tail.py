
_EVENT: pydantic.TypeAdapter[Event] = pydantic.TypeAdapter(Event)


def load(line: str | bytes) -> Event:
    """Reads one event of a declared kind from a line of JSON.

    Raises `pydantic.ValidationError` where it is not one, with the place of each fault.
    """
    if ALIASES:
        found = json.loads(line)
        if isinstance(found, dict) and found.get("type") in ALIASES:
            return _EVENT.validate_json(json.dumps({**found, "type": ALIASES[found["type"]]}))
    return _EVENT.validate_json(line)


def load_any(line: str | bytes) -> Event | Undeclared:
    """Reads one event from a line of JSON, whatever its kind."""
    kind = json.loads(line).get("type")
    if kind in KINDS or kind in ALIASES:
        return load(line)
    return Undeclared.model_validate_json(line)
