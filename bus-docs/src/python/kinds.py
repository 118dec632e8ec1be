

def _kinds(kind: str, *older: str) -> pydantic.GetPydanticSchema:
    """Accepts older names of a kind, and replaces them by the current one."""
    names = core_schema.literal_schema([kind, *older])
    schema = core_schema.no_info_after_validator_function(lambda _: kind, names)
    return pydantic.GetPydanticSchema(lambda _source, _handler: schema)
