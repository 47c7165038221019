"""What holders deliver on permit only: orders by criteria, their clock, and whom it is for.

An order waits to be signed from the moment its permit is granted; what comes under it is given to
that permit and those that follow it, and to nobody else (EHDS Art. 60(2), 66, 68(10)(a)).
"""
