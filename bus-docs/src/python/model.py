

class _Model(pydantic.BaseModel, frozen=True):
    model_config = pydantic.ConfigDict(
        extra="allow", strict=True, populate_by_name=True, protected_namespaces=()
    )
