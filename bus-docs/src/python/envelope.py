    @property
    def attributes(self) -> dict[str, t.Any]:
        """The keys beside those of the envelope, such as `graph_id`."""
        return dict(self.model_extra or {})


class Undeclared(Envelope, frozen=True):
    """An event of a kind that no definition declares."""

    type: str
    data: t.Any
