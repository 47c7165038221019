"""Who is calling: tokens of an OpenID Connect provider, and assertions of service accounts.

Roles and callers know nothing; keys find what a token is signed with; claims say whom it names;
entrance puts them together. `access_api.tokens` is what the rest of this room imports.
"""
