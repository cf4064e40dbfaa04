"""Entry for people and for Hugging Face Spaces: ``python app.py``."""

from gi_core.web import build, launch_settings

demo = build()

if __name__ == "__main__":
    demo.launch(**launch_settings())
