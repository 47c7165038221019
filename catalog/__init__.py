"""What exists, where its bytes lie, and who may have it.

The modules are the surface, each a page long; import the module and call it by name, as in
`search.search(engine, query)` or `releases.servable(engine, …)`:

- words: `outcome`, `vocabulary`, `records`, `errors`
- databases: `database` (connect, migrate), `tables`
- in: `objects` (the object store), `publishing`, `holders`, `subjects`
- the region's own database: `ledgers`, `reviews`, `protections`
- what was seen in pixels: `sightings`
- who may have it: `applications`, `permits`, and `lifecycle`, what may happen to both
- out: `search`, `releases`, `holds`, `audit`

Nothing here knows orchestration, HTTP or de-identification.
"""
