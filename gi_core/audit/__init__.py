"""Audit of a recorded update: what a framework really sent, read, looked over, attacked, and judged.

record = gi.audit.read("round7")
sheet = gi.audit.preflight(record)
report = gi.audit.run(record, truth="truth.npz", minutes=5)
report.level, report.save("report")
"""

from gi_core.audit.observe import observe, of
from gi_core.audit.record import RecordedUpdate, read
from gi_core.audit.run import Report, run
from gi_core.audit.sheet import Sheet, preflight
from gi_core.audit.simulate import simulate
from gi_core.audit.truth import Truth

__all__ = ["RecordedUpdate", "Report", "Sheet", "Truth", "observe", "of", "preflight", "read", "run", "simulate"]
