#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules are the same for the same seed, possible, and of every kind."""
import random
import unittest

import faults

BROKERS, HOSTS = ["b1", "b2"], ["h1", "h2", "h3"]


def drawn(seed, database="postgres", watchdog=True, length=75):
    return faults.draw(random.Random(seed), length, BROKERS, HOSTS, database, watchdog)


class Faults(unittest.TestCase):
    def test_the_same_seed_is_the_same_schedule(self):
        self.assertEqual(drawn(7), drawn(7))
        self.assertNotEqual(drawn(7), drawn(8))

    def test_nothing_is_dead_or_stopped_twice_at_once(self):
        for seed in range(300):
            until = {}
            for fault in drawn(seed):
                for each in faults.what_is_taken(fault.kind, fault.targets):
                    self.assertLessEqual(until.get(each, 0), fault.at, f"seed {seed}: {fault}")
                    until[each] = fault.at + fault.seconds

    def test_each_kind_comes_with_its_database(self):
        for database, without in (("postgres", faults.OF_SQLITE), ("sqlite", faults.OF_POSTGRES)):
            kinds = {fault.kind for seed in range(300) for fault in drawn(seed, database)}
            self.assertEqual(kinds, set(faults.KINDS) - without)

    def test_some_are_longer_than_a_lease_and_most_are_not(self):
        lengths = [fault.seconds for seed in range(300) for fault in drawn(seed)]
        longer = sum(seconds > 38 for seconds in lengths) / len(lengths)
        self.assertTrue(0.02 < longer < 0.4, longer)

    def test_without_a_watchdog_agents_are_away_for_less_than_a_lease(self):
        for seed in range(300):
            for fault in drawn(seed, watchdog=False):
                if fault.kind in faults.WITHOUT_WATCHDOG:
                    self.assertLess(fault.seconds, 14)

    def test_cuts(self):
        both = faults.Fault(1, "line cut", ("h1", "b2"), 5)
        self.assertEqual(faults.directions(both, BROKERS), [("h1", "b2"), ("b2", "h1")])
        one = faults.Fault(1, "line cut one way", ("b2", "h1"), 5)
        self.assertEqual(faults.directions(one, BROKERS), [("b2", "h1")])
        client = faults.Fault(1, "client cut", ("b1", "us"), 5)
        self.assertEqual(faults.directions(client, BROKERS), [("b1", "us")])
        whole = faults.Fault(1, "host cut", ("h3",), 5)
        self.assertEqual(set(faults.directions(whole, BROKERS)), {("h3", "b1"), ("b1", "h3"), ("h3", "b2"), ("b2", "h3")})


if __name__ == "__main__":
    unittest.main()
