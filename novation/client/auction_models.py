"""What the client tells of auctions: failing accounts, bids, and what became of them."""

from dataclasses import dataclass
from decimal import Decimal

from novation.receipts import Receipt


@dataclass(frozen=True, slots=True)
class AuctionUpdate:
    """An account's positions are up for auction; `start_time_ms` is None if they are no more.

    `equity` is below `required` in the first case, and not in the second.
    """

    sequence: int
    account_id: int
    start_time_ms: int | None
    equity: Decimal
    required: Decimal


@dataclass(frozen=True, slots=True)
class TakenLeg:
    """A position that a pool took at the mark; it lost `loss` since `reference_price`.

    Of its part of the account's debt insurance paid `insured`, and the other side `charged`.
    """

    symbol: str
    size: Decimal
    mark_price: Decimal
    reference_price: Decimal
    loss: Decimal
    insured: Decimal
    charged: Decimal


@dataclass(frozen=True, slots=True)
class TakeOverUpdate:
    """All positions of a hopeless account went to the insurance fund, or to pools (`legs`).

    `equity` and `required` are those of before. `balance` is what it had with its positions at the
    mark: insurance got it, or it was a debt.
    """

    sequence: int
    account_id: int
    by_insurance: bool
    equity: Decimal
    required: Decimal
    balance: Decimal
    legs: tuple[TakenLeg, ...]


@dataclass(frozen=True, slots=True)
class TakenPosition:
    """What a bid took of a position: bought if positive, else sold, at the mark."""

    symbol: str
    size: Decimal
    mark_price: Decimal


@dataclass(frozen=True, slots=True)
class BidFill:
    """A share of all positions of a failing account that a bidder took.

    They were worth `price` USD at the mark. The failing account lost `discount`, of which `fee`
    went to the insurance fund. `equity` and `required` are those of before.
    """

    failing_account_id: int
    bidder_account_id: int
    share: Decimal
    equity: Decimal
    required: Decimal
    price: Decimal
    discount: Decimal
    fee: Decimal
    taken: tuple[TakenPosition, ...]


@dataclass(frozen=True, slots=True)
class BidUpdate:
    """A bid was filled."""

    sequence: int
    fill: BidFill


@dataclass(frozen=True, slots=True)
class BidAck:
    """A bid was filled; its share may be less than was asked for."""

    fill: BidFill
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class AuctionedPosition:
    """A position that is up for auction, negative when short."""

    symbol: str
    size: Decimal


@dataclass(frozen=True, slots=True)
class Auction:
    """An account that is up for auction.

    `discount` is the part of the equity behind what is taken that a bid would be given now, before
    the insurance fund's tenth. No bid takes more than `enough_share` of each position; it is None
    if there is nothing to bid for: the account does not fail any more, or owes money. From
    `end_time_ms` on bids are refused until the auction starts anew.
    """

    account_id: int
    start_time_ms: int
    end_time_ms: int
    discount: Decimal
    enough_share: Decimal | None
    equity: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    positions: tuple[AuctionedPosition, ...]


@dataclass(frozen=True, slots=True)
class Auctions:
    """The oldest auctions; `n_auctions` there are in all. A stream goes on behind `sequence`."""

    auctions: tuple[Auction, ...]
    n_auctions: int
    sequence: int
    time_ms: int
