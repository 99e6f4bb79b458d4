SELECT count(), min(time), max(time) FROM clicks
