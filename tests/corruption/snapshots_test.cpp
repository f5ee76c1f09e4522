// Snapshots that were changed, exchanged or forged. They are caches: a node
// that can not use one replays from the beginning.
#include <boost/test/unit_test.hpp>

#include "events/state_codec.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::Table;

namespace {

Bytes stored_snapshot(const LedgerCopy& copy) {
  return RawTables{copy.directory().ledger()}.get(
      Table::snapshots, store::big_endian(story_snapshot));
}

store::Snapshot snapshot_of(const LedgerCopy& copy) {
  return must(store::decode_snapshot(stored_snapshot(copy)));
}

void put_snapshot(const LedgerCopy& copy, std::uint64_t size, ByteView stored) {
  copy.edit([&](RawTables& tables) {
    tables.put(Table::snapshots, store::big_endian(size), stored);
  });
}

/// Changes the snapshot by `change` and signs it with the node's own key.
void forge(const LedgerCopy& copy,
           const std::function<void(store::Snapshot&)>& change) {
  auto snapshot = snapshot_of(copy);
  change(snapshot);
  put_snapshot(copy, story_snapshot,
               store::encode_snapshot(snapshot, seeded_key(1, 1)));
}

constexpr const char* found = "snapshot; good 19";

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(every_changed_byte_of_one_is_found) {
  LedgerCopy copy{story()};
  const auto stored = stored_snapshot(copy);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    auto changed = stored;
    changed[i] ^= 1U;
    put_snapshot(copy, story_snapshot, changed);
    BOOST_TEST_CONTEXT("byte " << i << " of " << stored.size())
    BOOST_TEST(verdict(copy) == found);
  }
}

BOOST_AUTO_TEST_CASE(a_changed_one_is_passed_over_by_the_node) {
  LedgerCopy copy{story()};
  auto stored = stored_snapshot(copy);
  stored[stored.size() / 2] ^= 1U;
  put_snapshot(copy, story_snapshot, stored);
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(damage_before_a_changed_one_keeps_the_node_down) {
  LedgerCopy copy{story()};
  auto stored = stored_snapshot(copy);
  stored[stored.size() / 2] ^= 1U;
  put_snapshot(copy, story_snapshot, stored);
  auto record = copy.record(4);
  record.back() ^= 1U;
  copy.set_record(4, record);
  BOOST_TEST(mentions(answer(copy), "entry 4:"));
}

BOOST_AUTO_TEST_CASE(a_missing_one_is_no_loss) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) { tables.clear(Table::snapshots); });
  BOOST_TEST(verdict(copy) == "valid; good 19");
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(one_of_another_node_is_found) {
  Specimen other{2};
  other.append(story_snapshot - 1);
  other.write_snapshot();
  other.close();
  LedgerCopy copy{story()};
  put_snapshot(copy, story_snapshot, stored_snapshot(LedgerCopy{other}));
  BOOST_TEST(verdict(copy) == found);
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(one_under_another_size_is_found) {
  LedgerCopy copy{story()};
  put_snapshot(copy, 15, stored_snapshot(copy));
  BOOST_TEST(verdict(copy) == found);
}

BOOST_AUTO_TEST_CASE(one_past_the_end_is_found) {
  LedgerCopy copy{story()};
  put_snapshot(copy, 1000, stored_snapshot(copy));
  BOOST_TEST(verdict(copy) == found);
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(one_under_a_key_that_is_no_size_is_found) {
  LedgerCopy copy{story()};
  copy.edit([&](RawTables& tables) {
    tables.put(Table::snapshots, Bytes{1, 2, 3}, Bytes(300));
  });
  BOOST_TEST(verdict(copy) == found);
}

BOOST_AUTO_TEST_CASE(one_signed_by_a_retired_key_is_found) {
  LedgerCopy copy{story()};
  auto snapshot = snapshot_of(copy);
  snapshot.position.keys.pop_back();
  put_snapshot(copy, story_snapshot,
               store::encode_snapshot(snapshot, seeded_key(1, 0)));
  BOOST_TEST(verdict(copy) == found);
}

BOOST_AUTO_TEST_CASE(one_that_brings_its_own_key_is_found) {
  LedgerCopy copy{story()};
  auto snapshot = snapshot_of(copy);
  snapshot.position.keys.push_back({12, seeded_key(2, 0).public_key()});
  put_snapshot(copy, story_snapshot,
               store::encode_snapshot(snapshot, seeded_key(2, 0)));
  BOOST_TEST(verdict(copy) == found);
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(a_forged_state_is_found_by_replay) {
  LedgerCopy copy{story()};
  forge(copy, [](store::Snapshot& snapshot) {
    auto state = events::decode(snapshot.state);
    BOOST_REQUIRE(state);
    state->capabilities.revoked += 1;
    snapshot.state = events::encode(*state);
  });
  BOOST_TEST(verdict(copy) == found);
  auto report = copy.audit(store::AuditLevel::signatures);
  BOOST_TEST(in_words(report) == "valid; good 19");
  BOOST_TEST(mentions(report.not_checked.front(), "state"));
}

BOOST_AUTO_TEST_CASE(a_state_that_is_none_is_found_by_replay) {
  LedgerCopy copy{story()};
  forge(copy, [](store::Snapshot& snapshot) { snapshot.state = Bytes(100); });
  BOOST_TEST(verdict(copy) == found);
}

BOOST_AUTO_TEST_CASE(forged_streams_are_found_by_replay) {
  LedgerCopy copy{story()};
  forge(copy, [](store::Snapshot& snapshot) {
    snapshot.position.streams["capability/none"] = 1;
  });
  BOOST_TEST(verdict(copy) == found);
}

BOOST_AUTO_TEST_CASE(a_forged_link_is_found) {
  LedgerCopy copy{story()};
  forge(copy, [](store::Snapshot& snapshot) {
    snapshot.position.link.bytes[0] ^= 1U;
  });
  BOOST_TEST(verdict(copy) == found);
  BOOST_TEST(mentions(answer(copy), "entry 12:"));
}

BOOST_AUTO_TEST_CASE(a_forged_root_is_found) {
  LedgerCopy copy{story()};
  forge(copy, [](store::Snapshot& snapshot) {
    snapshot.position.head.root.bytes[0] ^= 1U;
  });
  BOOST_TEST(verdict(copy) == found);
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(a_forged_size_is_found) {
  for (std::uint64_t size : {std::uint64_t{0}, std::uint64_t{11},
                             std::uint64_t{13}, std::uint64_t{1} << 63U}) {
    LedgerCopy copy{story()};
    forge(copy, [&](store::Snapshot& snapshot) {
      snapshot.position.head.size = size;
    });
    BOOST_TEST(verdict(copy) == found);
    BOOST_TEST(answer(copy) == "opens");
  }
}

BOOST_AUTO_TEST_CASE(a_forged_node_is_found) {
  LedgerCopy copy{story()};
  forge(copy, [](store::Snapshot& snapshot) {
    snapshot.position.node.bytes[0] ^= 1U;
  });
  BOOST_TEST(verdict(copy) == found);
  BOOST_TEST(!copy.open().ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
