"""The form's JSON Schema, for whoever builds a page or a program around it (EHDS Art. 70)."""

from typing import Any

from catalog.applications.form import VERSION, Form
from catalog.applications.rules import RULES


def schema() -> dict[str, Any]:
    """Give the JSON Schema of the present version, with what must be said before submission."""
    told = Form.model_json_schema()
    told["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    told["$id"] = f"urn:mammo:application:{VERSION}"
    told["x-required-to-submit"] = [
        {"clause": rule.clause, "field": rule.field, "when": rule.when} for rule in RULES
    ]
    return told
