"""How many times longer than on an idle machine things may take: KSC_PATIENCE, which emulated guests set."""

import os

PATIENCE = float(os.environ.get("KSC_PATIENCE", "1"))
