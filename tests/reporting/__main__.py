"""`python -m tests.reporting [--seed N] [--count M]`: plays random histories and holds all reports to what must hold.

Prints each seed before it is played, so that the one that fails can be played again by itself.
"""

import argparse
from collections.abc import Callable

from tests.reporting import test_flows, test_funds, test_known, test_movements, test_statement

CHECKS: tuple[Callable[[int], None], ...] = (
    test_movements.test_any_order_of_news_comes_to_the_same_as_a_rebuild_and_as_the_history,
    test_movements.test_a_blocked_team_leaves_the_books_and_comes_back,
    test_statement.test_the_identity_holds_for_each_row_in_quantity_and_value,
    test_statement.test_from_the_beginning_it_is_what_the_balance_says,
    test_statement.test_a_period_closes_where_the_next_one_opens,
    test_statement.test_a_stock_card_ends_at_what_the_statement_closes_with,
    test_statement.test_every_figure_opens_down_to_entries_that_add_up_to_it,
    test_flows.test_the_matrix_sends_what_the_statement_sends,
    test_flows.test_days_add_up_to_the_statement,
    test_known.test_then_and_change_come_to_now_and_then_is_what_was_said_then,
    test_funds.test_what_each_fund_gave_is_what_became_of_it,
    test_funds.test_no_layer_is_negative_and_all_layers_are_what_the_statement_says,
    test_funds.test_the_trace_adds_up_to_the_report,
)


def main() -> None:
    """Play the seeds that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.reporting", description="Random histories against reports.")
    parser.add_argument("--seed", type=int, default=1000, help="the first (1000)")
    parser.add_argument("--count", type=int, default=20, help="how many (20)")
    words = parser.parse_args()
    for seed in range(words.seed, words.seed + words.count):
        print(f"seed {seed}", flush=True)
        for check in CHECKS:
            check(seed)
        test_statement.world.cache_clear()


if __name__ == "__main__":
    main()
