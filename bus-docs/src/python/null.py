

_T = t.TypeVar("_T")


def _use_default(value: t.Any) -> t.Any:
    if value is None:
        raise PydanticUseDefault
    return value


def _nullable(source: t.Any, handler: pydantic.GetCoreSchemaHandler) -> core_schema.CoreSchema:
    """Accepts null, and replaces it by the default of the field."""
    nullable = core_schema.nullable_schema(handler(source))
    return core_schema.no_info_after_validator_function(_use_default, nullable)


_OrNull: t.TypeAlias = t.Annotated[_T, pydantic.GetPydanticSchema(_nullable)]
