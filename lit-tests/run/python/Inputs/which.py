import os
import re
import subprocess

import which_ks

# The module's own attributes are those of what `open` finds.
print(dict(which_ks.counts_which), which_ks.var.n)
with subprocess.Popen([os.environ["PROGRAM"]], stdout=subprocess.PIPE) as second:
    second.stdout.readline()
    try:
        which_ks.open()
    except LookupError as error:
        print(re.sub(r"\d{2,}", "ID", str(error)))
        ids = [int(number) for number in re.findall(r"\d{2,}", str(error))]
    other = which_ks.open(id=max(ids))
    other.var.n = 6
    print(dict(other.counts_which), other.var.n)
    print(dict(which_ks.counts_which), which_ks.var.n)
    second.terminate()
