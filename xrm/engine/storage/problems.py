"""The codes under which storage refuses, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STORAGE_CODES: Mapping[str, str] = MappingProxyType(
    {
        "C106": "The address names a SQLite database in memory; every connection would see its own.",
        "C107": "The settings name another base currency than the one in which the amounts are told.",
        "R104": "A stored file is not there.",
        "R112": "The record has another version by now, or is gone.",
        "R113": "A file is larger than the limit.",
        "R140": "Another record has the same values of a key.",
        "R141": "A record points at one that is gone, or is still pointed at.",
        "R142": "The columns of one value contradict each other.",
        "R160": "A value is larger than the database takes.",
        "R161": "A text holds a character that the database cannot keep.",
        "R162": "A text is too long to be unique or indexed.",
        "R163": "The database was busy for too long, or asks for the work to be repeated.",
        "R164": "The database cannot be reached.",
        "R165": "A statement took longer than allowed.",
        "R166": "A disk is full.",
        "R167": "A disk has failed.",
        "R168": "A stored secret cannot be opened with the present key.",
        "R185": "A request asks for a column or table that a change of definitions took away.",
        "S110": "A field would become what its values cannot become.",
        "S111": "The database was made by a later version of this program.",
        "S113": "A relationship would point at another entity.",
        "S114": "A column that may not be empty would be added to a table with rows.",
        "S115": "A field would be required of records that have no value.",
        "S116": "A step of a plan removes something, and the plan was not confirmed.",
        "S117": "A plan in a file is no plan, or is not as it was written.",
        "S119": "There is nothing removed of that number.",
        "S120": "The database, or what the plan comes to, has changed since the plan was made.",
        "S121": "Records share a value that would be unique.",
        "S122": "After the plan the database still differs from what was wanted.",
        "S123": "Values of a field do not fit what it becomes.",
        "S124": "An option or a state is removed, and records hold it or are in it.",
        "S125": "A decision about values is about nothing in the plan, or is no value of its field.",
        "S126": "An entity would be in another pack, and nothing says that it moves there.",
        "S127": "Something would be renamed onto another thing that is there.",
        "S128": "An entity would need more columns than a table can have.",
        "S129": "A record or a link could be larger than a database can store, with what was removed and is kept.",
        "S130": "An entity has more searched fields than the index has room for.",
    }
)
