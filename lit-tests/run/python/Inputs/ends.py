import signal
import sys
import time

import ends_ks as ks

signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
print("waiting", flush=True)
while ks.var.seen < 3:
    time.sleep(0.01)
print("3 seen", flush=True)
signal.pause()
