"""Reading measures.csv: every row is either accepted, exactly, or rejected by line with a reason.

`lines` defines what a row means, one line at a time; `columns` does the same by the million and hands over whatever it is not
sure of. `days` gathers accepted rows into days, `resolution` tells hours from quarters, `reading` leads a file through all of it.
"""
