"""``python -m tests.obfuscation`` writes the page anew."""

from .survival import PAGE, attempts, pack, page

if __name__ == "__main__":
    PAGE.write_text(page(attempts(pack())), "utf-8")
