"""The transactions of the protocol as data, one per file; what they do is in `rules`."""

from novation.protocol.transactions.add_key import AddKey
from novation.protocol.transactions.bid import Bid
from novation.protocol.transactions.cancel_all import CancelAll
from novation.protocol.transactions.cancel_order import CancelOrder
from novation.protocol.transactions.deposit import Deposit
from novation.protocol.transactions.liquidate import Liquidate
from novation.protocol.transactions.list_market import ListMarket
from novation.protocol.transactions.mass_quote import MassQuote, Quote, QuoteTerms
from novation.protocol.transactions.minute_tick import MinuteTick
from novation.protocol.transactions.oracle_update import OracleReport, OracleUpdate
from novation.protocol.transactions.place_bracket import PlaceBracket
from novation.protocol.transactions.place_order import PlaceOrder
from novation.protocol.transactions.place_trigger import PlaceTrigger
from novation.protocol.transactions.prune_order import PruneOrder
from novation.protocol.transactions.remove_key import RemoveKey
from novation.protocol.transactions.replace_order import ReplaceOrder
from novation.protocol.transactions.set_auction import SetAuction
from novation.protocol.transactions.set_cancel_timer import SetCancelTimer
from novation.protocol.transactions.set_parameter import ParameterKind, SetParameter
from novation.protocol.transactions.settle_position import SettlePosition
from novation.protocol.transactions.take_over import TakeOver
from novation.protocol.transactions.transfer import Transfer
from novation.protocol.transactions.trigger_order import TriggerOrder
from novation.protocol.transactions.unwind import Unwind
from novation.protocol.transactions.withdraw import Withdraw

__all__ = [
    "AddKey",
    "Bid",
    "CancelAll",
    "CancelOrder",
    "Deposit",
    "L1Operation",
    "Liquidate",
    "ListMarket",
    "MassQuote",
    "MinuteTick",
    "OracleReport",
    "OracleUpdate",
    "ParameterKind",
    "PlaceBracket",
    "PlaceOrder",
    "PlaceTrigger",
    "PruneOrder",
    "Quote",
    "QuoteTerms",
    "RemoveKey",
    "ReplaceOrder",
    "SetAuction",
    "SetCancelTimer",
    "SetParameter",
    "SettlePosition",
    "TakeOver",
    "Transaction",
    "Transfer",
    "TriggerOrder",
    "Unsigned",
    "Unwind",
    "UserTransaction",
    "Withdraw",
]

# A ReplaceOrder is a PlaceOrder, too, and a PlaceTrigger and a PlaceBracket: who asks for the kind
# asks for it first.
UserTransaction = (
    PlaceOrder
    | PlaceTrigger
    | PlaceBracket
    | ReplaceOrder
    | MassQuote
    | CancelOrder
    | CancelAll
    | SetCancelTimer
    | Withdraw
    | Transfer
    | AddKey
    | RemoveKey
    | Bid
)
# Of the L1 queue, in whose order they are consumed.
L1Operation = Deposit | SetParameter
# What nobody signs.
Unsigned = (
    ListMarket
    | PruneOrder
    | MinuteTick
    | Liquidate
    | SetAuction
    | SettlePosition
    | TakeOver
    | TriggerOrder
    | Unwind
)
Transaction = L1Operation | OracleUpdate | Unsigned | UserTransaction
