"""The one exception that reaches a user: bad input, said in one sentence."""


class BadInput(ValueError):
    """An input was refused. The message names the value and what is allowed."""
