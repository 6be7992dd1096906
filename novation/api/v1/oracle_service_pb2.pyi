from novation.api.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OracleReport(_message.Message):
    __slots__ = ("signer_index", "time_ms", "prices_x16", "signature")
    SIGNER_INDEX_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    PRICES_X16_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signer_index: int
    time_ms: int
    prices_x16: _containers.RepeatedScalarFieldContainer[int]
    signature: _types_pb2.Signature
    def __init__(self, signer_index: _Optional[int] = ..., time_ms: _Optional[int] = ..., prices_x16: _Optional[_Iterable[int]] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ...) -> None: ...

class SubmitReportRequest(_message.Message):
    __slots__ = ("report",)
    REPORT_FIELD_NUMBER: _ClassVar[int]
    report: OracleReport
    def __init__(self, report: _Optional[_Union[OracleReport, _Mapping]] = ...) -> None: ...

class SubmitReportResponse(_message.Message):
    __slots__ = ("n_waiting",)
    N_WAITING_FIELD_NUMBER: _ClassVar[int]
    n_waiting: int
    def __init__(self, n_waiting: _Optional[int] = ...) -> None: ...

class SubmitUpdateRequest(_message.Message):
    __slots__ = ("oracle_time_ms", "prices_x16", "reports")
    ORACLE_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    PRICES_X16_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    oracle_time_ms: int
    prices_x16: _containers.RepeatedScalarFieldContainer[int]
    reports: _containers.RepeatedCompositeFieldContainer[OracleReport]
    def __init__(self, oracle_time_ms: _Optional[int] = ..., prices_x16: _Optional[_Iterable[int]] = ..., reports: _Optional[_Iterable[_Union[OracleReport, _Mapping]]] = ...) -> None: ...

class SubmitUpdateResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ...) -> None: ...
