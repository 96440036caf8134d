"""``python -m memberlib.kernels FD`` becomes a fork server that is asked through a socket."""

import sys

from memberlib.kernels.forking import serve

serve(int(sys.argv[1]))
