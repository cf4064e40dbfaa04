"""A Flower mod that records one training round of one client.

    from gi_core.recorders.flower import record
    app = ClientApp(mods=[record("round7", {"model": "lenet:init=default", ...}), fixedclipping_mod])

The first mod is the outermost, so that it sees what really leaves. Tested with Flower 1.41.0; nothing of Flower is
imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gi_core.recorders.folder import arrays_of, done, merged, say_nothing, write


def record(
    folder: str | Path, told: Mapping[str, Any] | None = None, *, partition: int | None = None
) -> Callable[..., Any]:
    """A mod ``(message, context, call_next) -> message`` that never changes a message.

    Args:
        folder: where the first training round is written; later rounds pass by.
        told: what Flower does not know, in the keys of update.json: model, input, training, filters.
        partition: record only the client of this ``partition-id``.
    """
    room = Path(folder)

    def mod(message: Any, context: Any, call_next: Callable[[Any, Any], Any]) -> Any:
        client = dict(context.node_config).get("partition-id")
        wanted = str(message.metadata.message_type).startswith("train") and not done(room)
        if not wanted or (partition is not None and client != partition):
            return call_next(message, context)
        before, config = taken(message), first_of(message.content.config_records)
        reply = call_next(message, context)
        keep(room, before, reply, config, client, told)
        return reply

    return mod


def keep(
    room: Path, before: Any, reply: Any, config: dict[str, Any], client: Any, told: Mapping[str, Any] | None
) -> None:
    """Write the record, or why there is none; a recorder must not end a round."""
    try:
        if isinstance(before, str) or reply.has_error():
            say_nothing(room, before if isinstance(before, str) else "the client's reply is an error")
            return
        sent = taken(reply)
        if isinstance(sent, str):
            say_nothing(room, sent)
            return
        metrics = {key: dict(value) for key, value in reply.content.metric_records.items()}
        found: dict[str, Any] = {
            "framework": "flwr", "api": "ClientApp message API, ArrayRecord", "sends": "weights",
            "client": f"partition {client}", "config_received": config, "metrics_sent": metrics,
        }  # fmt: skip
        if isinstance(number := config.get("server-round"), int):
            found["round"] = number
        write(room, before, sent, merged(told, found))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        say_nothing(room, f"{type(error).__name__}: {error}")


def taken(message: Any) -> dict[str, Any] | str:
    """Copies of a message's arrays by name, or why there are none."""
    records = list(message.content.array_records.values())
    if len(records) != 1:
        return f"a message with {len(records)} array records, one is needed"
    try:
        return arrays_of({name: array.numpy() for name, array in records[0].items()})
    except ValueError as error:
        return str(error)


def first_of(records: Any) -> dict[str, Any]:
    """Plain values of the first configuration record."""
    config: Any = next(iter(records.values()), {})
    return {str(k): v for k, v in config.items() if isinstance(v, (int, float, str, bool))}
