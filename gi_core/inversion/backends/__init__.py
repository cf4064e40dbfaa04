"""Ways to compute a guess's update and the picture gradient, each equal to the plain one and faster somewhere."""
