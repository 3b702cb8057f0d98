"""What the codes of refused writes mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RECORD_CODES: Mapping[str, str] = MappingProxyType(
    {
        "A102": "No grant of the caller's roles allows the operation on this record.",
        "A103": "The transition is for other roles.",
        "A105": "Records belong to those that are to be merged that are not the caller's to change.",
        "A104": "The record would leave what the caller's roles allow.",
        "L114": "A batch holds too many commands.",
        "L131": "One act would move too many records.",
        "R133": "The record that is pointed at does not exist for the caller.",
        "R134": "The record that is pointed at is of an entity that does not fit.",
        "R135": "No earlier command of the batch has this name.",
        "R136": "More than one record has this key.",
        "R137": "The relationship is not many to many.",
        "R138": "The entity has no such key, or a part of it is missing or empty.",
        "R143": "A record that this one needs is in the trash.",
        "R144": "The record is in the trash.",
        "R146": "Records of this entity are never changed or deleted.",
        "R147": "The transition does not start from the state that the record is in.",
        "R148": "The transition needs a reason.",
        "R149": "The guard of the transition does not hold.",
        "R150": "The record, or one that it is part of, is in a locked state.",
        "R151": "A rule of the entity does not hold.",
        "R152": "The relationship's filter does not admit this record.",
        "R154": "The field is hidden as the other values are, so that it takes no value.",
        "R155": "The hierarchy would not be a tree, or be too deep.",
        "R156": "A link ends before it begins.",
        "R157": "The records are linked already in this period.",
        "R158": "There is no such file for the caller.",
        "R169": "The field does not take files of this type.",
        "R170": "There is no such change of the caller's own.",
        "R171": "What is to be taken back was changed since.",
        "R172": "The change is too long ago to be taken back.",
        "R173": "Not everything that is needed to take the change back was kept.",
        "R174": "An option may not be chosen as the other values are.",
        "R175": "A rule that is kept in a record cannot be read any more.",
        "R176": "An expression asks for values of which its writer may read only some.",
        "R190": "Another record is the same thing already, and the entity refuses duplicates.",
        "R191": "Another record may be the same thing already; it is written once the duplicates are accepted.",
        "R192": "What is to be merged, or chosen from it, is none of two to five records.",
        "R193": "What belongs to records that are to be merged cannot all belong to one.",
        "R194": "The record was merged into another one, which answers for it.",
        "R195": "No exchange rate is known for the currency of an amount on its day.",
        "R196": "A file of exchange rates lacks a column.",
        "R197": "The entity holds no amounts that could be revalued.",
        "R159": "A share names no operation, one that cannot be shared, or the person who gives it.",
    }
)
