#!/usr/bin/env python3
"""A model that sees nothing would always agree: here each rule of sqs_model.py is broken on purpose, and run.py must differ from the server soon.

    tests/model/broken.py [--short] [--operations N] [--seed N]        at most 20,000 operations a rule
"""
import argparse
import os
import sys
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import harness  # noqa: E402
import run  # noqa: E402
import sqs_model  # noqa: E402

Model = sqs_model.Model
TRUE = {name: getattr(Model, name) for name in ("receive", "bury", "send", "delete", "receive_fifo", "is_in_flight")}


def longer_visibility(self, queue, most, visibility=None, attempt=None):
    return TRUE["receive"](self, queue, most, (queue.visibility if visibility is None else visibility) + 1, attempt)


def forgetful_burial(self, queue, message):
    message.receives = 0
    TRUE["bury"](self, queue, message)


def delay_of_zero_is_none(self, queue, body, delay=None, group=None, deduplication=None):
    return TRUE["send"](self, queue, body, delay or None, group, deduplication)


def one_group_a_receive(self, queue, most, visible_at):
    return TRUE["receive_fifo"](self, queue, min(most, 1), visible_at)


BROKEN = {
    "a visibility timeout is as long as it says": (Model, "receive", longer_visibility),
    "the dead-letter queue comes after as many receives as it says": (
        Model, "is_dead", lambda self, queue, message: queue.dead_letters is not None and message.receives > queue.most),
    "a dead letter keeps its receive count": (Model, "bury", forgetful_burial),
    "a delayed message is not visible": (Model, "is_delayed", lambda self, queue, message: False),
    "a delay of zero is a delay": (Model, "send", delay_of_zero_is_none),
    "old messages go": (Model, "sweep", lambda self, queue: None),
    "the deduplication window is five minutes": (sqs_model, "DEDUPLICATION_MS", 240_000),
    "a group waits for what is in flight": (Model, "is_in_flight", lambda self, message: False),
    "a FIFO receive takes as many as there are": (Model, "receive_fifo", one_group_a_receive),
    "an expired handle of a FIFO queue deletes nothing": (Model, "is_current", lambda self, handle: True),
}


def differs(server, seed, operations):
    """The number of the operation at which the model and the server differ; None: they agree."""
    server.reset()
    going = run.Run(server, seed)
    for number in range(1, operations + 1):
        try:
            going.one()
        except run.Difference:
            return number
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="the same: it is short")
    parser.add_argument("--operations", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    passed = failed = 0
    with harness.Server(clock="frozen@2026-01-02T03:04:05Z", seed=1) as server:
        if differs(server, given.seed, 2000) is None:
            passed += 1
        else:
            failed += 1
            print("FAILED  they differ with nothing broken: see run.py --seed", given.seed)
        for rule, (owner, name, wrong) in BROKEN.items():
            with mock.patch.object(owner, name, wrong):
                number = differs(server, given.seed, given.operations)
            passed, failed = passed + (number is not None), failed + (number is None)
            print(f"{'noticed after ' + str(number) + ' operations' if number else 'FAILED  not noticed'}: {rule}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
