"""``python -m sigma_xdr`` is ``sigma-xdr``."""

from sigma_xdr.cli import main

if __name__ == "__main__":
    main()
