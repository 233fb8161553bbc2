#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oracle finds what it is for, and nothing where all is well."""
import unittest

import machines
from machines import FOR_EVER, Line, Run
from oracle import Connected, GivenBack, History, judge
from stored import Desktop, Record, Session, Stored

A, B = "desktop-a", "desktop-b"


def record(action, thing, number=0):
    return Record(number, "broker", action, thing, "done", "")


def well():
    """Alice has a desktop on h1, gave it back, and has another one on h2."""
    return History(
        stored=Stored(sessions={"s1": Session(A, "alice"), "s2": Session(B, "alice")},
                      desktops={B: Desktop("alice", "h2", "pool", "on")},
                      audit=[record("desktop.create", A), record("session.open", "s1"), record("desktop.release", A),
                             record("desktop.assign", B), record("session.open", "s2")]),
        machines={"h1": [Line(5, "up", A), Line(30, "down", A)], "h2": [Line(15, "up", B)]},
        connected=[Connected("alice", "pool", "s1", 1, 10), Connected("alice", "pool", "s2", 21, 25)],
        given_back=[GivenBack("alice", "s1", 15, 20)])


def lost_host():
    """Alice's desktop was on h1, which fell silent, stood still, and was given up for another one."""
    history = well()
    history.given_back = []
    history.stored.audit.append(record("desktop.move", A))
    history.machines["h1"] = [Line(5, "up", A), Line(18, "paused", A), Line(60, "down", A)]
    return history


class Oracle(unittest.TestCase):
    def found(self, history, kind):
        sentences = judge(history)
        self.assertTrue(sentences, "it found nothing")
        self.assertTrue(all(each.startswith(kind + ": ") for each in sentences), sentences)

    def test_nothing_where_all_is_well(self):
        self.assertEqual(judge(well()), [])
        self.assertEqual(judge(lost_host()), [])

    def test_acknowledged_and_not_stored(self):
        history = well()
        del history.stored.sessions["s2"]
        self.found(history, "lost")

    def test_acknowledged_without_a_record(self):
        history = well()
        history.stored.audit = [each for each in history.stored.audit if each.object != "s2"]
        self.found(history, "lost")

    def test_of_somebody_else(self):
        history = well()
        history.stored.sessions["s2"] = Session(B, "bob")
        history.stored.desktops[B] = Desktop("bob", "h2", "pool", "on")
        sentences = judge(history)
        self.assertTrue(any(each.startswith("double: session s2") for each in sentences), sentences)

    def test_shown_to_two(self):
        history = well()
        history.stored.sessions["s3"] = Session(B, "bob")
        self.found(history, "double")

    def test_two_desktops_of_one_pool(self):
        history = well()
        history.stored.desktops["desktop-c"] = Desktop("alice", "h2", "pool", "on")
        history.machines["h2"].append(Line(16, "up", "desktop-c"))
        self.found(history, "double")

    def test_another_one_without_giving_back(self):
        history = well()
        history.given_back = []
        self.found(history, "lost")

    def test_given_back_too_late_is_no_reason(self):
        history = well()
        history.given_back = [GivenBack("alice", "s1", 40, 50)]
        self.found(history, "lost")

    def test_what_may_have_been_given_back_is_no_loss(self):
        history = well()
        history.given_back = [GivenBack("alice", "s1", 15, None)]
        self.assertEqual(judge(history), [])

    def test_not_theirs_any_more(self):
        history = well()
        history.stored.desktops = {}
        history.machines["h2"].append(Line(70, "down", B))
        self.found(history, "lost")

    def test_given_back_and_kept(self):
        history = well()
        history.stored.desktops[A] = Desktop("alice", "h1", "other pool", "on")
        history.machines["h1"] = [Line(5, "up", A)]
        self.found(history, "lost")

    def test_on_two_hosts(self):
        history = well()
        history.machines["h1"] += [Line(40, "up", B), Line(41, "down", B)]
        self.found(history, "double")

    def test_on_one_host_after_the_other_is_none(self):
        history = well()
        history.machines["h1"] += [Line(10, "up", B), Line(14, "down", B)]
        self.assertEqual(judge(history), [])

    def test_paused_on_the_other_is_none(self):
        history = well()
        history.machines["h1"] += [Line(10, "up", B), Line(14, "paused", B), Line(40, "down", B)]
        self.assertEqual(judge(history), [])

    def test_a_lost_hosts_desktop_goes_on(self):
        history = lost_host()
        history.machines["h1"] = [Line(5, "up", A), Line(60, "down", A)]
        self.found(history, "double")

    def test_a_lost_hosts_desktop_comes_back(self):
        history = lost_host()
        history.machines["h1"] = [Line(5, "up", A), Line(18, "paused", A), Line(50, "resumed", A), Line(51, "down", A)]
        self.found(history, "double")

    def test_assigned_and_not_running(self):
        history = well()
        history.machines["h2"].append(Line(70, "down", B))
        self.found(history, "lost")

    def test_assigned_and_paused_for_ever(self):
        history = well()
        history.machines["h2"].append(Line(70, "paused", B))
        self.found(history, "lost")

    def test_before_all_is_at_rest_that_is_none(self):
        history = well()
        history.machines["h2"].append(Line(70, "down", B))
        history.at_rest = False
        self.assertEqual(judge(history), [])

    def test_nobodys_machine(self):
        history = well()
        history.machines["h1"].append(Line(70, "up", "desktop-x"))
        self.found(history, "left")


class Machines(unittest.TestCase):
    def test_runs(self):
        lines = machines.parse("1 up a\n2 paused a\n4 resumed a\n5 up b\n6 saved a\n7 up t template\n")
        self.assertEqual(machines.runs_of("h", lines), [Run("h", "a", 1, 2), Run("h", "a", 4, 6), Run("h", "b", 5, FOR_EVER)])
        self.assertEqual(machines.there(lines), {"b"})

    def test_started_again_while_paused(self):
        lines = machines.parse("1 up a\n2 paused a\n3 up a\n9 resumed a\n")
        self.assertEqual(machines.runs_of("h", lines), [Run("h", "a", 1, 2), Run("h", "a", 3, FOR_EVER)])

    def test_what_is_paused_twice_or_not_at_all(self):
        lines = machines.parse("1 paused a\n2 up a\n3 paused a\n4 paused a\n5 down a\n6 resumed a\n")
        self.assertEqual(machines.runs_of("h", lines), [Run("h", "a", 2, 3)])
        self.assertEqual(machines.there(lines), set())

    def test_nonsense(self):
        for text in ("1 up", "x up a", "1 sideways a", "1 up a templates"):
            with self.assertRaises(ValueError):
                machines.parse(text)


if __name__ == "__main__":
    unittest.main()
