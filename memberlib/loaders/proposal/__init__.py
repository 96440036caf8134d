"""Propose a mapping for a file that no platform's crosswalk reads.

- :mod:`~memberlib.loaders.proposal.sampling` looks at the file's first rows, column by column;
- :mod:`~memberlib.loaders.proposal.naming` finds which column is which, by its name and its values;
- :mod:`~memberlib.loaders.proposal.choosing` decides how each is to be read, with
  :mod:`~memberlib.loaders.proposal.ordering` for what makes an order;
- :mod:`~memberlib.loaders.proposal.writing` puts it down as a crosswalk, each line with its reason;
- :mod:`~memberlib.loaders.proposal.trying` reads the rows by it.

What comes out is a proposal: it is to be checked by hand before anything is imported by it.
"""

from memberlib.loaders.proposal.choosing import first_table
from memberlib.loaders.proposal.sampling import SAMPLE_ROWS, Sample, sample
from memberlib.loaders.proposal.writing import Proposal, proposed

__all__ = ["SAMPLE_ROWS", "Proposal", "Sample", "first_table", "proposed", "sample"]
