"""One folder a screen: its Python, HTML, CSS and JavaScript."""
