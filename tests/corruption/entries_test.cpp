// Records that were changed, replaced or exchanged.
#include <boost/test/unit_test.hpp>

#include <set>

#include "store/record.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::ErrorCode;

namespace {

/// Entries of each kind of place: the first, one behind the snapshot, the key
/// rotation, one that the snapshot does not cover, and the last.
constexpr std::uint64_t places[] = {0, 4, story_rotation, 14, 19};
constexpr std::uint64_t last = story_size - 1;

Bytes with_byte_changed(Bytes bytes, std::size_t place) {
  bytes[place] ^= 0x10U;
  return bytes;
}

std::string bad_and_good(std::uint64_t bad) {
  auto words = "bad " + std::to_string(bad);
  return bad == 0 ? words : words + ", good " + std::to_string(bad - 1);
}

std::string only(const char* damage, std::uint64_t at) {
  return std::string{damage} + "@" + std::to_string(at) + "; " +
         bad_and_good(at);
}

/// A node refuses to start and names the entry, if the snapshot does not vouch
/// for it. Who signs is read from the entries at every start.
void check_open(const LedgerCopy& copy, std::uint64_t bad) {
  if (bad < story_snapshot && bad != 0 && bad != story_rotation) {
    BOOST_TEST(answer(copy) == "opens");
    return;
  }
  auto error = error_of(copy.open());
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "entry " + std::to_string(bad) + ":"));
}

/// Swaps two records of a copy.
void swap_records(const LedgerCopy& copy, std::uint64_t a, std::uint64_t b) {
  auto first = copy.record(a);
  copy.set_record(a, copy.record(b));
  copy.set_record(b, first);
}

void change_reason(schema::EntryT& entry) {
  entry.principal->id = "someone else";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(entries)

BOOST_AUTO_TEST_CASE(an_untouched_ledger_is_valid) {
  LedgerCopy copy{story()};
  BOOST_TEST(verdict(copy) == "valid; good 19");
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(a_changed_byte_of_the_payload_is_found_in_its_entry) {
  for (auto place : places) {
    LedgerCopy copy{story()};
    auto record = copy.record(place);
    auto text = std::string_view{"specimen"};
    auto found =
        std::search(record.begin(), record.end(), text.begin(), text.end());
    auto byte = found == record.end()
                    ? record.size() - Signature::size - 1
                    : static_cast<std::size_t>(found - record.begin());
    copy.set_record(place, with_byte_changed(record, byte));
    BOOST_TEST(first_in_words(copy.audit()) == only("payload", place));
    check_open(copy, place);
  }
}

BOOST_AUTO_TEST_CASE(every_changed_byte_of_a_record_is_laid_to_its_half) {
  constexpr std::uint64_t place = 14;
  LedgerCopy copy{story()};
  const auto record = copy.record(place);
  auto entry_size = record.size() - Signature::size;
  for (std::size_t byte = 0; byte < record.size(); ++byte) {
    copy.set_record(place, with_byte_changed(record, byte));
    BOOST_TEST_CONTEXT("byte " << byte << " of " << record.size()) {
      const auto* damage = byte < entry_size ? "payload" : "signature";
      BOOST_TEST(first_in_words(copy.audit()) == only(damage, place));
      check_open(copy, place);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_changed_byte_of_a_record_accuses_no_other_entry) {
  constexpr std::uint64_t place = 14;
  LedgerCopy copy{story()};
  const auto record = copy.record(place);
  for (std::size_t byte = 0; byte < record.size(); ++byte) {
    copy.set_record(place, with_byte_changed(record, byte));
    std::set<std::uint64_t> accused;
    for (const auto& finding : copy.audit().findings)
      if (finding.sequence) accused.insert(*finding.sequence);
    BOOST_TEST_CONTEXT("byte " << byte << " of " << record.size())
    BOOST_TEST(accused == std::set{place}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_changed_signature_is_told_from_a_changed_payload) {
  for (auto place : places) {
    if (place == last) continue;
    LedgerCopy copy{story()};
    auto record = copy.record(place);
    copy.set_record(place, with_byte_changed(record, record.size() - 1));
    BOOST_TEST(verdict(copy) == only("signature", place));
    check_open(copy, place);
  }
}

/// No entry follows that could tell what was changed.
BOOST_AUTO_TEST_CASE(a_changed_signature_of_the_last_entry_is_found) {
  LedgerCopy copy{story()};
  auto record = copy.record(last);
  copy.set_record(last, with_byte_changed(record, record.size() - 1));
  BOOST_TEST(verdict(copy) == only("payload", last));
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(two_records_that_changed_places_are_both_found) {
  LedgerCopy copy{story()};
  swap_records(copy, 14, 17);
  BOOST_TEST(verdict(copy) == "hash@14 hash@17; bad 14, good 13");
  check_open(copy, 14);
}

BOOST_AUTO_TEST_CASE(neighbours_that_changed_places_are_both_found) {
  LedgerCopy copy{story()};
  swap_records(copy, 4, 5);
  BOOST_TEST(verdict(copy) == "hash@4 hash@5; bad 4, good 3");
  check_open(copy, 4);
}

BOOST_AUTO_TEST_CASE(a_record_of_another_ledger_does_not_pass) {
  LedgerCopy copy{story()};
  Specimen other{2};
  other.append(story_size);
  other.close();
  copy.set_record(14, LedgerCopy{other}.record(14));
  BOOST_TEST(first_in_words(copy.audit()) == only("payload", 14));
  check_open(copy, 14);
}

BOOST_AUTO_TEST_CASE(an_entry_signed_by_a_foreign_key_is_found) {
  LedgerCopy copy{story()};
  copy.set_record(14, signed_by(seeded_key(2, 0), entry_of(copy.record(14))));
  BOOST_TEST(verdict(copy) == only("signature", 14));
  check_open(copy, 14);
}

BOOST_AUTO_TEST_CASE(a_foreign_signature_is_found_though_the_tree_has_it) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    history[14] = signed_by(seeded_key(2, 0), entry_of(history[14]));
  });
  BOOST_TEST(in_words(copy.audit_alone()) == only("signature", 14));
  BOOST_TEST(verdict(copy) == "signature@14 checkpoint; bad 14, good 13");
}

BOOST_AUTO_TEST_CASE(a_ledger_that_its_node_never_signed_does_not_pass) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    for (std::size_t place = 0; place < history.size(); ++place)
      history[place] = signed_by(seeded_key(2, 0), entry_of(history[place]));
  });
  BOOST_TEST(first_in_words(copy.audit_alone()) == "signature@0; bad 0");
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(!copy.audit(store::AuditLevel::chain).valid());
}

BOOST_AUTO_TEST_CASE(a_retired_key_signs_nothing_any_more) {
  LedgerCopy copy{story()};
  copy.set_record(14, signed_by(seeded_key(1, 0), entry_of(copy.record(14))));
  BOOST_TEST(verdict(copy) == only("key", 14));
  check_open(copy, 14);
}

BOOST_AUTO_TEST_CASE(a_retired_key_is_found_though_the_tree_has_it) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    history[14] = signed_by(seeded_key(1, 0), entry_of(history[14]));
  });
  BOOST_TEST(in_words(copy.audit_alone()) == only("key", 14));
}

BOOST_AUTO_TEST_CASE(a_key_to_come_signs_nothing_yet) {
  LedgerCopy copy{story()};
  copy.set_record(4, signed_by(seeded_key(1, 1), entry_of(copy.record(4))));
  BOOST_TEST(verdict(copy) == only("key", 4));
}

BOOST_AUTO_TEST_CASE(the_rotation_itself_is_signed_by_the_old_key) {
  LedgerCopy copy{story()};
  copy.set_record(
      story_rotation,
      signed_by(seeded_key(1, 1), entry_of(copy.record(story_rotation))));
  BOOST_TEST(verdict(copy) == only("key", story_rotation));
}

BOOST_AUTO_TEST_CASE(a_head_signed_by_a_retired_key_keeps_the_node_down) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    history[last] = signed_by(seeded_key(1, 0), entry_of(history[last]));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verdict(copy) == only("key", last));
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(the_node_itself_can_not_change_an_entry) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    history.sign(14, with_change(history[14], change_reason));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verdict(copy) == only("hash", 15));
  check_open(copy, 15);
}

BOOST_AUTO_TEST_CASE(an_entry_that_the_node_changed_differs_from_the_tree) {
  LedgerCopy copy{story()};
  auto changed = with_change(copy.record(14), change_reason);
  copy.set_record(14, signed_by(seeded_key(1, 1), changed));
  BOOST_TEST(verdict(copy) ==
             "tree@14 hash@15 checkpoint; "
             "bad 14, good 13");
  check_open(copy, 14);
}

BOOST_AUTO_TEST_CASE(a_last_entry_that_the_node_changed_differs_from_the_tree) {
  LedgerCopy copy{story()};
  auto changed = with_change(copy.record(last), change_reason);
  copy.set_record(last, signed_by(seeded_key(1, 1), changed));
  BOOST_TEST(verdict(copy) == "tree@19 checkpoint; bad 19, good 18");
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(a_last_entry_that_the_node_changed_belies_its_checkpoint) {
  LedgerCopy copy{story()};
  copy.rewrite_but_for_checkpoint([](History& history) {
    history.sign(last, with_change(history[last], change_reason));
  });
  BOOST_TEST(in_words(copy.audit_alone()) == "checkpoint");
  auto error = error_of(copy.open());
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(mentions(error.message, "checkpoint"));
}

BOOST_AUTO_TEST_CASE(a_record_too_short_is_found) {
  for (auto place : places) {
    LedgerCopy copy{story()};
    copy.set_record(place, Bytes(Signature::size));
    BOOST_TEST(first_in_words(copy.audit()) == only("payload", place));
    if (place < story_snapshot) continue;
    BOOST_TEST(mentions(answer(copy), "entry " + std::to_string(place) + ":"));
  }
}

BOOST_AUTO_TEST_CASE(an_empty_record_is_found) {
  LedgerCopy copy{story()};
  copy.set_record(14, {});
  BOOST_TEST(first_in_words(copy.audit()) == only("payload", 14));
  BOOST_TEST(mentions(answer(copy), "entry 14:"));
}

BOOST_AUTO_TEST_CASE(a_record_too_long_is_found) {
  for (auto place : places) {
    LedgerCopy copy{story()};
    auto record = copy.record(place);
    record.resize(store::max_record_size + 1);
    copy.set_record(place, record);
    BOOST_TEST(first_in_words(copy.audit()) == only("payload", place));
    if (place < story_snapshot) continue;
    BOOST_TEST(mentions(answer(copy), "entry " + std::to_string(place) + ":"));
  }
}

BOOST_AUTO_TEST_CASE(a_byte_more_in_a_record_is_found) {
  LedgerCopy copy{story()};
  auto record = copy.record(14);
  record.push_back(0);
  copy.set_record(14, record);
  BOOST_TEST(verdict(copy) == only("payload", 14));
  check_open(copy, 14);
}

BOOST_AUTO_TEST_CASE(a_missing_record_is_found) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    tables.remove(store::Table::entries, store::big_endian(14));
  });
  auto report = copy.audit();
  BOOST_TEST(first_in_words(report) == only("storage", 14));
  BOOST_TEST(mentions(answer(copy), "entry 14"));
}

BOOST_AUTO_TEST_CASE(
    a_signed_entry_that_is_not_well_formed_is_of_class_schema) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    history.sign(last, with_change(history[last], [](schema::EntryT& entry) {
                   entry.stream = "Not A Name";
                 }));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verdict(copy) == only("schema", last));
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(a_signed_entry_of_another_node_does_not_pass) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    history.sign(last, with_change(history[last], [](schema::EntryT& entry) {
                   entry.node = std::make_unique<schema::NodeId>();
                 }));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verdict(copy) == only("payload", last));
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(a_signed_entry_that_skips_a_version_does_not_pass) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    history.sign(last, with_change(history[last], [](schema::EntryT& entry) {
                   entry.stream_version += 1;
                 }));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verdict(copy) == only("payload", last));
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(a_second_founding_entry_does_not_pass) {
  LedgerCopy copy{story()};
  copy.rewrite([](History& history) {
    auto founding = entry_of(history[0]);
    schema::EntryT first;
    schema::GetEntry(founding.data())->UnPackTo(&first);
    history.sign(last, with_change(history[last], [&](schema::EntryT& entry) {
                   entry.payload = first.payload;
                 }));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(first_in_words(copy.audit()) == only("key", last));
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_is_no_damage) {
  Specimen specimen;
  specimen.append(3);
  store::Event event;
  event.stream = "node";
  event.expected_version = specimen.position().streams.at("node");
  schema::OutsideCheckpointAcceptedT accepted;
  accepted.root = std::make_unique<schema::Hash>();
  event.payload.Set(std::move(accepted));
  specimen.append(std::move(event), {1, 1, false});
  specimen.close();
  LedgerCopy copy{specimen};
  BOOST_TEST(verdict(copy) == "valid; good 4");
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
