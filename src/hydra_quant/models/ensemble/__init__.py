"""Several models of one direction as one: how they are weighed, learned from and dropped.

Members tell probabilities that the price rises; none of this knows how they come to them.
"""
