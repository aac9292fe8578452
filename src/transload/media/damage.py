"""The one error that photo code inside the decoder child raises about a file."""


class DamagedError(Exception):
    """The file's bytes do not decode; the text says how, in words for people, without naming our paths.

    `evidence` is what the library said.
    """

    def __init__(self, detail: str, evidence: str | None = None) -> None:
        super().__init__(detail)
        self.evidence = evidence
