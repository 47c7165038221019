"""Applications for data: what they must say, how far they are, and what was decided.

- `form` is the content (EHDS Art. 67(2)), `rules` what it must say before it is submitted,
  `schema` both as JSON Schema
- `applications` is the applicant's part and the assessor's, `deciding` the decision
- `reading` shows them to whom they concern
"""
