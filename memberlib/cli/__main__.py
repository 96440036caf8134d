"""``python -m memberlib.cli`` says what ``memberlib`` says."""

from memberlib.cli import main

main()
