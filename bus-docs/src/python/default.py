

@functools.cache
def _reader(type_: t.Any) -> pydantic.TypeAdapter[t.Any]:
    return pydantic.TypeAdapter(type_)


def _default(type_: t.Any, text: str) -> t.Any:
    return _reader(type_).validate_json(text, strict=True)
