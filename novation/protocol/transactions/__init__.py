"""The transactions of the protocol as data, one per file; what they do is in `rules`."""

from novation.protocol.transactions.cancel_order import CancelOrder
from novation.protocol.transactions.deposit import Deposit
from novation.protocol.transactions.oracle_update import OracleReport, OracleUpdate
from novation.protocol.transactions.place_order import PlaceOrder
from novation.protocol.transactions.withdraw import Withdraw

__all__ = [
    "CancelOrder",
    "Deposit",
    "OracleReport",
    "OracleUpdate",
    "PlaceOrder",
    "Transaction",
    "UserTransaction",
    "Withdraw",
]

UserTransaction = PlaceOrder | CancelOrder | Withdraw
Transaction = Deposit | OracleUpdate | UserTransaction
