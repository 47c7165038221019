"""Who had what, and who decided what: a ledger that is only added to, each line on the one before.

- `append`, `record`, `entries`: write and read it;
- `proof`: whether it is as it was written; `anchor`: what to keep elsewhere;
- `questions`: who saw a study, what a person saw (EHDS Art. 73(1)(e));
- `retention`: what is old enough goes, and the rest stays provable.
"""

from catalog.audit.ledger import append, entries, record
from catalog.audit.records import ALLOWED, Access, AccessEvent

__all__ = ["ALLOWED", "Access", "AccessEvent", "append", "entries", "record"]
