"""List prices with their date."""

from __future__ import annotations

from dataclasses import dataclass

DAYS_OF_A_MONTH = 30
GIGABYTE = 1e9


@dataclass(frozen=True)
class Provider:
    """Prices of a cloud provider."""

    name: str
    place: str
    currency: str
    node: str
    node_month: float
    # Gigabytes a month that the price of a node includes.
    included_gigabytes: float
    # Upper bound in gigabytes a month, and price of a gigabyte; the last tier has no bound.
    tiers: tuple[tuple[float, float], ...]

    def month(self, nodes: int, egress_bytes_per_day: float) -> float:
        """Price of nodes and egress for a month."""
        egress = egress_bytes_per_day * DAYS_OF_A_MONTH / GIGABYTE
        return nodes * self.node_month + self.traffic(egress - nodes * self.included_gigabytes)

    def traffic(self, gigabytes: float) -> float:
        """Price of the egress of a month, tier by tier."""
        cost, below = 0.0, 0.0
        for up_to, price in self.tiers:
            cost += max(0.0, min(gigabytes, up_to) - below) * price
            below = up_to
        return cost


# From memory, early in 2025, without tax, on demand: check them before you use them.
PRICES_OF = "early 2025"
AWS = Provider(
    name="AWS",
    place="us-east-1",
    currency="$",
    node="c7g.large (2 vCPU, 4 GiB), 0.0725 an hour",
    node_month=0.0725 * 730,
    included_gigabytes=0,
    tiers=((100, 0.0), (10_340, 0.09), (51_300, 0.085), (153_700, 0.07), (float("inf"), 0.05)),
)
HETZNER = Provider(
    name="Hetzner",
    place="Germany",
    currency="€",
    node="CCX13 (2 dedicated vCPU, 8 GB), 20 TB of traffic included",
    node_month=12.49,
    included_gigabytes=20_000,
    tiers=((float("inf"), 0.001),),
)
PROVIDERS = (AWS, HETZNER)
