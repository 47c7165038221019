"""Who found a permit's data anonymous, by which document; and what the catalogue can tell them.

The tier `ANON_DOWNLOAD` is a named person's recorded decision (EHDS Art. 66), never computed. As
long as none is in force, a permit's data is served as pseudonymised data is (Art. 73).
"""
