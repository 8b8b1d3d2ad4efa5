# $1: the inside of a line of the ledger.
record "$1"
