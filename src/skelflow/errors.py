"""What can go wrong, by cause: every error skelflow raises on purpose is one of these."""


class SkelflowError(Exception):
    """Base of all errors whose message is meant for the user."""


class FormatError(SkelflowError):
    """A file is not what its reader expects."""


class CalibrationError(SkelflowError):
    """A camera could not be fitted, or does not match its images."""


class ConfigError(SkelflowError):
    """A setting is unknown, out of range or contradicts another one."""


class WeightsError(SkelflowError):
    """A weights file does not fit the network it is loaded into."""


class DataError(SkelflowError):
    """Well-formed data that the asked-for step cannot use."""


class OutputError(SkelflowError):
    """A result cannot be written where it was asked for."""
