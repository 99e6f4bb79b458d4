SELECT max(time) FROM clicks
