"""Import and export of records, through the record service and the query service like every other door."""

from xrm.engine.transfer.bulk import BulkRequest
from xrm.engine.transfer.codes import TRANSFER_CODES
from xrm.engine.transfer.exporter import Export, ExportRequest
from xrm.engine.transfer.request import ImportRequest
from xrm.engine.transfer.service import Preview, Transfer
from xrm.engine.transfer.services import Ground

__all__ = [
    "TRANSFER_CODES",
    "BulkRequest",
    "Export",
    "ExportRequest",
    "Ground",
    "ImportRequest",
    "Preview",
    "Transfer",
]
