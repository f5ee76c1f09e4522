// The audit takes 1024 entries at a time; damage where two chunks meet is told
// like any other.
#include <boost/test/unit_test.hpp>

#include "store/audit_chunk.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::AuditLevel;

namespace {

/// Where chunks begin and end, and the key rotation of the long story.
constexpr std::uint64_t edges[] = {
    store::audit_chunk_size - 1, store::audit_chunk_size,
    long_story_rotation,         2 * store::audit_chunk_size - 1,
    2 * store::audit_chunk_size, long_story_size - 1};

std::string at(const char* damage, std::uint64_t place) {
  return std::string{damage} + "@" + std::to_string(place) + "; bad " +
         std::to_string(place) + ", good " + std::to_string(place - 1);
}

/// Something that is neither place nor link of the entry.
void change_principal(Bytes& record) {
  const auto* id = schema::GetEntry(record.data())->principal()->id();
  record[static_cast<std::size_t>(id->Data() - record.data())] ^= 1U;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chunks)

BOOST_AUTO_TEST_CASE(an_untouched_ledger_of_chunks_is_valid) {
  LedgerCopy copy{long_story()};
  BOOST_TEST(verdict(copy) == "valid; good 2499");
  BOOST_TEST(answer(copy) == "opens");
}

BOOST_AUTO_TEST_CASE(a_changed_payload_at_an_edge_is_found) {
  for (auto edge : edges) {
    LedgerCopy copy{long_story()};
    auto record = copy.record(edge);
    change_principal(record);
    copy.set_record(edge, record);
    BOOST_TEST(verdict(copy) == at("payload", edge));
  }
}

BOOST_AUTO_TEST_CASE(a_changed_signature_at_an_edge_is_found) {
  for (auto edge : edges) {
    if (edge == long_story_size - 1) continue;
    LedgerCopy copy{long_story()};
    auto record = copy.record(edge);
    record.back() ^= 1U;
    copy.set_record(edge, record);
    BOOST_TEST(verdict(copy) == at("signature", edge));
  }
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_none_at_an_edge_accuses_no_other) {
  for (auto edge : edges) {
    if (edge == long_story_rotation) continue;
    LedgerCopy copy{long_story()};
    copy.set_record(edge, Bytes(300));
    BOOST_TEST(verdict(copy) == at("payload", edge));
  }
}

BOOST_AUTO_TEST_CASE(a_short_record_at_an_edge_accuses_no_other) {
  for (auto edge : edges) {
    if (edge == long_story_rotation) continue;
    LedgerCopy copy{long_story()};
    copy.set_record(edge, Bytes(3));
    BOOST_TEST(verdict(copy) == at("payload", edge));
  }
}

/// The keys that follow are lost with it, so more than one entry seems bad.
BOOST_AUTO_TEST_CASE(a_key_rotation_that_is_none_is_the_first_bad_entry) {
  LedgerCopy copy{long_story()};
  copy.set_record(long_story_rotation, Bytes(300));
  BOOST_TEST(first_in_words(copy.audit()) ==
             "payload@1500; bad 1500, good 1499");
}

BOOST_AUTO_TEST_CASE(records_swapped_across_an_edge_are_found) {
  LedgerCopy copy{long_story()};
  auto before = copy.record(store::audit_chunk_size - 1);
  auto after = copy.record(store::audit_chunk_size);
  copy.set_record(store::audit_chunk_size - 1, after);
  copy.set_record(store::audit_chunk_size, before);
  BOOST_TEST(verdict(copy) == "hash@1023 hash@1024; bad 1023, good 1022");
}

BOOST_AUTO_TEST_CASE(a_chain_broken_at_an_edge_is_found) {
  LedgerCopy copy{long_story()};
  copy.rewrite([](History& history) {
    auto place = store::audit_chunk_size - 1;
    history.sign(place, with_change(history[place], [](schema::EntryT& entry) {
                   entry.principal->id = "someone else";
                 }));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verdict(copy) == "hash@1024; bad 1024, good 1023");
}

BOOST_AUTO_TEST_CASE(a_stream_that_skips_a_version_is_found_at_its_entry) {
  LedgerCopy copy{long_story()};
  copy.rewrite([](History& history) {
    auto place = long_story_size - 1;
    history.sign(place, with_change(history[place], [](schema::EntryT& entry) {
                   entry.stream_version += 1;
                 }));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(verdict(copy) == "payload@2499; bad 2499, good 2498");
}

BOOST_AUTO_TEST_CASE(a_missing_record_in_the_middle_is_the_first_bad_entry) {
  for (std::uint64_t place : {1000U, 1023U, 1024U, 2000U}) {
    LedgerCopy copy{long_story()};
    copy.edit([&](RawTables& tables) {
      tables.remove(store::Table::entries, store::big_endian(place));
    });
    BOOST_TEST(first_in_words(copy.audit()) ==
               "storage@" + std::to_string(place) + "; bad " +
                   std::to_string(place) + ", good " +
                   std::to_string(place - 1));
  }
}

BOOST_AUTO_TEST_CASE(the_verdict_is_the_same_for_any_number_of_threads) {
  LedgerCopy copy{long_story()};
  for (std::uint64_t place : {3U, 1024U, 2400U}) {
    auto record = copy.record(place);
    change_principal(record);
    copy.set_record(place, record);
  }
  constexpr auto level = AuditLevel::replay;
  auto alone = in_words(copy.audit(level, 1));
  BOOST_TEST(in_words(copy.audit(level, 2)) == alone);
  BOOST_TEST(in_words(copy.audit(level, 5)) == alone);
}

BOOST_AUTO_TEST_CASE(level_chain_finds_all_but_who_signed) {
  LedgerCopy copy{long_story()};
  auto record = copy.record(1700);
  record.back() ^= 1U;
  copy.set_record(1700, record);
  BOOST_TEST(in_words(copy.audit(AuditLevel::chain)) == at("signature", 1700));
}

BOOST_AUTO_TEST_CASE(level_chain_trusts_a_signature_that_the_tree_holds) {
  LedgerCopy copy{long_story()};
  copy.rewrite([](History& history) {
    history[1700] = signed_by(seeded_key(2, 0), entry_of(history[1700]));
  });
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(in_words(copy.audit(AuditLevel::chain)) == "valid; good 2499");
  BOOST_TEST(in_words(copy.audit(AuditLevel::signatures)) ==
             "signature@1700; bad 1700, good 1699");
}

BOOST_AUTO_TEST_CASE(more_findings_than_are_listed_are_counted) {
  LedgerCopy copy{long_story()};
  copy.edit([](RawTables& tables) {
    for (std::uint64_t place = 100; place < 400; ++place)
      tables.put(store::Table::tree, store::big_endian(place), Bytes(32));
  });
  auto report = copy.audit();
  BOOST_TEST(report.findings.size() == store::max_findings);
  BOOST_TEST(report.findings_total == 300);
  BOOST_TEST(report.first_bad.value() == 100);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
