"""Records systems in a box: each answers as its documentation and its known clients say it does."""
