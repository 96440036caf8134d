"""What does a user read when something cannot be done?"""


class InputError(ValueError):
    """One clear line about a user's mistake; the command line prints it and ends with status 2."""
