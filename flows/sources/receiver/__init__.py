"""A Storage SCP (PS3.4 Annex B): what a PACS sends goes to the landing, untouched and undecoded.

It speaks as much of the upper layer (PS3.8) as C-STORE and C-ECHO need: the bytes of an object go
from the connection's buffer to the file, and 0x0000 is answered when they are on the disk.
"""
