"""Everything chosen before a run, frozen, hashable, validated, with URL and JSON round trips."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from gi_core.attacks import Attack, attacks
from gi_core.components import check_value, field_types, option, parse_value
from gi_core.defenses import Defense, parse_stack, stack_text
from gi_core.errors import BadInput
from gi_core.models import models, weights
from gi_core.observation import Training
from gi_core.servers import Server, servers

FACTS = ("labels", "defense", "buffers", "auxiliary")
"""What knowledge can grant besides update and weights."""
HONEST = "honest"
"""The server that sends what was agreed on."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One experiment, minus its pictures.

    Component texts are stored in canonical form (known order, defaults left out), so equal experiments are equal
    and hash alike.

    Raises:
        BadInput: an unknown name or key, a value outside its range, or fields that contradict each other.
    """

    model: str = option("lenet", "victim architecture")
    num_classes: int = option(10, "classes the victim tells apart", low=2, high=1000)
    image_size: int = option(32, "picture side in pixels", low=11, high=384)
    channels: int = option(3, "3 for colour, 1 for grey", low=1, high=3)
    batch_size: int = option(1, "pictures per update", low=1, high=256)
    mode: Literal["eval", "train"] = option("eval", "BatchNorm with running (eval) or batch (train) statistics")
    weights: str = option("init", "where the victim's weights come from")
    local_steps: int = option(1, "SGD steps before the client answers", low=1, high=1000)
    local_batch: int = option(0, "pictures per local step; 0: all of them", low=0, high=256)
    local_lr: float = option(0.01, "the client's learning rate", low=1e-8, high=100)
    local_momentum: float = option(0.0, "the client's SGD momentum", low=0, high=0.999)
    local_order: Literal["reshuffled", "fixed"] = option("reshuffled", "order of the mini-batches in each pass")
    clients: int = option(1, "clients summed by secure aggregation, the target among them", low=1, high=1000)
    update: Literal["auto", "gradient", "delta"] = option(
        "auto", "send the gradient or the weight delta; auto: the delta when there is more than one local step"
    )
    defense: str = option("none", "what the client does to protect itself")
    knowledge: str = option("labels", "what the attacker knows besides update and weights: " + "+".join(FACTS))
    attack: str = option("ig", "who attacks, and how")
    server: str = option(HONEST, "who sends the model, and what it did to it")
    seed: int = option(0, "of everything random but the victim's weights", low=0, high=2**31 - 1)

    def __post_init__(self) -> None:
        hints = field_types(type(self))
        for field in dataclasses.fields(self):
            check_value(field.name, getattr(self, field.name), hints[field.name], field.metadata)
        if self.channels == 2:
            raise BadInput("channels=2: allowed are 1 and 3")
        object.__setattr__(self, "model", models.parse(self.model).text)
        object.__setattr__(self, "weights", weights.parse(self.weights).text)
        object.__setattr__(self, "defense", stack_text(parse_stack(self.defense.replace(" ", "+"))))
        object.__setattr__(self, "knowledge", _knowledge_text(self.knowledge))
        object.__setattr__(self, "attack", attacks.parse(self.attack.replace(" ", "+")).text)
        object.__setattr__(self, "server", servers.parse(self.server).text)
        if self.local_steps > 1 and self.update == "gradient":
            raise BadInput(
                f"update=gradient with local_steps={self.local_steps}: after several steps a client has a weight"
                " delta to send, so update must be auto or delta"
            )
        if self.local_batch > self.batch_size:
            raise BadInput(f"local_batch={self.local_batch}: at most batch_size={self.batch_size} is allowed")
        if self.kind == "delta" and any(d.per_example for d in self.defense_stack):
            raise BadInput(
                f"defense={self.defense} acts on per-example gradients, but the client sends a weight delta:"
                " use per=update, or send the gradient"
            )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C,H,W)."""
        return (self.channels, self.image_size, self.image_size)

    @property
    def kind(self) -> Literal["gradient", "delta"]:
        if self.update == "auto":
            return "delta" if self.local_steps > 1 else "gradient"
        return self.update

    @property
    def defense_stack(self) -> tuple[Defense, ...]:
        return parse_stack(self.defense)

    @property
    def attack_component(self) -> Attack:
        return attacks.parse(self.attack)

    @property
    def server_component(self) -> Server:
        return servers.parse(self.server)

    @property
    def facts(self) -> frozenset[str]:
        """What knowledge grants."""
        return frozenset(() if self.knowledge == "none" else self.knowledge.split("+"))

    @property
    def training(self) -> Training:
        """The client's recipe, as the attacker knows it."""
        batch = self.local_batch or self.batch_size
        epochs = -(-self.local_steps // -(-self.batch_size // batch))
        return Training(
            steps=self.local_steps, epochs=epochs, batch=batch, lr=self.local_lr, momentum=self.local_momentum,
            order=self.local_order,
        )  # fmt: skip

    def replace(self, **changes: Any) -> Scenario:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Field names to values; an honest server goes without saying, so that runs keep the address they had."""
        values = dataclasses.asdict(self)
        if self.server == HONEST:
            del values["server"]
        return values

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @property
    def hash(self) -> str:
        """sha256 of the canonical JSON, hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_url(self) -> str:
        """Query string with the fields that differ from their defaults; ``+`` is percent-encoded."""
        changed = {f.name: value for f in dataclasses.fields(self) if (value := getattr(self, f.name)) != f.default}
        return urlencode(changed)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Scenario:
        """From field names to values; values may be text. Raises BadInput for unknown fields."""
        hints = field_types(cls)
        allowed = [f.name for f in dataclasses.fields(cls)]
        unknown = [name for name in values if name not in allowed]
        if unknown:
            raise BadInput(f"unknown field {unknown[0]!r}: allowed are {', '.join(allowed)}")
        return cls(**{
            name: parse_value(name, value, hints[name]) if isinstance(value, str) else value
            for name, value in values.items()
        })  # fmt: skip

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        """Inverse of :meth:`to_json`. Raises BadInput for broken JSON."""
        try:
            values = json.loads(text)
        except ValueError as error:
            raise BadInput(f"a scenario in JSON is needed: {error}") from None
        if not isinstance(values, dict):
            raise BadInput(f"a scenario in JSON is an object, not {type(values).__name__}")
        return cls.from_dict(values)

    @classmethod
    def from_url(cls, query: str) -> Scenario:
        """Inverse of :meth:`to_url`; a leading ``?`` or a whole URL is accepted."""
        pairs = parse_qsl(query.rpartition("?")[2], keep_blank_values=True)
        repeated = [k for k, _ in pairs if sum(k == other for other, _ in pairs) > 1]
        if repeated:
            raise BadInput(f"field {repeated[0]!r} is given twice")
        return cls.from_dict(dict(pairs))


def _knowledge_text(text: str) -> str:
    parts = [p.strip() for p in text.replace(" ", "+").replace(",", "+").split("+")]
    if parts == ["none"]:
        return "none"
    for part in parts:
        if part not in FACTS:
            raise BadInput(f"unknown knowledge {part!r}: allowed are none, or {', '.join(FACTS)} joined by +")
    return "+".join(fact for fact in FACTS if fact in parts)
