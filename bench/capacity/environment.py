"""The flags of the measurement: a third each a rollout, a rule about the plan, and an experiment.

Their words are random with a fixed seed, so that they compress no better than the flags of a real team.
"""

from __future__ import annotations

import random
from typing import Any

Json = Any

# Number of flags in ten that a `client-local` key sees; which ones does not matter for their sizes.
CLIENT_SIDE_OF_TEN = 3
VOCABULARY = (
    "account address alert amount archive avatar badge banner basket billing branch button calendar campaign "
    "capture card carrier catalogue chart checkout comment consent contact coupon credit currency customer "
    "dashboard delivery deposit device discount document draft email export feed filter folder gallery gift group "
    "header history image import inbox invoice label language layout ledger letter loyalty market member message "
    "mobile note notice offer order outlet packing panel partner payment period photo picker plan point preview "
    "price printer privacy product profile promise query quota rating receipt refund region reminder report return "
    "review reward route salary search season seller session setting shelf shipping sidebar signup slot sorting "
    "stock store summary supplier survey tariff theme ticket timeline token tooltip tracking transfer trial upload "
    "upsell vendor video voucher wallet warehouse widget wishlist zone"
)


def document(count: int) -> Json:
    """An environment of `count` flags."""
    flags = {key(number): flag(number) for number in range(count)}
    return {"schemaVersion": 1, "environment": "production", "revision": 1, "flags": flags}


def key(number: int) -> str:
    """A key like those that people choose."""
    return f"{'-'.join(words(number, 2))}-{number}"


def flag(number: int) -> Json:
    """A flag of medium size."""
    what = words(number, 5)
    common = {
        "enabled": True,
        "description": f"The {what[0]} shows the {what[1]} of each {what[2]} beside its {what[3]} and {what[4]}.",
        **({"clientSide": True} if number % 10 < CLIENT_SIDE_OF_TEN else {}),
    }
    match number % 3:
        case 0:
            return {"type": "boolean", **common, "serve": {"variant": "on", "rollout": 25}}
        case 1:
            condition = {"attribute": "plan", "op": "in", "values": ["plus", "family", what[3]]}
            rules = [{"id": f"{what[0]}-{what[3]}", "when": condition, "serve": "on"}]
            return {"type": "boolean", **common, "rules": rules, "serve": {"variant": "on", "rollout": 5}}
    arms = [{"variant": name, "weight": weight} for name, weight in zip(what, (50_000, 30_000, 20_000), strict=False)]
    variants = {name: f"Show the {name} {other}" for name, other in zip(what[:3], what[2:], strict=True)}
    return {"type": "string", **common, "variants": variants, "offVariant": what[0], "serve": {"arms": arms}}


def words(number: int, count: int) -> list[str]:
    """Words of flag `number`, all different."""
    return random.Random(number).sample(VOCABULARY.split(), count)


# The context that a browser sends; `{}` is replaced by a number, so that each request is for another user.
CONTEXT = '{"context":{"targetingKey":"user-{}","country":"se","plan":"plus","appVersion":"4.12.0"}}'
