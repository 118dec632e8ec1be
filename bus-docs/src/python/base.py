

class _Model(pydantic.BaseModel, frozen=True):
    model_config = pydantic.ConfigDict(
        extra="allow", strict=True, populate_by_name=True, protected_namespaces=()
    )


class Envelope(_Model, frozen=True):
    """The envelope of every event."""

    stream_id: str
    """The stream it happened on."""
    node_id: str | None = None
    """The node it happened in."""
    execution_id: str | None = None
    """The execution it belongs to."""
    timestamp: datetime.datetime
    """When it happened."""
    correlation_id: str | None = None
    """The external request that it belongs to."""
    id: str | None = None
    """The event's id, and the cursor to resume from; absent in other recordings."""
    seq: int | None = None
    """Its position in the order of the bus."""
    version: int | None = None
    """The version of its data's schema."""
    causation_id: str | None = None
    """The event in whose handler it was emitted."""

    @property
    def attributes(self) -> dict[str, t.Any]:
        """The keys beside those of the envelope, such as `graph_id`."""
        return dict(self.model_extra or {})


class Undeclared(Envelope, frozen=True):
    """An event of a kind that no definition declares."""

    type: str
    data: t.Any
