"""`python -m tests.simulator --seed N` plays a schedule again, `--schedules K` the K from there on."""

import argparse
import sys
import time

from tests.simulator.world import play


def main() -> int:
    """Play schedules until one fails."""
    words = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    words.add_argument("--seed", type=int, default=0, help="the first schedule")
    words.add_argument("--schedules", type=int, default=1, help="how many")
    words.add_argument("--keep-going", action="store_true", help="list every seed that fails")
    words.add_argument("--verbose", action="store_true", help="tell the story")
    args = words.parse_args()
    start, failed = time.monotonic(), 0
    for seed in range(args.seed, args.seed + args.schedules):
        try:
            play(seed, print if args.verbose else lambda _: None)
        except AssertionError as error:
            failed += 1
            if not args.keep_going:
                raise
            print(str(error).splitlines()[0][:300], flush=True)
    print(f"{args.schedules - failed} of {args.schedules} schedules hold, {time.monotonic() - start:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
