// Entries of a newer program, signed and chained as they should be: too new is
// no tampering.
#include <boost/test/unit_test.hpp>

#include "schema/level.hpp"
#include "store/audit_chunk.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::ErrorCode;

namespace {

constexpr std::uint64_t last = story_size - 1;

Bytes with_higher_level(ByteView record) {
  return with_change(record, [](schema::EntryT& entry) {
    entry.schema_level = schema::schema_level + 1;
  });
}

/// A ledger whose entry `place` is of a newer program, and all that follow fit.
void make_newer(const LedgerCopy& copy, std::size_t place,
                const std::function<Bytes(ByteView)>& change) {
  copy.rewrite([&](History& history) {
    history.sign(place, change(history[place]));
    history.chain_after(place);
  });
  copy.edit([](RawTables& tables) { tables.clear(store::Table::snapshots); });
  copy.set_outside_checkpoint(copy.checkpoint());
}

Bytes unknown_event(ByteView record) {
  return with_unknown_event(entry_of(record));
}

void check_open(const LedgerCopy& copy, std::uint64_t place) {
  auto error = error_of(copy.open());
  BOOST_TEST(error.code == ErrorCode::too_new);
  BOOST_TEST(mentions(error.message, "entry " + std::to_string(place) + ":"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(newer)

BOOST_AUTO_TEST_CASE(a_last_entry_of_a_higher_level_is_too_new) {
  LedgerCopy copy{story()};
  make_newer(copy, last, with_higher_level);
  BOOST_TEST(verdict(copy) == "too new; good 18");
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(a_last_entry_of_an_unknown_event_is_too_new) {
  LedgerCopy copy{story()};
  make_newer(copy, last, unknown_event);
  BOOST_TEST(verdict(copy) == "too new; good 18");
  check_open(copy, last);
}

BOOST_AUTO_TEST_CASE(one_in_the_middle_does_not_make_the_rest_invalid) {
  for (std::size_t place : {10U, 12U, 14U}) {
    LedgerCopy copy{story()};
    make_newer(copy, place, with_higher_level);
    BOOST_TEST(verdict(copy) == "too new; good " + std::to_string(place - 1));
    check_open(copy, place);
  }
}

/// Of those in the middle, some are followed by others of the same stream.
BOOST_AUTO_TEST_CASE(one_in_the_stream_of_others_does_not_make_them_invalid) {
  Specimen specimen;
  for (int i = 0; i < 4; ++i) {
    store::Event event;
    event.stream = "node";
    event.expected_version = specimen.position().streams.at("node");
    schema::OutsideCheckpointAcceptedT accepted;
    accepted.root = std::make_unique<schema::Hash>();
    event.payload.Set(std::move(accepted));
    specimen.append(std::move(event), {});
  }
  specimen.close();
  for (const auto& change : {with_higher_level, unknown_event}) {
    LedgerCopy copy{specimen};
    make_newer(copy, 2, change);
    BOOST_TEST(verdict(copy) == "too new; good 1");
    check_open(copy, 2);
  }
}

BOOST_AUTO_TEST_CASE(one_where_a_chunk_begins_does_not_make_the_rest_invalid) {
  Specimen specimen;
  specimen.append(2 * store::audit_chunk_size);
  specimen.close();
  LedgerCopy copy{specimen};
  make_newer(copy, store::audit_chunk_size, with_higher_level);
  BOOST_TEST(verdict(copy) == "too new; good 1023");
  check_open(copy, store::audit_chunk_size);
}

BOOST_AUTO_TEST_CASE(a_first_entry_of_a_higher_level_is_too_new) {
  Specimen specimen;
  specimen.append(3);
  specimen.close();
  LedgerCopy copy{specimen};
  make_newer(copy, 0, with_higher_level);
  BOOST_TEST(verdict(copy) == "too new");
  check_open(copy, 0);
}

BOOST_AUTO_TEST_CASE(damage_before_it_is_damage_all_the_same) {
  LedgerCopy copy{story()};
  make_newer(copy, 14, with_higher_level);
  auto record = copy.record(12);
  record.back() ^= 1U;
  copy.set_record(12, record);
  BOOST_TEST(first_in_words(copy.audit()) == "signature@12; bad 12, good 11");
}

BOOST_AUTO_TEST_CASE(an_entry_that_only_looks_new_is_damaged) {
  LedgerCopy copy{story()};
  copy.set_record(
      14, signed_by(seeded_key(2, 0), with_higher_level(copy.record(14))));
  BOOST_TEST(first_in_words(copy.audit()) == "payload@14; bad 14, good 13");
}

BOOST_AUTO_TEST_CASE(a_format_of_the_future_is_too_new) {
  LedgerCopy copy{story()};
  copy.edit([](RawTables& tables) {
    tables.put(store::Table::meta, store::as_bytes(store::meta_format),
               store::as_bytes("ppn-ledger 2"));
  });
  BOOST_TEST(verdict(copy) == "too new");
  BOOST_TEST(error_of(copy.open()).code == ErrorCode::too_new);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_a_higher_level_is_passed_over) {
  LedgerCopy copy{story()};
  auto key = store::big_endian(story_snapshot);
  auto stored =
      RawTables{copy.directory().ledger()}.get(store::Table::snapshots, key);
  stored.resize(stored.size() - Signature::size);
  schema::SnapshotT snapshot;
  schema::GetSnapshot(stored.data())->UnPackTo(&snapshot);
  snapshot.schema_level += 1;
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishSnapshotBuffer(builder,
                               schema::Snapshot::Pack(builder, &snapshot));
  ByteView body{builder.GetBufferPointer(), builder.GetSize()};
  auto signature = seeded_key(1, 1).sign(store::snapshot_domain, body);
  Bytes forged{body.begin(), body.end()};
  forged.insert(forged.end(), signature.bytes.begin(), signature.bytes.end());
  copy.edit([&](RawTables& tables) {
    tables.put(store::Table::snapshots, key, forged);
  });
  auto report = copy.audit();
  BOOST_TEST(in_words(report) == "valid; good 19");
  BOOST_TEST(std::any_of(
      report.not_checked.begin(), report.not_checked.end(),
      [](const std::string& what) { return mentions(what, "snapshots"); }));
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
