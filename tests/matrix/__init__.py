"""Each recovery, cut at each of its points: what a daemon on real machines comes to when it is killed, stopped or not answered there."""
